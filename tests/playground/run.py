#!/usr/bin/python3
"""Runs the tests of the playground in Chromium, or says what is missing.

    run.py FOLDER [NAME]: FOLDER takes the packages that they need; of the tests only those whose names contain NAME"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / 'clients')]

import node  # noqa: E402
from tap import Tap  # noqa: E402


def main():
    packages, reason = node.packages(HERE, Path(sys.argv[1]).resolve())
    if not shutil.which('chromium'):
        reason = 'chromium is not installed'
    if reason:
        tap = Tap()
        tap.skip('the playground in a browser', reason)
        return tap.finish()
    os.environ['PACKAGES'] = f'{packages}/'
    return subprocess.run(['node', HERE / 'playground.mjs', *sys.argv[2:]], check=False).returncode


if __name__ == '__main__':
    sys.exit(main())
