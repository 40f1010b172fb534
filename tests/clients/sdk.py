#!/usr/bin/python3
"""A scripted session with an SDK, beside the daemons that it talks to.

    sdk.py SCRIPT: of this folder; it prints TAP"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import node

sys.path[:0] = [str(node.ROOT / 'tests' / 'server'), str(node.ROOT / 'tests')]

from harness import ROOT, SECONDS, Daemon, slow  # noqa: E402
from tap import Tap  # noqa: E402

KEY = 'the-key-of-a-test'


def url(daemon):
    return 'http://{}:{}/v1'.format(*daemon.address)


def run(script, packages):
    """The exit status of the session. It runs where node finds its packages: beside them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / 'node_modules').symlink_to(packages)
        for source in node.HERE.glob('*.mjs'):
            shutil.copy(source, folder)
        (folder / 'keys').write_text(f'test {hashlib.sha256(KEY.encode()).hexdigest()}\n')
        daemons = {'DEMO': Daemon('--model', '', '--sequences', '8'), 'SLOW': Daemon(*slow()),
                   'KEYED': Daemon('--model', '', '--keys', folder / 'keys')}
        environment = {kind: url(daemon) for kind, daemon in daemons.items()}
        try:
            return subprocess.run(['node', folder / script], timeout=SECONDS * 5, check=False, env={
                **os.environ, **environment, 'KEY': KEY, 'SAMPLES': str(ROOT / 'docs' / 'samples')}).returncode
        finally:
            for daemon in daemons.values():
                daemon.stop()


def main():
    packages, reason = node.packages()
    if reason:
        tap = Tap()
        tap.skip(sys.argv[1], reason)
        return tap.finish()
    return run(sys.argv[1], packages)


if __name__ == '__main__':
    sys.exit(main())
