"""HAProxy and nginx, started from deploy/haproxy.cfg and deploy/nginx.conf as they are: only addresses are filled in."""

import atexit
import contextlib
import os
import random
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 60
# What Debian's nginx.conf says around the files of conf.d, for one that runs beside others and without rights.
NGINX_MAIN = """daemon off;
pid {folder}/pid;
error_log stderr info;
events {{ worker_connections 1024; }}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/onellmd.conf;
}}
"""


def free_port():
    """One below those of outgoing connections, which could take it while a daemon is restarted."""
    for port in random.sample(range(20000, 32000), 100):
        with contextlib.suppress(OSError), socket.create_server(('127.0.0.1', port)):
            return port
    raise AssertionError('no port is free')


def program(name):
    """Path of a program; Debian keeps servers where only root looks."""
    return shutil.which(name, path=os.environ.get('PATH', '') + ':/usr/sbin:/sbin')


def replace_once(text, old, new):
    assert text.count(old) == 1, f'"{old}" is there {text.count(old)} times'
    return text.replace(old, new)


def haproxy(port, daemons, _):
    """(command, environment)"""
    first, second = (f'127.0.0.1:{number}' for number in daemons)
    return ([program('haproxy'), '-f', ROOT / 'deploy' / 'haproxy.cfg'],
            {'ONELLMD_FRONT': f'127.0.0.1:{port}', 'ONELLMD_1': first, 'ONELLMD_2': second})


def nginx(port, daemons, folder):
    """(command, environment)"""
    text = (ROOT / 'deploy' / 'nginx.conf').read_text()
    text = replace_once(text, 'listen 8080;', f'listen 127.0.0.1:{port};')
    for old, new in zip((8081, 8082), daemons):
        text = replace_once(text, f'server 127.0.0.1:{old} ', f'server 127.0.0.1:{new} ')
    (folder / 'onellmd.conf').write_text(text)
    (folder / 'main.conf').write_text(NGINX_MAIN.format(folder=folder))
    return [program('nginx'), '-p', folder, '-c', folder / 'main.conf'], {}


PROXIES = {'haproxy': haproxy, 'nginx': nginx}


class Proxy:
    """One of PROXIES in front of daemons at these two ports."""

    def __init__(self, kind, daemons):
        self.folder = tempfile.TemporaryDirectory()
        self.address = '127.0.0.1', free_port()
        self.log = Path(self.folder.name) / 'log'
        command, environment = PROXIES[kind](self.address[1], daemons, Path(self.folder.name))
        with self.log.open('wb') as log:
            self.process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=log, stderr=log)
        atexit.register(self.process.kill)  # a test may break off
        deadline = time.monotonic() + SECONDS
        while not self._listens():
            assert self.process.poll() is None and time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def _listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(self.address) == 0

    def stop(self):
        self.process.terminate()
        self.process.wait(SECONDS)
        self.folder.cleanup()
