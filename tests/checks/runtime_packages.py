#!/usr/bin/python3
"""The packages that deploy/packages lists for running are those that hold the libraries which the programs link.

    runtime_packages.py PROGRAM..."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from sources import Tap, text

SANITIZERS = ('libasan', 'libubsan', 'libtsan')


def output(*command):
    return subprocess.run(command, capture_output=True, text=True).stdout


def package_of(library):
    """Debian's package of a library file; ldd may name it through the link of a merged /usr."""
    for path in (library, str(Path(library).resolve()), f'/usr{library}', library.removeprefix('/usr')):
        found = output('dpkg-query', '-S', path)
        if found:
            return found.split(':')[0]
    return None


def main():
    tap = Tap()
    if not shutil.which('dpkg-query') or not shutil.which('readelf'):
        tap.skip('packages to run the programs', 'this is not Debian, or has no readelf')
        return tap.finish()
    listed = set()
    for line in text('deploy/packages').splitlines():
        if line.startswith('runtime'):
            listed |= set(line.split()[1:])
    needed = {}
    for program in sys.argv[1:]:
        direct = set(re.findall(r'\(NEEDED\).*\[(.*)\]', output('readelf', '-d', program)))
        for name, path in re.findall(r'^\s*(\S+) => (\S+)', output('ldd', program), re.MULTILINE):
            if name in direct and not name.startswith(SANITIZERS):
                needed.setdefault(package_of(path) or path, []).append(name)
    needed.pop('libc6', None)
    missing = [f'{package} ({", ".join(names)})' for package, names in needed.items() if package not in listed]
    tap.check(needed and not missing, 'every library that is linked is in a listed package', '\n'.join(missing))
    idle = sorted(listed - needed.keys())
    tap.check(not idle, 'every listed package is needed', '\n'.join(idle))
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())
