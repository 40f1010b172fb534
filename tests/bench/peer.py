"""Another server to measure beside ours."""

import contextlib
import shlex
import socket
import subprocess
import time
import urllib.error
import urllib.request


def free_port():
    with socket.create_server(('127.0.0.1', 0)) as server:
        return server.getsockname()[1]


@contextlib.contextmanager
def started(command, path='/health'):
    """The address (host, port) of a server that is up, `path` answers 200, and its process. In the command {port} stands for its
    port."""
    port = free_port()
    url = f'http://127.0.0.1:{port}{path}'
    arguments = shlex.split(command.replace('{port}', str(port)))
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until_up(process, url)
            yield ('127.0.0.1', port), process
        finally:
            process.kill()  # some do not end when asked to


def wait_until_up(process, url):
    for _ in range(600):
        try:
            if urllib.request.urlopen(url, timeout=5).status == 200:
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
        if process.poll() is not None:
            break
    raise SystemExit(f'the peer does not answer at {url}')
