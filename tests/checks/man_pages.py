#!/usr/bin/python3
"""The manual pages are well-formed, fit a terminal, and have every option and every command.

    man_pages.py FOLDER: where they were built"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from sources import Tap, text

PAGES = ('onellmd.8', 'onellmd.conf.5', 'onellm.1')
COLUMNS_MAX = 80
OVERSTRIKE = re.compile('.\b')


def output(*command):
    return subprocess.run(command, capture_output=True, encoding='utf-8', check=False).stdout


def main():
    tap = Tap()
    if not shutil.which('mandoc'):
        tap.skip('manual pages', 'mandoc is not installed')
        return tap.finish()
    shown = {}
    for name in PAGES:
        page = Path(sys.argv[1]) / name
        complaints = output('mandoc', '-Tlint', '-Wwarning', page)
        tap.check(page.is_file() and not complaints, f'{name} is well-formed', complaints)
        shown[name] = OVERSTRIKE.sub('', output('mandoc', '-Tutf8', page))
        wide = [line for line in shown[name].splitlines() if len(line) > COLUMNS_MAX]
        tap.check(not wide, f'no line of {name} is wider than {COLUMNS_MAX} columns', '\n'.join(wide))

    options = [name.replace('_', '-') for name in re.findall(r'^(?:LIVE_)?OPTION\((\w+)', text('config/options.def'), re.MULTILINE)]
    for page, form in (('onellmd.8', '--{} value'), ('onellmd.conf.5', '{} = value')):
        missing = [name for name in options if not re.search(rf'^ +{form.format(name)}$', shown[page], re.MULTILINE)]
        tap.check(options and not missing, f'{len(options)} options are in {page}', missing)
    commands = re.findall(r'^    \{"(\w+)", command_\w+', text('core/cli/main.c'), re.MULTILINE)
    missing = [name for name in commands if f'\n           onellm {name} ' not in shown['onellm.1']]
    tap.check(commands and not missing, f'{len(commands)} commands are in onellm.1', missing)
    names = set(re.findall(r'FIELD\(\w+, "([^"]+)"', text('core/answer/fields.def'))) - {'stream', 'media_id'}
    names = {'choice' if name == 'choices' else name for name in names}
    missing = [name for name in names if f' --{re.sub("[._]", "-", name)} ' not in shown['onellm.1']]
    tap.check(names and not missing, f'{len(names)} fields of a question are in onellm.1', missing)
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())
