#!/usr/bin/python3
"""Folders include themselves and what stands to their left, and write every include from the root of the tree."""

import re
import sys

from sources import PRODUCT, ROOT, Tap, files, text

ORDER = ['core/base', 'core/kernels', 'core/tensor', 'core/file', 'core/text', 'core/media', 'core/modal', 'core/model',
         'core/engine', 'core/answer']
MAY_INCLUDE = {folder: set(ORDER[:i + 1]) for i, folder in enumerate(ORDER)}
MAY_INCLUDE['core/cli'] = {'core/cli', *ORDER}
MAY_INCLUDE['config'] = {'config', 'core/base'}
MAY_INCLUDE['server'] = {'server', 'config', *ORDER}


def folder_of(path):
    """core/onellm.[ch] is the engine's face; folders below server/ belong to it."""
    if path.startswith('core/onellm.'):
        return 'core/engine'
    parts = path.split('/')
    return '/'.join(parts[:2]) if parts[0] == 'core' else parts[0]


def faults(path):
    allowed = MAY_INCLUDE.get(folder_of(str(path)))
    if allowed is None:
        yield f'{path}: its folder has no place in the order of tests/checks/include_directions.py'
        return
    for number, line in enumerate(text(path).splitlines(), 1):
        match = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
        if not match:
            continue
        target = match.group(1)
        if not (ROOT / target).is_file() and not target.startswith('generated/'):
            yield f'{path}:{number}: "{target}" is not a path from the root of the tree'
        elif folder_of(target) not in allowed and not target.startswith('generated/'):
            yield f'{path}:{number}: {folder_of(str(path))} may not include {folder_of(target)}'


def main():
    tap = Tap()
    found = {}
    for path in files(PRODUCT, '.c', '.h', '.def'):
        found.setdefault(folder_of(str(path)), []).extend(faults(path))
    for folder in sorted(found):
        tap.check(not found[folder], f'{folder} includes only what it may', '\n'.join(found[folder]))
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())
