#!/usr/bin/python3
"""The page and the sample files -> C source with all their bytes.

    build.py OUTPUT --samples FOLDER [--npm PROGRAM --work FOLDER [--required]]

With npm the page is built from this folder: a copy of it in the work folder, so that the source tree stays clean, with
packages as package-lock.json has them, which are installed only when that has changed. If that fails, as it does
without a network, and the page is not required, without.html stands in its place."""

import argparse
import gzip
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TYPES = {'.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8',
         '.txt': 'text/plain; charset=utf-8', '.csv': 'text/csv; charset=utf-8', '.svg': 'image/svg+xml', '.webp': 'image/webp',
         '.jpg': 'image/jpeg', '.png': 'image/png', '.mp4': 'video/mp4', '.webm': 'video/webm', '.flac': 'audio/flac',
         '.wav': 'audio/wav'}
SECONDS_MAX = 600
CERTIFICATES = Path('/etc/ssl/certs/ca-certificates.crt')  # whom this machine trusts; node asks only its own list
NOT_SERVED = {'README.md', 'make.py'}


def run(*command, folder):
    environment = {**({'NODE_EXTRA_CA_CERTS': str(CERTIFICATES)} if CERTIFICATES.exists() else {}), **os.environ}
    try:
        done = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors='replace', timeout=SECONDS_MAX)
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f'{command[1]} took too long') from error
    if done.returncode:
        raise RuntimeError(f'{" ".join(map(str, command))} failed:\n{done.stdout}')


def build_page(npm, work):
    """Makes the page; returns the folder with its files."""
    lock = (HERE / 'package-lock.json').read_bytes()
    stamp = work / 'installed'
    shutil.rmtree(work / 'src', ignore_errors=True)
    shutil.copytree(HERE, work, dirs_exist_ok=True, ignore=shutil.ignore_patterns('*.py', 'meson.build'))
    if not stamp.exists() or stamp.read_bytes() != lock:
        run(npm, 'ci', '--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', '--fetch-retries=1', folder=work)
        stamp.write_bytes(lock)
    shutil.rmtree(work / 'dist', ignore_errors=True)
    run(npm, 'run', 'build', folder=work)
    return work / 'dist'


def literal(data):
    """Bytes as string literals, which compilers read much faster than lists of numbers."""
    plain = {byte: chr(byte) for byte in range(32, 127)}
    plain.update({ord('"'): '\\"', ord('\\'): '\\\\', ord('?'): '\\?'})
    text = [plain.get(byte) or f'\\{byte:03o}' for byte in data]
    return '\n'.join(f'    "{"".join(text[i:i + 100])}"' for i in range(0, len(text), 100)) or '    ""'


def row(number, path, data):
    packed = gzip.compress(data, 9, mtime=0)
    if len(packed) > 0.9 * len(data):
        packed = b''
    arrays = f'static const char bytes_{number}[] =\n{literal(data)};\n'
    arrays += f'static const char gzip_{number}[] =\n{literal(packed)};\n' if packed else ''
    kind = TYPES.get(Path(path).suffix, 'application/octet-stream') if path != '/' else TYPES['.html']
    tag = hashlib.sha256(data).hexdigest()[:24]
    gzip_name = f'gzip_{number}' if packed else 'NULL'
    return arrays, f'    {{"{path}", "{kind}", "{tag}", bytes_{number}, {gzip_name}, {len(data)}, {len(packed)}}},\n'


def write(output, files):
    rows = [row(number, path, data) for number, (path, data) in enumerate(sorted(files.items()))]
    output.write_text('#include "server/api_playground_files.h"\n\n' + ''.join(arrays for arrays, _ in rows) +
                      '\nconst struct playground_file playground_files[] = {\n' + ''.join(line for _, line in rows) +
                      '};\nconst size_t n_playground_files = sizeof(playground_files) / sizeof(playground_files[0]);\n',
                      encoding='ascii')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('output', type=Path)
    parser.add_argument('--samples', type=Path, required=True)
    parser.add_argument('--npm')
    parser.add_argument('--work', type=Path)
    parser.add_argument('--required', action='store_true')
    arguments = parser.parse_args()

    files = {f'/samples/{path.name}': path.read_bytes() for path in arguments.samples.iterdir()
             if path.is_file() and path.name not in NOT_SERVED}
    try:
        if not arguments.npm:
            raise RuntimeError('npm was not found')
        dist = build_page(arguments.npm, arguments.work.resolve())
        files['/'] = (dist / 'index.html').read_bytes()
        files.update({f'/assets/{path.name}': path.read_bytes() for path in (dist / 'assets').iterdir()})
    except RuntimeError as error:
        if arguments.required:
            sys.exit(str(error))
        if arguments.npm:
            print(f'The playground is left out. {error}', file=sys.stderr)
        files['/'] = (HERE / 'without.html').read_bytes()
    write(arguments.output, files)


if __name__ == '__main__':
    main()
