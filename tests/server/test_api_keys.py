#!/usr/bin/python3
"""API keys: who may enter, how much at once, and how the file is read anew."""

import hashlib
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import ENDLESS, PROGRAM, Case, main

SHORT = [('prompt', 'x'), ('max_tokens', 1), ('temperature', 0)]
AUTH = 'authentication_error'


def line(label, key, *limit):
    return ' '.join([label, hashlib.sha256(key.encode()).hexdigest(), *map(str, limit)]) + '\n'


def bearer(key):
    return [('Authorization', f'Bearer {key}')]


class KeyCase(Case):
    content = line('anna', 'sesame') + line('bert', 'open', 1)

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.file = Path(cls.folder.name) / 'keys'
        cls.file.write_text(cls.content)
        cls.options = ('--keys', cls.file)
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.folder.cleanup()

    def status(self, headers, path='/v1/models'):
        return self.daemon.request('GET', path, headers).status


class Keys(KeyCase):
    def test_everything_is_closed(self):
        for method, path in [('GET', '/v1/models'), ('GET', '/metrics'), ('GET', '/version'), ('GET', '/nothing'),
                             ('OPTIONS', '/v1/answers'), ('DELETE', '/v1/requests/x'), ('POST', '/v1/tokenize')]:
            for headers in ((), bearer('wrong'), bearer(''), [('Authorization', 'Basic sesame')],
                            bearer(hashlib.sha256(b'sesame').hexdigest())):
                with self.subTest(f'{method} {path} {headers}'):
                    response = self.daemon.request(method, path, headers)
                    self.assert_error(response, 401, AUTH, 'invalid_api_key')
                    self.assertEqual(response.headers['www-authenticate'], 'Bearer')

    def test_but_what_shows_that_it_lives(self):
        for path in ('/livez', '/readyz', '/health'):
            self.assertEqual(self.status((), path), 200)

    def test_uploads_without_a_key(self):
        self.assert_error(self.daemon.ask(('image', b'x' * 1000000), *SHORT), 401, AUTH, 'invalid_api_key')

    def test_those_with_a_key_enter(self):
        for key in ('sesame', 'open'):
            self.assertEqual(self.status(bearer(key)), 200)
            self.assertEqual(self.daemon.ask(*SHORT, headers=bearer(key)).status, 200)
        self.assertEqual(self.status(bearer('sesame'), '/nothing'), 404)

    def test_keys_are_not_logged(self):
        self.status(bearer('sesame'))
        self.status(bearer('secret-that-is-wrong'))
        self.assertNotIn('sesame', self.daemon.log())
        self.assertNotIn('secret-that-is-wrong', self.daemon.log())


class Limits(KeyCase):
    is_slow = True

    def test_so_many_at_once(self):
        running = self.daemon.start_asking(*[('prompt', 'x'), *ENDLESS, ('stream', 'true')], headers=bearer('open'))
        self.assertEqual(running.head()[0], 200)
        response = self.daemon.ask(*SHORT, headers=bearer('open'))
        self.assert_error(response, 429, 'rate_limit_error', 'key_limit')
        self.assertIn('retry-after', response.headers)
        response = self.daemon.request('POST', '/v1/tokenize', bearer('open'), b'{}')
        self.assert_error(response, 429, 'rate_limit_error', 'key_limit')
        n = self.daemon.log().count('event=abandoned')
        running.close()
        self.daemon.wait_for_log('event=abandoned', n + 1)
        for _ in range(3):
            self.assertEqual(self.daemon.ask(*SHORT, headers=bearer('open')).status, 200)

    def test_nobody_cancels_for_others(self):
        asked = self.daemon.start_asking(*[('prompt', 'x'), *ENDLESS, ('stream', 'true')],
                                         headers=[*bearer('sesame'), ('X-Request-Id', 'mine')])
        self.assertEqual(asked.head()[0], 200)
        for key, status in (('open', 404), ('sesame', 200)):
            self.assertEqual(self.daemon.request('DELETE', '/v1/requests/mine', bearer(key)).status, status)
        asked.close()


class Reload(KeyCase):
    def reload(self, content):
        n = self.daemon.log().count('event=keys')
        if content:
            self.file.write_text(content)
        else:
            self.file.unlink()
        self.daemon.signal(signal.SIGHUP)
        return self.daemon.wait_for_log('event=keys', n + 1)

    def test_reload(self):
        self.assertIn('n=2', self.reload(line('anna', 'new') + line('cleo', 'third')))
        self.assertEqual([self.status(bearer(key)) for key in ('sesame', 'open', 'new', 'third')], [401, 401, 200, 200])
        told = self.reload('nonsense')
        self.assertIn('level=error', told)
        self.assertIn('line 1', told)
        self.assertEqual(self.status(bearer('new')), 200)
        self.assertIn('level=error', self.reload(None))
        self.assertEqual(self.status(bearer('new')), 200)


class Start(unittest.TestCase):
    def __str__(self):
        return f'Start.{self._testMethodName}'

    def test_a_bad_file_is_an_error(self):
        with tempfile.TemporaryDirectory() as folder:
            bad = Path(folder) / 'bad'
            bad.write_text('anna sesame\n')
            for file, message in ((bad, 'line 1'), (Path(folder) / 'missing', 'No such file'), (Path(folder), 'is a directory')):
                with self.subTest(message):
                    done = subprocess.run([PROGRAM, '--port', '0', '--keys', file], capture_output=True, text=True,
                                          env={'ONELLMD_CONFIG': '/dev/null'}, timeout=60, check=False)
                    self.assertNotEqual(done.returncode, 0)
                    self.assertIn(message, done.stderr)


if __name__ == '__main__':
    main()
