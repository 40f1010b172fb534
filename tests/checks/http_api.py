#!/usr/bin/python3
"""docs/HTTP_API.md describes every request field with its default, every route and every error code."""

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

    page = text('docs/HTTP_API.md')
    routes = re.findall(r'\{"(GET|POST|DELETE)", "([^"]+)"', text('server/routes.c'))
    routes = [(method, path + '{id}' if path.endswith('/') and path != '/' else path) for method, path in routes]
    unknown = [f'{method} {path}' for method, path in routes if f'`{path}`' not in page and f'`{method} {path}`' not in page]
    tap.check(routes and not unknown, f'{len(routes)} routes are documented', '\n'.join(unknown))
    codes = re.findall(r'\{PROBLEM_\w+, (\d+), "\w+", "(\w+)"', text('server/api_error.c'))
    unknown = [f'{status} {code}' for status, code in codes
               if not re.search(rf'^\| {status} \|.*`{code}`', page, re.MULTILINE)]
    tap.check(codes and not unknown, f'{len(codes)} errors are documented', '\n'.join(unknown))
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())
