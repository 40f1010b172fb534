#!/usr/bin/python3
"""clang-format decides the layout of every C file; text files end in a newline and have no blanks at line ends."""

import shutil
import subprocess
import sys

from sources import PRODUCT, ROOT, Tap, files

FOLDERS = (*PRODUCT, 'tests', 'deploy', 'docs', '.ci')


def untidy(path):
    content = (ROOT / path).read_bytes()
    if content and not content.endswith(b'\n'):
        yield f'{path}: no newline at the end'
    for number, line in enumerate(content.split(b'\n'), 1):
        if line != line.rstrip():
            yield f'{path}:{number}: blanks or carriage return at the end of the line'


def main():
    tap = Tap()
    if shutil.which('clang-format'):
        sources = [str(path) for path in files((*PRODUCT, 'tests'), '.c', '.h')]
        result = subprocess.run(['clang-format', '--style=file', '--dry-run', '-Werror', *sources], cwd=ROOT,
                                capture_output=True, text=True)
        tap.check(result.returncode == 0, f'clang-format has nothing to change in {len(sources)} files', result.stderr)
    else:
        tap.skip('clang-format has nothing to change', 'clang-format is not installed')

    texts = [path for path in files(FOLDERS, '.c', '.h', '.def', '.py', '.md', '.build', '.conf', '.sh')
             if 'corpus' not in path.parts]
    texts += [path.relative_to(ROOT) for path in (ROOT / 'README.md', ROOT / 'CHANGELOG.md', ROOT / 'meson.build')]
    faults = [fault for path in texts for fault in untidy(path)]
    tap.check(not faults, f'{len(texts)} text files are tidy', '\n'.join(faults))
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())
