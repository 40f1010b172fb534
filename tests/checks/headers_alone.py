#!/usr/bin/python3
"""Every header compiles alone, with gcc and with clang: it includes or declares what it needs."""

import re
import shutil
import subprocess
import sys

from sources import PRODUCT, ROOT, Tap, files, text

FLAGS = ['-std=gnu17', '-D_GNU_SOURCE', '-Wall', '-Wextra', '-Werror', '-fsyntax-only', '-x', 'c', f'-I{ROOT}']


def main():
    tap = Tap()
    headers = files(PRODUCT, '.h')
    for compiler in ('gcc', 'clang'):
        if not shutil.which(compiler):
            tap.skip(f'headers compile alone with {compiler}', f'{compiler} is not installed')
            continue
        for header in headers:
            source = f'#include "{header}"\ntypedef int not_empty;\n'
            result = subprocess.run([compiler, *FLAGS, '-'], input=source, capture_output=True, text=True, cwd=ROOT)
            tap.check(result.returncode == 0, f'{header} compiles alone with {compiler}', result.stderr)
    twice = [str(header) for header in headers if not re.search(r'^#pragma once$', text(header), re.MULTILINE)]
    tap.check(not twice, 'every header begins with #pragma once', '\n'.join(twice))
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())
