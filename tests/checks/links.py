#!/usr/bin/python3
"""Links and file names in the documentation lead somewhere."""

import re
import sys

from sources import ROOT, Tap, files, text

PAGES = ['README.md', 'CHANGELOG.md', *map(str, files(['docs'], '.md'))]
IN_TREE = re.compile(r'`((?:core|config|server|tests|deploy|docs|\.ci)/[\w./-]+)`')


def main():
    tap = Tap()
    for page in PAGES:
        folder = (ROOT / page).parent
        targets = [target.split('#')[0] for target in re.findall(r'\]\(([^)\s]+)\)', text(page))]
        dead = [target for target in targets if target and '://' not in target and not (folder / target).exists()]
        dead += [name for name in IN_TREE.findall(text(page))
                 if not (ROOT / name).exists() and 'NAME' not in name]
        tap.check(not dead, f'every file that {page} names exists', '\n'.join(dead))
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())
