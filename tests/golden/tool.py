"""Running the programs under test, for the suites of this folder."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / 'tests' / 'samples'
sys.path.insert(0, str(ROOT / 'tests'))

from tap import Tap  # noqa: E402,F401

# One medium of each modality, as options of the command line.
SAMPLE_OPTIONS = {
    'image': ['--image', SAMPLES / 'image.jpg'],
    'video': ['--video', SAMPLES / 'video.mp4'],
    'audio': ['--audio', SAMPLES / 'audio.flac'],
    'point': ['--point', SAMPLES / 'point.ply'],
    'depth': ['--image', SAMPLES / 'image.jpg', '--depth', SAMPLES / 'depth.png'],
    'normal': ['--image', SAMPLES / 'image.jpg', '--normal', SAMPLES / 'normal.png'],
    'imu': ['--imu', SAMPLES / 'imu.csv'],
    'fmri': ['--fmri', SAMPLES / 'fmri.npy'],
}
SECONDS_MAX = 300  # for one run of a program, under the sanitizers and on a busy machine


class Failed(Exception):
    """A program did not do what it was asked; the text says which and why."""


def run(program, *arguments, **options):
    """The finished process; its output is text."""
    return subprocess.run([str(program), *map(str, arguments)], capture_output=True, text=True, timeout=SECONDS_MAX,
                          **options)


def must_run(program, *arguments, **options):
    result = run(program, *arguments, **options)
    if result.returncode != 0:
        command = ' '.join(map(str, arguments))
        raise Failed(f'{Path(program).name} {command}\nexit status {result.returncode}\n{result.stderr[-3000:]}')
    return result.stdout


def encode(program, model, options, stage, folder):
    output = Path(folder) / 'stage.npy'
    must_run(program, 'encode', '--model', model, *options, '--stage', stage, '--output', output)
    return np.load(output)


def answer(program, model, options, prompt, n_tokens):
    """The JSON of a greedy answer."""
    return json.loads(must_run(program, 'answer', '--model', model, *options, '--prompt', prompt, '--temperature', 0,
                               '--max-tokens', n_tokens, '--json'))


class Daemon:
    """onellmd on a free port, for the length of a `with` block."""

    def __init__(self, program, model, *options):
        with socket.socket() as probe:
            probe.bind(('127.0.0.1', 0))
            self.port = probe.getsockname()[1]
        self.command = [str(program), '--host', '127.0.0.1', '--port', str(self.port), '--model', str(model),
                        '--drain-delay-ms', '0', *map(str, options)]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        env={k: v for k, v in os.environ.items() if not k.startswith('ONELLMD_')})
        deadline = time.monotonic() + SECONDS_MAX
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if self.request('GET', '/readyz')[0] == 200:
                    return self
            except OSError:
                pass
            time.sleep(0.1)
        self.process.kill()
        raise Failed(f'onellmd did not become ready\n{self.process.communicate()[0][-3000:]}')

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.output, _ = self.process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.output, _ = self.process.communicate()
        self.status = self.process.returncode

    def request(self, method, path, body=None, headers=None):
        """(status, body)"""
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=SECONDS_MAX)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def post_form(self, path, parts):
        """parts: (name, text or Path) in order. (status, JSON or text)"""
        boundary = 'parity-0123456789'
        body = b''
        for name, value in parts:
            is_file = isinstance(value, Path)
            file_name = f'; filename="{value.name}"' if is_file else ''
            body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{file_name}\r\n\r\n'.encode()
            body += (value.read_bytes() if is_file else str(value).encode()) + b'\r\n'
        body += f'--{boundary}--\r\n'.encode()
        status, content = self.request('POST', path, body, {'Content-Type': f'multipart/form-data; boundary={boundary}'})
        try:
            return status, json.loads(content)
        except ValueError:
            return status, content.decode(errors='replace')


def form_of(options):
    """Options of the command line as parts of a form: --imu-start 1 is imu.start=1."""
    companions = {'imu', 'audio', 'video', 'depth', 'fmri'}
    for name, value in zip(options[0::2], options[1::2]):
        words = name[2:].split('-')
        yield '.'.join(words) if words[0] in companions else '_'.join(words), value
