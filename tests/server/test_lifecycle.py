#!/usr/bin/python3
"""From the first line of the log to the exit status: starts that fail, loading, draining, signals."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from harness import ENDLESS, PROGRAM, SAMPLES, SECONDS, Closed, Daemon, form, head, main, slow, tiny_model

SHORT = [('prompt', 'x'), ('max_tokens', 1), ('temperature', 0)]
SOME = [('prompt', 'x'), ('max_tokens', 150), ('temperature', 2), ('top_p', 1), ('seed', 1)]
STREAM = ('stream', 'true')


def run(*options, program=PROGRAM, **environment):
    return subprocess.run([program, *map(str, options)], capture_output=True, text=True, timeout=SECONDS,
                          env={**os.environ, 'ONELLMD_CONFIG': '/dev/null', **environment})


class Starts(unittest.TestCase):
    def __str__(self):
        return f'Starts.{self._testMethodName}'

    def assert_refused(self, result, *words):
        """Exit status 1 and one line that says why."""
        complaints = [line for line in result.stderr.splitlines() if not line.startswith('time=')]
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertEqual(len(complaints), 1, result.stderr)
        self.assertTrue(complaints[0].startswith('onellmd: '))
        for word in words:
            self.assertIn(word, complaints[0])

    def test_bad_options(self):
        self.assert_refused(run('--port', '70000'), '--port', '0 to 65535')
        self.assert_refused(run('--prot', '1'), '--prot', 'no such option')
        self.assert_refused(run('serve'), 'serve')
        self.assert_refused(run(ONELLMD_QUEUE='many'), 'ONELLMD_QUEUE', '1 to 65536')
        self.assert_refused(run('--config', '/nonexistent.conf'), '/nonexistent.conf')
        with tempfile.NamedTemporaryFile('w', suffix='.conf') as file:
            file.write('port = 1\nprot = 2\n')
            file.flush()
            self.assert_refused(run('--config', file.name), f'{file.name}:2', 'prot')

    def test_port_in_use(self):
        with socket.socket() as other:
            other.bind(('127.0.0.1', 0))
            other.listen()
            port = other.getsockname()[1]
            self.assert_refused(run('--port', port), str(port), 'in use')

    def test_bad_address(self):
        self.assert_refused(run('--host', '192.0.2.1', '--port', 0), '192.0.2.1')
        self.assert_refused(run('--host', 'no.such.host.invalid'), 'no.such.host.invalid')

    def test_bad_model(self):
        self.assert_refused(run('--port', 0, '--model', '/nonexistent.gguf'), '/nonexistent.gguf')
        with tempfile.NamedTemporaryFile(suffix='.gguf') as file:
            file.write(b'GGUF' + b'\xff' * 100)
            file.flush()
            self.assert_refused(run('--port', 0, '--model', file.name), '')
        self.assert_refused(run('--port', 0, '--model', tiny_model(), '--context', 100000), '100000')

    def test_model_that_comes_with_the_program(self):
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder) / 'bin' / 'onellmd'
            program.parent.mkdir()
            for name in ('onellmd', 'onellmd-media'):
                shutil.copy(Path(PROGRAM).with_name(name), program.with_name(name))
            self.assert_refused(run('--port', 0, program=program), 'share/onellmd/demo.gguf', '--model')
            model = Path(folder) / 'share' / 'onellmd' / 'demo.gguf'
            model.parent.mkdir(parents=True)
            shutil.copy(tiny_model(), model)
            daemon = Daemon('--model', '', program=program)
            self.assertEqual(daemon.get('/v1/models').json()['data'][0]['id'], 'demo')
            daemon.stop()

    def test_pages(self):
        result = run('--help')
        self.assertEqual((result.returncode, result.stderr), (0, ''))
        self.assertIn('--drain-delay-ms', result.stdout)
        self.assertIn('ONELLMD_BODY_BYTES_MAX', result.stdout)
        result = run('--version')
        self.assertEqual(result.returncode, 0)
        self.assertRegex(result.stdout, r'^onellmd \d+\.\d+\.\d+\n$')
        result = run('--check-config', '--port', 5, ONELLMD_QUEUE='7')
        self.assertEqual(result.returncode, 0)
        self.assertIn('port = 5 ; command line\n', result.stdout)
        self.assertIn('queue = 7 ; environment\n', result.stdout)
        self.assert_refused(run('--check-config', '--port', 'x'), '--port')

    def test_log_of_a_start(self):
        daemon = Daemon()
        model = daemon.wait_for_log('event=model')
        for key in ('id=', 'bytes=', 'context=', 'kv_positions='):
            self.assertIn(key, model)
        memory = dict(word.split('=') for word in daemon.wait_for_log('event=memory').split() if '_bytes=' in word)
        parts = [int(memory[f'{part}_bytes']) for part in ('packed', 'mapped', 'kv', 'workspace', 'media_cache')]
        self.assertEqual(sum(parts), int(memory['total_bytes']))
        self.assertGreater(int(memory['available_bytes']), 0)
        self.assertIn('mean nothing', daemon.wait_for_log('event=untrained'))
        daemon.stop()

    def test_alive_while_loading(self):
        """Asked as soon as it listens; a machine that has loaded the model by then gets another try."""
        body, content_type = form(SHORT)
        asking = head('POST', '/v1/answers', [('Content-Type', content_type)], body) + body
        for _ in range(10):
            daemon = Daemon(wait=None)
            with daemon.connect() as connection:
                connection.send(b''.join(head('GET', path) for path in ('/livez', '/readyz', '/health', '/v1/models',
                                                                        '/v1/modalities')) + asking)
                live, *loading, modalities = (connection.response() for _ in range(5))
                loading.append(connection.response())
            daemon.wait_for_log('event=ready')
            self.assertEqual(daemon.get('/readyz').status, 200)
            daemon.stop()
            self.assertEqual((live.status, modalities.status), (200, 200))
            if any(response.status == 200 for response in loading):
                continue
            for response in loading:
                self.assertEqual((response.status, response.error()['code']), (503, 'model_loading'), response)
                self.assertRegex(response.headers['retry-after'], r'^[1-9]\d*$')
            return
        self.skipTest('the model is loaded before a question can be asked')

class Ends(unittest.TestCase):
    def __str__(self):
        return f'Ends.{self._testMethodName}'

    def streaming(self, daemon, *parts, n=1):
        """Connections whose streams have begun, and the events of the first, whose answer has begun. The others come
        after it, so that it is the one that is served."""
        connections = [daemon.start_asking(*parts, STREAM)]
        self.assertEqual(connections[0].head()[0], 200)
        events = connections[0].events()
        while next(events).name != 'delta':
            pass
        for _ in range(n - 1):
            connections.append(daemon.start_asking(*parts, STREAM))
            self.assertEqual(connections[-1].head()[0], 200)
        return connections, events

    def test_both_signals(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            daemon = Daemon()
            daemon.signal(number)
            self.assertEqual(daemon.wait(), 0)
            self.assertIn('event=stopped', daemon.log())

    def test_streams_are_finished(self):
        daemon = Daemon(*slow())
        connections, events = self.streaming(daemon, *SOME, n=3)
        daemon.signal()
        self.assertEqual(list(events)[-1].name, 'done')
        for connection in connections[1:]:
            self.assertEqual(list(connection.events())[-1].name, 'done')
        self.assertEqual(daemon.wait(), 0)

    def test_json_is_finished(self):
        daemon = Daemon(*slow())
        connections = [daemon.start_asking(*SOME) for _ in range(3)]
        daemon.wait_for_metric('requests', 3)
        daemon.signal()
        for connection in connections:
            response = connection.response()
            self.assertEqual(response.status, 200)
            self.assertEqual(response.headers['connection'].lower(), 'close')
            self.assertTrue(connection.is_closed())
        self.assertEqual(daemon.wait(), 0)

    def test_upload_is_finished(self):
        daemon = Daemon()
        body, content_type = form(SHORT)
        with daemon.connect() as connection:
            connection.send(head('POST', '/v1/answers', [('Content-Type', content_type)], body) + body[:20])
            daemon.wait_for_metric('requests', 1)
            daemon.signal()
            daemon.wait_for_log('event=stopping')
            connection.send(body[20:])
            self.assertEqual(connection.response().status, 200)
        self.assertEqual(daemon.wait(), 0)

    def test_what_is_left_gets_an_error(self):
        daemon = Daemon(*slow(), '--drain-timeout-ms', 0)
        streams, events = self.streaming(daemon, ('prompt', 'x'), *ENDLESS, n=3)
        waiting = daemon.start_asking(*SOME)
        uploading = daemon.connect()
        body, content_type = form(SHORT)
        uploading.send(head('POST', '/v1/answers', [('Content-Type', content_type)], body) + body[:20])
        daemon.wait_for_metric('requests', 5)
        daemon.signal()
        for ending in [list(events)[-1]] + [list(stream.events())[-1] for stream in streams[1:]]:
            self.assertEqual((ending.name, ending.data['error']['code']), ('error', 'draining'))
        for connection in (waiting, uploading):
            response = connection.response()
            self.assertEqual((response.status, response.error()['code']), (503, 'draining'))
            self.assertIn('retry-after', response.headers)
        self.assertEqual(daemon.wait(), 0)

    def test_serves_during_the_delay(self):
        daemon = Daemon('--drain-delay-ms', 1500)
        with daemon.connect() as kept:
            kept.send(head('GET', '/livez'))
            kept.response()
            daemon.signal()
            daemon.wait_for_log('event=draining')
            response = daemon.get('/readyz')
            self.assertEqual((response.status, response.error()['code']), (503, 'draining'))
            self.assertIn('retry-after', response.headers)
            self.assertEqual(daemon.get('/livez').status, 200)
            response = daemon.ask(*SHORT)
            self.assertEqual((response.status, response.headers['connection'].lower()), (200, 'close'))
            kept.send(head('GET', '/livez'))
            self.assertEqual(kept.response().headers['connection'].lower(), 'close')
        self.assertEqual(daemon.wait(), 0)

    def test_then_stops_listening(self):
        daemon = Daemon(*slow())
        _, events = self.streaming(daemon, *SOME)
        with daemon.connect() as idle:
            daemon.signal()
            daemon.wait_for_log('event=stopping')
            self.assertTrue(idle.is_closed(5))
        with self.assertRaises((OSError, Closed)):
            daemon.get('/livez')
        self.assertEqual(list(events)[-1].name, 'done')
        self.assertEqual(daemon.wait(), 0)

    def test_who_has_connected_gets_a_reply(self):
        """Nothing is accepted or read while the process stands still, and all of that is there when it goes on to stop."""
        daemon = Daemon('--sequences', 8)
        kept = daemon.connect()
        kept.send(head('GET', '/livez'))
        kept.response()
        daemon.signal(signal.SIGSTOP)
        asked = [daemon.start_asking(*SHORT) for _ in range(30)]
        kept.send(head('GET', '/livez'))
        daemon.signal()
        daemon.signal(signal.SIGCONT)
        self.assertEqual(kept.response().status, 200)
        for connection in asked:
            response = connection.response()
            self.assertIn(response.status, (200, 503))
            self.assertEqual(response.headers['connection'].lower(), 'close')
        self.assertEqual(daemon.wait(), 0)

    def test_second_signal_ends_at_once(self):
        daemon = Daemon('--drain-delay-ms', 60000)
        daemon.signal()
        daemon.wait_for_log('event=draining')
        begun = time.monotonic()
        daemon.signal()
        self.assertEqual(daemon.wait(), 1)
        self.assertLess(time.monotonic() - begun, 10)

    def test_right_after_the_start(self):
        for delay in (0, 0.01, 0.05):
            daemon = Daemon(wait=None)
            time.sleep(delay)
            daemon.signal()
            self.assertEqual(daemon.wait(), 0)

    def test_client_that_does_not_read_cannot_hold_it_up(self):
        daemon = Daemon('--drain-timeout-ms', 300)
        with daemon.connect() as connection:
            connection.send(head('GET', '/v1/modalities') * 20000)
            time.sleep(0.5)
            daemon.signal()
            self.assertEqual(daemon.wait(), 0)


class Reload(unittest.TestCase):
    def test_limits_and_level(self):
        with tempfile.NamedTemporaryFile('w') as file:
            def write(text):
                file.seek(0)
                file.truncate()
                file.write(text)
                file.flush()
                n = daemon.log().count('event=config') if daemon else 0
                if daemon:
                    daemon.signal(signal.SIGHUP)
                    return daemon.wait_for_log('event=config', n + 1)
                return None

            daemon = None
            write('body-bytes-max = 1 MiB\nimage-pixels-max = 1000000\n')
            daemon = Daemon(ONELLMD_CONFIG=file.name)
            self.addCleanup(daemon.process.kill)
            parts = [('image', SAMPLES / 'image.jpg'), *SHORT]
            self.assertEqual(daemon.ask(*parts).status, 200)
            line = write('body-bytes-max = 1 KiB\nqueue = 5\n')
            self.assertIn('changed="body-bytes-max, image-pixels-max"', line)
            self.assertIn('level=warning', line)
            self.assertIn('wait_for_restart=queue', line)
            self.assertEqual(daemon.ask(*parts).status, 413)
            self.assertIn('changed="body-bytes-max, image-pixels-max"', write('image-pixels-max = 10\n'))
            response = daemon.ask(*parts)
            self.assertEqual((response.status, response.error()['param']), (413, 'image'))
            line = write('nonsense\n')
            self.assertIn('level=error', line)
            self.assertEqual(daemon.ask(*parts).status, 413)
            write('')
            self.assertEqual(daemon.ask(*parts).status, 200)
            daemon.stop()


if __name__ == '__main__':
    main()
