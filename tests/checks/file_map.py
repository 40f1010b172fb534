#!/usr/bin/python3
"""docs/ARCHITECTURE.md lists every source file of the product, and nothing that is not there."""

import re
import sys

from sources import PRODUCT, Tap, files, text

SUFFIXES = ('.c', '.h', '.def')


def listed():
    """folder -> names in the map: 'x' or 'x.h'."""
    folders, folder = {}, None
    for line in text('docs/ARCHITECTURE.md').split('```')[1].splitlines():
        heading = re.match(r'([a-z/]+)/(\s|$)', line)
        entry = re.match(r'  ([\w.]+)\s', line)
        if heading:
            folder = folders.setdefault(heading.group(1), set())
        elif entry:
            folder.add(entry.group(1))
    return folders


def main():
    tap = Tap()
    names = listed()
    actual = {}
    for path in files(PRODUCT, *SUFFIXES):
        actual.setdefault(str(path.parent), set()).add(path.name)
    for folder in sorted(names.keys() | actual.keys()):
        here = actual.get(folder, set())
        covered = {name + suffix if '.' not in name else name for name in names.get(folder, set()) for suffix in SUFFIXES}
        faults = [f'{folder}/{name} is not in the map' for name in sorted(here - covered)]
        faults += [f'{folder}/{name} is in the map and not in the tree' for name in sorted(names.get(folder, set()))
                   if not here & ({name} if '.' in name else {name + suffix for suffix in SUFFIXES})]
        tap.check(not faults, f'the map of {folder} is complete', '\n'.join(faults))
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())
