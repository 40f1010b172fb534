#!/usr/bin/python3
"""docs/HTTP_API.md describes every request field of core/answer/fields.def, with its default."""

import re
import sys

from sources import Tap, text

ROW = re.compile(r'FIELD\(\w+, "([^"]+)", \w+, .*?, "([^"]*)", (?:true|false),', re.DOTALL)


def main():
    tap = Tap()
    documented = {}
    for line in text('docs/HTTP_API.md').splitlines():
        cells = [cell.strip() for cell in line.strip('|').split('|')]
        if len(cells) == 4 and cells[0].startswith('`'):
            documented[cells[0].strip('`')] = cells[2].strip('`')
    rows = ROW.findall(text('core/answer/fields.def'))
    tap.check(len(rows) > 10, 'the table of fields was read')
    faults = [f'{name}: default "{default}", documented as "{documented.get(name, "nothing")}"'
              for name, default in rows if documented.get(name) != default]
    faults += [f'{name} is documented and does not exist' for name in documented if name not in dict(rows)]
    tap.check(not faults, f'{len(rows)} fields are documented', '\n'.join(faults))
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())
