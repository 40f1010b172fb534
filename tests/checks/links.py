#!/usr/bin/python3
"""Links, those to headings too, and file names in the documentation lead somewhere."""

import re
import sys

from sources import ROOT, Tap, files, text

PAGES = ['README.md', 'CHANGELOG.md', 'config/demo/train/README.md', *map(str, files(['docs'], '.md'))]
LINK = re.compile(r'\]\(([^)\s]+)\)')
IN_TREE = re.compile(r'`((?:core|config|server|tests|deploy|docs|\.ci)/[\w./-]+)`')


def anchors(page):
    """Of its headings, as GitHub makes them."""
    headings = re.findall(r'^#+ (.*)$', page.read_text(), re.M)
    return {re.sub(r'[^\w -]', '', heading.lower()).replace(' ', '-') for heading in headings}


def leads_somewhere(page, target):
    name, _, anchor = target.partition('#')
    path = page.parent / name if name else page
    return path.exists() and (not anchor or anchor in anchors(path))


def main():
    tap = Tap()
    for page in PAGES:
        links = [target for target in LINK.findall(text(page)) if '://' not in target]
        dead = [target for target in links if not leads_somewhere(ROOT / page, target)]
        dead += [name for name in IN_TREE.findall(text(page))
                 if not (ROOT / name).exists() and 'NAME' not in name]
        tap.check(not dead, f'every file and heading that {page} names exists', '\n'.join(dead))
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())
