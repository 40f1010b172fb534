#!/usr/bin/python3
"""The units say nothing that systemd does not understand, and shut the daemon in.

    systemd_units.py FOLDER ONELLMD: the configured units, and the program that they start"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from sources import Tap

EXPOSURE_MAX = 1.5


def main():
    tap = Tap()
    folder, program = Path(sys.argv[1]), Path(sys.argv[2]).resolve()
    if not shutil.which('systemd-analyze'):
        tap.skip('the units are well-formed', 'systemd-analyze is not installed')
        return tap.finish()
    with tempfile.TemporaryDirectory() as name:
        units = [Path(name) / unit for unit in ('onellmd.service', 'onellmd.socket')]
        for unit in units:
            lines = (folder / unit.name).read_text().splitlines()
            unit.write_text('\n'.join(f'ExecStart={program}' if line.startswith('ExecStart=') else line for line in lines))
        done = subprocess.run(['systemd-analyze', 'verify', '--man=no', *units], capture_output=True, text=True, check=False)
        tap.check(done.returncode == 0 and not done.stderr, 'the units are well-formed', done.stdout + done.stderr)
        done = subprocess.run(['systemd-analyze', 'security', '--offline=true', f'--threshold={EXPOSURE_MAX * 10:.0f}',
                               units[0]], capture_output=True, text=True, check=False)
        last = (done.stdout.strip().splitlines() or [''])[-1]
        tap.check(done.returncode == 0 and 'exposure level' in last, f'exposure is at most {EXPOSURE_MAX}: {last}',
                  done.stdout + done.stderr)
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())
