"""Node.js for suites: where it is, and the packages of a package.json, installed once into the build."""

import fcntl
import os
import re
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FOLDER = Path(os.environ.get('CLIENTS_FOLDER', ROOT / 'build' / 'tests' / 'clients'))  # where packages go
SECONDS_MAX = 300
# What npm says when nobody answers, or somebody else does.
UNREACHABLE = re.compile(r'(?:ERR!|error) code (E(?:NOTFOUND|AI_AGAIN|CONNREFUSED|CONNRESET|HOSTUNREACH|NETUNREACH|TIMEDOUT)|\w*CERT\w*)')
CERTIFICATES = Path('/etc/ssl/certs/ca-certificates.crt')  # whom this machine trusts; node asks only its own list


class Failed(Exception):
    """npm did not do what it was asked."""


def _install(source, folder):
    """Why the registry could not be asked, or None."""
    done = folder / 'node_modules' / '.done'
    lock = (source / 'package-lock.json').read_text()
    if done.is_file() and done.read_text() == lock:
        return None
    for name in ('package.json', 'package-lock.json'):
        shutil.copy(source / name, folder)
    environment = {**({'NODE_EXTRA_CA_CERTS': str(CERTIFICATES)} if CERTIFICATES.exists() else {}), **os.environ}
    npm = subprocess.run(['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--fetch-retries=1',
                          f'--cache={folder / "npm-cache"}'], cwd=folder, capture_output=True, text=True, timeout=SECONDS_MAX,
                         env=environment)
    unreachable = UNREACHABLE.search(npm.stderr)
    if unreachable:
        return f'the npm registry cannot be reached: {unreachable[1]}'
    if npm.returncode != 0:
        raise Failed(f'npm ci: {npm.stderr[-3000:]}')
    done.write_text(lock)
    return None


def packages(source=HERE, folder=FOLDER):
    """(node_modules, None), or (None, why there are none). Suites that run at the same time install them once."""
    missing = [tool for tool in ('node', 'npm') if not shutil.which(tool)]
    if missing:
        return None, f'{" and ".join(missing)} not installed'
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / 'lock', 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        reason = _install(source, folder)
    return (None, reason) if reason else (folder / 'node_modules', None)
