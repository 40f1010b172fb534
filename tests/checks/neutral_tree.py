#!/usr/bin/python3
"""Nothing in the tree or its history names a place on one person's machine."""

import re
import shutil
import subprocess
import sys

from sources import ROOT, Tap

MACHINE_PATHS = re.compile(r'/(work|root|home/\w+)/|\bshared/(reference|design|style)')
EXEMPT = {'tests/run', 'tests/checks/neutral_tree.py'}


def git(*arguments):
    return subprocess.run(['git', '-C', str(ROOT), *arguments], capture_output=True, text=True, errors='replace')


def main():
    tap = Tap()
    if not shutil.which('git') or git('rev-parse', '--show-toplevel').stdout.strip() != str(ROOT):
        tap.skip('nothing names a place on one machine', 'this tree is not a git checkout')
        return tap.finish()
    found = []
    for name in git('ls-files').stdout.splitlines():
        content = (ROOT / name).read_bytes() if (ROOT / name).is_file() else b''
        if name in EXEMPT or b'\0' in content:
            continue
        found += [f'{name}:{number}: {line.strip()[:100]}'
                  for number, line in enumerate(content.decode(errors='replace').splitlines(), 1)
                  if MACHINE_PATHS.search(line)]
    tap.check(not found, 'no tracked file names a place on one machine', '\n'.join(found))
    messages = [line for line in git('log', '--format=%h %B').stdout.splitlines() if MACHINE_PATHS.search(line)]
    tap.check(not messages, 'no commit message names a place on one machine', '\n'.join(messages))
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())
