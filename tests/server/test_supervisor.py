#!/usr/bin/python3
"""What systemd is told and gives: readiness, the watchdog, the end, and a socket to listen on."""

import os
import signal
import socket
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import PROGRAM, SECONDS, Daemon, main, tiny_model


class Supervisor(unittest.TestCase):
    def __str__(self):
        return f'Supervisor.{self._testMethodName}'

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = str(Path(self.folder.name) / 'notify')
        self.told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.told.close)
        self.told.settimeout(SECONDS)

    def wait_for(self, text):
        """The first message with this line."""
        while text not in (message := self.told.recv(4096).decode()).split('\n'):
            pass
        return message

    def test_is_told_of_beginning_and_end(self):
        for kind, address in (('path', self.path), ('abstract', f'\0onellmd-test-{os.getpid()}')):
            with self.subTest(kind):
                told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
                told.settimeout(SECONDS)
                told.bind(address)
                daemon = Daemon(wait=None, NOTIFY_SOCKET=address.replace('\0', '@'))
                self.assertEqual(told.recv(4096), b'READY=1\nSTATUS=Answers questions.')
                self.assertEqual(daemon.get('/readyz').status, 200)
                daemon.signal()
                self.assertIn(b'STOPPING=1', told.recv(4096).split(b'\n'))
                self.assertEqual(daemon.wait(), 0)
                told.close()

    def test_watchdog(self):
        self.told.bind(self.path)
        daemon = Daemon(wait=None, NOTIFY_SOCKET=self.path, WATCHDOG_USEC='100000')
        for _ in range(5):
            self.wait_for('WATCHDOG=1')
        daemon.stop()

    def test_watchdog_of_another_process(self):
        self.told.bind(self.path)
        daemon = Daemon(NOTIFY_SOCKET=self.path, WATCHDOG_USEC='1000', WATCHDOG_PID='1')
        self.assertIn('READY=1', self.told.recv(4096).decode())
        daemon.stop()
        self.assertIn('STOPPING=1', self.told.recv(4096).decode())

    def test_nobody_listens(self):
        for path in ('/nowhere', 'relative', '@', '@' + 'x' * 200):
            Daemon(NOTIFY_SOCKET=path, WATCHDOG_USEC='1000').stop()

    def start_with_socket(self, listening, pid='$$'):
        """A daemon that finds the socket at number 3, as sd_listen_fds(3) has it."""
        number = listening.fileno()
        command = f'exec 3<&{number}; LISTEN_FDS=1 LISTEN_PID={pid} exec "$@"'
        return subprocess.Popen(['sh', '-c', command, 'sh', PROGRAM, '--port', '0', '--drain-delay-ms', '0', '--model',
                                 tiny_model()], pass_fds=[number], stderr=subprocess.PIPE, text=True,
                                env={**os.environ, 'ONELLMD_CONFIG': '/dev/null'})

    def first_address(self, process):
        return next(line for line in process.stderr if 'event=listening' in line).rsplit(':', 1)[1].strip()

    def finish(self, process):
        process.send_signal(signal.SIGTERM)
        process.stderr.read()
        self.assertEqual(process.wait(SECONDS), 0)
        process.stderr.close()

    def test_socket(self):
        with socket.create_server(('127.0.0.1', 0)) as listening:
            port = listening.getsockname()[1]
            early = socket.create_connection(('127.0.0.1', port))  # before the daemon is there
            early.sendall(b'GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
            process = self.start_with_socket(listening)
            self.assertEqual(self.first_address(process), str(port))
        early.settimeout(SECONDS)
        self.assertTrue(early.recv(100).startswith(b'HTTP/1.1 200'))
        early.close()
        self.finish(process)

    def test_socket_of_another_process(self):
        with socket.create_server(('127.0.0.1', 0)) as listening:
            process = self.start_with_socket(listening, pid='1')
            self.assertNotEqual(self.first_address(process), str(listening.getsockname()[1]))
        self.finish(process)


if __name__ == '__main__':
    main()
