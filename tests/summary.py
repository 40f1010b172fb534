"""Adds up a meson test log: lists what failed and why, and why something was skipped, and ends in one line,
N passed, N failed, N skipped. Every line of a test that speaks TAP counts; another test counts as one."""

import json
import re
import sys

TAP_LINE = re.compile(r'^(not ok|ok)\b *\d* *(?:- *)?([^#]*?) *(?:# *(SKIP|TODO)\b *(.*))?$', re.IGNORECASE)
PLAN_SKIPPING_ALL = re.compile(r'^1\.\.0 *(?:# *SKIP\b *(.*))?$', re.IGNORECASE)
DIAGNOSTICS_MAX = 20  # lines shown of each failure


def subtests(test):
    """[outcome, name, reason] of every test that the program reported, and of the program when it broke off."""
    found = []
    for line in test.get('stdout', '').splitlines():
        if line.startswith('#') and found and found[-1][0] == 'failed':
            found[-1][2] += f'\n    {line[1:].strip()}' if found[-1][2].count('\n') < DIAGNOSTICS_MAX else ''
        match = TAP_LINE.match(line.strip())
        skips_all = PLAN_SKIPPING_ALL.match(line.strip())
        if skips_all:
            found.append(['skipped', 'all', skips_all.group(1) or 'no reason given'])
        elif match and (match.group(3) or '').upper() == 'SKIP':
            name, reason = match.group(2), match.group(4)
            found.append(['skipped', name or reason, reason if name else 'skip() in cmocka gives no reason'])
        elif match:
            found.append(['passed' if match.group(1) == 'ok' else 'failed', match.group(2), ''])

    result = test['result']
    if result == 'FAIL' and test.get('returncode') == 0:
        result = 'OK'  # cmocka says "not ok N # SKIP", which meson takes for a failure; real ones are in `found`
    if result not in ('OK', 'SKIP') and not any(outcome == 'failed' for outcome, _, _ in found):
        last_words = ''.join(f'\n    {line}' for line in test.get('stderr', '').splitlines()[-DIAGNOSTICS_MAX:])
        ending = f"{result.lower()}, exit status {test.get('returncode')}"
        found.append(['failed', 'the program itself', ending + last_words])
    elif not found:
        last_line = test.get('stdout', '').strip().splitlines()[-1:] or ['exit status 77']
        found.append(['passed' if result == 'OK' else 'skipped', 'the program itself', *last_line])
    return found


def main():
    counts = {'passed': 0, 'failed': 0, 'skipped': 0}
    try:
        with open(sys.argv[1], encoding='utf-8') as log:
            tests = [json.loads(line) for line in log]
    except OSError as error:
        print(f'No test has run: {error}')
        tests = []
    print('== Result')
    for test in tests:
        for outcome, name, reason in subtests(test):
            counts[outcome] += 1
            if outcome != 'passed':
                print(f"{outcome}: {test['name']}: {name}: {reason}")
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    return 0 if counts['passed'] and not counts['failed'] else 1


if __name__ == '__main__':
    sys.exit(main())
