"""Starts the daemon, speaks HTTP/1.1 to it byte by byte, and reports unittest results as TAP.

The programs under test are named by the environment variables ONELLMD and ONELLM."""

import atexit
import functools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / 'tests' / 'samples'
PROGRAM = os.environ.get('ONELLMD', 'onellmd')
TOOL = os.environ.get('ONELLM', 'onellm')
SECONDS = 60  # the longest that anything here may take on a busy machine under the sanitizers
SANITIZER = re.compile(r'ERROR: \w+Sanitizer|runtime error:|SUMMARY: \w+Sanitizer')


def wait_until(condition):
    """The first true value."""
    deadline = time.monotonic() + SECONDS
    while not (value := condition()):
        assert time.monotonic() < deadline, 'it does not happen'
        time.sleep(0.005)
    return value


@functools.cache
def tiny_model(*sizes, shape='tiny'):
    """A model file with random weights: a few MB of the real structure, with other sizes where they are given."""
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    model = Path(folder.name) / 'tiny.gguf'
    settings = [word for size in sizes for word in ('--set', size)]
    subprocess.run([TOOL, 'synthesize', '--shape', shape, '--seed', '1', *settings, '--output', model], check=True,
                   stderr=subprocess.DEVNULL)
    return model


def endless(n_blocks):
    """Options for a model with a long context and a vocabulary in which the end of a text is rare."""
    return '--model', tiny_model(f'n_blocks={n_blocks}', 'context=16384', 'vocab_size=4096'), '--threads', '1'


def slow():
    """Options for a model that needs milliseconds for a token: ENDLESS keeps it busy for longer than any test lasts. The
    tiny model can be done before a test has looked."""
    return endless(64)


ENDLESS = [('max_tokens', 16000), ('temperature', 2), ('top_p', 1), ('seed', 1)]


class Daemon:
    """A running onellmd on a free port; with the tiny model and one answer at a time unless the options say otherwise."""

    def __init__(self, *options, program=None, wait='ready', **environment):
        if '--model' not in options:
            options = '--model', tiny_model(), *options
        if '--sequences' not in options:
            options = '--sequences', '1', *options
        self.lines = []
        self.news = threading.Condition()
        self.process = subprocess.Popen(
            [program or PROGRAM, '--port', '0', '--drain-delay-ms', '0', '--log-level', 'debug', *map(str, options)],
            stderr=subprocess.PIPE, env={**os.environ, 'ONELLMD_CONFIG': '/dev/null', **environment})
        threading.Thread(target=self._read_log, daemon=True).start()
        line = self.wait_for_log('event=listening')
        host, port = re.search(r'address=http://(.*):(\d+)$', line).groups()
        self.address = (host.strip('[]'), int(port))
        if wait:
            self.wait_for_log(f'event={wait}')

    def _read_log(self):
        for line in self.process.stderr:
            with self.news:
                self.lines.append(line.decode(errors='replace').rstrip('\n'))
                self.news.notify_all()
        with self.news:
            self.lines.append('')
            self.news.notify_all()

    def log(self):
        with self.news:
            return '\n'.join(self.lines)

    def wait_for_log(self, text, n=1, seconds=SECONDS):
        """The n-th line of the log with that text, when it comes."""
        deadline = time.monotonic() + seconds
        with self.news:
            while True:
                found = [line for line in self.lines if text in line]
                if len(found) >= n:
                    return found[n - 1]
                if self.lines and self.lines[-1] == '' or not self.news.wait(deadline - time.monotonic()):
                    raise AssertionError(f'no "{text}" in the log:\n' + '\n'.join(self.lines))

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def wait(self, seconds=SECONDS):
        """The exit status."""
        status = self.process.wait(seconds)
        self.wait_for_log('')
        log = self.log()
        assert not SANITIZER.search(log), log
        return status

    def stop(self):
        if self.process.poll() is None:
            self.signal()
        try:
            status = self.wait()
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        assert status == 0, f'exit status {status}\n{self.log()}'

    def cpu_seconds(self):
        fields = Path(f'/proc/{self.process.pid}/stat').read_text().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

    def metric(self, name):
        """A gauge or counter of /metrics that has no labels."""
        return float(re.search(rf'^onellmd_{name} (\S+)$', self.get('/metrics').body.decode(), re.MULTILINE)[1])

    def wait_for_metric(self, name, at_least):
        wait_until(lambda: self.metric(name) >= at_least)

    # ---- requests ----

    def connect(self, receive_bytes=None):
        return Connection(self.address, receive_bytes)

    def request(self, method, path, headers=(), body=b''):
        with self.connect() as connection:
            connection.send(head(method, path, headers, body) + body)
            return connection.response(method == 'HEAD')

    def get(self, path):
        return self.request('GET', path)

    def ask(self, *parts, headers=()):
        """POST /v1/answers with (name, value) parts."""
        body, content_type = form(parts)
        return self.request('POST', '/v1/answers', [('Content-Type', content_type), *headers], body)

    def start_asking(self, *parts, headers=()):
        """Sends a question and returns its connection."""
        body, content_type = form(parts)
        connection = self.connect()
        connection.send(head('POST', '/v1/answers', [('Content-Type', content_type), *headers], body) + body)
        return connection


def head(method, path, headers=(), body=b'', version='HTTP/1.1'):
    """A request's header; the length of its body is added unless the headers say how it is framed."""
    names = {name.lower() for name, _ in headers}
    lines = [f'{method} {path} {version}']
    if 'host' not in names:
        lines.append('Host: test')
    lines += [f'{name}: {value}' for name, value in headers]
    if body and not names & {'content-length', 'transfer-encoding'}:
        lines.append(f'Content-Length: {len(body)}')
    return '\r\n'.join(lines).encode('latin-1') + b'\r\n\r\n'


def form(parts, boundary='test-boundary'):
    """(body, content type). A value is text, bytes or a Path; the latter two are sent as files."""
    body = b''
    for name, value in parts:
        file_name = '; filename="x"' if isinstance(value, (bytes, Path)) else ''
        content = value.read_bytes() if isinstance(value, Path) else value if isinstance(value, bytes) else str(value).encode()
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{file_name}\r\n\r\n'.encode()
        body += content + b'\r\n'
    return body + f'--{boundary}--\r\n'.encode(), f'multipart/form-data; boundary={boundary}'


def chunked(body, size):
    """The body in the chunked transfer coding."""
    chunks = [body[i:i + size] for i in range(0, len(body), size)]
    return b''.join(b'%x\r\n%s\r\n' % (len(chunk), chunk) for chunk in chunks) + b'0\r\n\r\n'


class Closed(Exception):
    """The server has closed the connection."""


class Response:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def error(self):
        return self.json()['error']

    def __repr__(self):
        return f'{self.status} {self.headers} {self.body[:500]!r}'


class Event:
    def __init__(self, text):
        fields = dict(line.split(': ', 1) for line in text.split('\n'))
        self.id, self.name, self.data = int(fields['id']), fields['event'], json.loads(fields['data'])

    def __repr__(self):
        return f'{self.id} {self.name} {self.data}'


class Connection:
    """One connection; reads responses as RFC 9112 says and nothing more forgiving."""

    def __init__(self, address, receive_bytes=None):
        self.socket = socket.socket(socket.AF_INET6 if ':' in address[0] else socket.AF_INET)
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.settimeout(SECONDS)
        self.socket.connect(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.input = b''

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def reset(self):
        """Closes with RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')
        self.socket.close()

    def send(self, data):
        """Sends as much as the server takes: it may reply and close before it has read everything."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def _more(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError as error:
            raise Closed('reset') from error
        if not data:
            raise Closed('closed')
        self.input += data

    def line(self):
        while b'\r\n' not in self.input:
            self._more()
        line, self.input = self.input.split(b'\r\n', 1)
        return line.decode('latin-1')

    def take(self, n):
        while len(self.input) < n:
            self._more()
        taken, self.input = self.input[:n], self.input[n:]
        return taken

    def head(self):
        """(status, headers with lower-case names)"""
        version, status, _ = self.line().split(' ', 2)
        assert version == 'HTTP/1.1', version
        headers = {}
        while line := self.line():
            name, value = line.split(': ', 1)
            assert name.lower() not in headers, f'{name} was sent twice'
            headers[name.lower()] = value
        return int(status), headers

    def chunks(self):
        while n := int(self.line(), 16):
            yield self.take(n)
            assert self.line() == ''
        assert self.line() == ''

    def response(self, is_head=False):
        status, headers = self.head()
        while status == 100:
            status, headers = self.head()
        if is_head or status == 204:
            return Response(status, headers, b'')
        if headers.get('transfer-encoding') == 'chunked':
            return Response(status, headers, b''.join(self.chunks()))
        return Response(status, headers, self.take(int(headers['content-length'])))

    def events(self):
        """Events of a stream whose header has been read; comments are left out."""
        text = b''
        for chunk in self.chunks():
            text += chunk
            while b'\n\n' in text:
                frame, text = text.split(b'\n\n', 1)
                if not frame.startswith(b':'):
                    yield Event(frame.decode())
        assert text == b'', text

    def is_closed(self, seconds=SECONDS):
        """True once the server has closed, and had nothing more to say."""
        self.socket.settimeout(seconds)
        try:
            return self.input == b'' and self.socket.recv(1) == b''
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False


def events_of(response):
    """Events of a stream that was read in full."""
    frames = response.body.decode().split('\n\n')
    assert frames.pop() == ''
    return [Event(frame) for frame in frames if not frame.startswith(':')]


class TapResult(unittest.TestResult):
    n = 0

    def _line(self, good, test, suffix=''):
        self.n += 1
        print(f"{'ok' if good else 'not ok'} {self.n} - {test}{suffix}", flush=True)

    def addSuccess(self, test):
        self._line(True, test)

    def addSkip(self, test, reason):
        self._line(True, test, f' # SKIP {reason}')

    def _fail(self, test, error):
        self._line(False, test)
        for line in self._exc_info_to_string(error, test).splitlines():
            print(f'# {line}', flush=True)

    def addError(self, test, error):
        super().addError(test, error)
        self._fail(test, error)

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self._fail(test, error)

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error:
            self._fail(subtest, error)
        else:
            self._line(True, subtest)


class Case(unittest.TestCase):
    """Tests that share one daemon, started with `options`; ending it well is part of them."""

    options = ()
    is_slow = False
    daemon = None

    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon(*cls.options, *(slow() if cls.is_slow else ()))

    @classmethod
    def tearDownClass(cls):
        cls.daemon.stop()

    def __str__(self):
        return f'{type(self).__name__}.{self._testMethodName}'

    def assert_error(self, response, status, kind, code, param=None):
        """The status and an error object of exactly the documented shape, which tells nothing of the inside."""
        self.assertEqual(response.status, status, response)
        self.assertEqual(response.headers['content-type'], 'application/json')
        self.assertIn('x-request-id', response.headers)
        self.assertEqual(list(response.json()), ['error'])
        error = response.error()
        self.assertEqual(list(error), ['message', 'type', 'param', 'code'])
        self.assertEqual((error['type'], error['code'], error['param']), (kind, code, param), response)
        self.assertGreater(len(error['message']), 10)
        self.assertNotRegex(error['message'], r'0x[0-9a-f]{3}|/work|/tmp|\.c\b|errno|libav')


def main():
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules['__main__'])
    result = TapResult()
    suite.run(result)
    print(f'1..{result.n}', flush=True)
    sys.exit(0 if result.wasSuccessful() else 1)
