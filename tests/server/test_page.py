#!/usr/bin/python3
"""Are the playground and the sample files served as browsers and proxies want them? What the page does is tested in
tests/playground."""

import gzip
import hashlib
import re
import tempfile
from pathlib import Path

from harness import Case, ROOT, main

GZIP = [('Accept-Encoding', 'gzip, deflate, br')]


class Page(Case):
    def fetch(self, path, *headers):
        response = self.daemon.request('GET', path, headers)
        self.assertEqual(response.status, 200, response)
        return response

    def test_page(self):
        response = self.fetch('/')
        self.assertEqual(response.headers['content-type'], 'text/html; charset=utf-8')
        self.assertTrue(response.body.startswith(b'<!doctype html>'))
        self.assertEqual(response.headers['cache-control'], 'no-cache')
        self.assertEqual(response.headers['x-content-type-options'], 'nosniff')
        self.assertEqual(response.headers['referrer-policy'], 'no-referrer')
        self.assertTrue(response.headers['content-security-policy'].startswith("default-src 'none'; script-src 'self';"))
        self.assertNotRegex(response.body.decode(), r'(src|href)="(https?:)?/')

    def test_head(self):
        response = self.daemon.request('HEAD', '/')
        self.assertEqual(response.status, 200)
        self.assertEqual(int(response.headers['content-length']), len(self.fetch('/').body))

    def test_samples_are_the_files(self):
        for name in ('image-red-circle.jpg', 'imu-walking.csv', 'fmri-face.npy'):
            self.assertEqual(self.fetch(f'/samples/{name}').body, (ROOT / 'docs/samples' / name).read_bytes())
        self.assertEqual(self.fetch('/samples/image-red-circle.jpg').headers['content-type'], 'image/jpeg')

    def test_compressed_for_those_who_take_it(self):
        plain = self.fetch('/samples/imu-walking.csv')
        self.assertNotIn('content-encoding', plain.headers)
        for accepted in ('gzip', 'deflate, gzip;q=0.5', 'br,gzip'):
            packed = self.fetch('/samples/imu-walking.csv', ('Accept-Encoding', accepted))
            self.assertEqual(packed.headers['content-encoding'], 'gzip', accepted)
            self.assertEqual(gzip.decompress(packed.body), plain.body)
            self.assertNotEqual(packed.headers['etag'], plain.headers['etag'])
        for accepted in ('gzip;q=0', 'gzip; q=0.0', 'xgzip', 'gzipped', 'br', ''):
            self.assertEqual(self.fetch('/samples/imu-walking.csv', ('Accept-Encoding', accepted)).body, plain.body, accepted)
        self.assertEqual(plain.headers['vary'], 'Accept-Encoding')
        self.assertNotIn('content-encoding', self.fetch('/samples/image-red-circle.jpg', *GZIP).headers)

    def test_not_sent_twice(self):
        for headers in ([], GZIP):
            tag = self.fetch('/samples/imu-walking.csv', *headers).headers['etag']
            self.assertRegex(tag, r'^"[0-9a-f]{24}(-gzip)?"$')
            with self.daemon.connect() as connection:
                for asked in (tag, f'"other", W/{tag}'):
                    lines = ''.join(f'{name}: {value}\r\n' for name, value in [*headers, ('If-None-Match', asked)])
                    connection.send(f'GET /samples/imu-walking.csv HTTP/1.1\r\nHost: test\r\n{lines}\r\n'.encode())
                    status, found = connection.head()
                    self.assertEqual((status, found['etag']), (304, tag))
        self.fetch('/samples/imu-walking.csv', ('If-None-Match', '"other"'))

    def test_assets_are_kept_for_good(self):
        page = self.fetch('/').body.decode()
        for path in re.findall(r'(?:src|href)="\./(assets/[^"]+)"', page):
            self.assertIn('immutable', self.fetch(f'/{path}').headers['cache-control'])

    def test_what_is_not_there(self):
        for path in ('/assets/none.js', '/samples/none.png', '/samples/make.py', '/samples/../VERSION', '/index.html'):
            self.assert_error(self.daemon.get(path), 404, 'not_found_error', 'not_found')
        self.assert_error(self.daemon.request('POST', '/'), 405, 'not_found_error', 'method_not_allowed')


class PageWithKeys(Case):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        keys = Path(cls.folder.name) / 'keys'
        keys.write_text(f'anna {hashlib.sha256(b"sesame").hexdigest()}\n')
        cls.options = ('--keys', keys)
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.folder.cleanup()

    def test_is_open(self):
        for path in ('/', '/samples/imu-walking.csv'):
            self.assertEqual(self.daemon.get(path).status, 200)

    def test_nothing_else_is(self):
        for path in ('/v1/models', '/metrics', '/samples', '/samples/imu-walking.csv/x', '//'):
            self.assert_error(self.daemon.get(path), 401, 'authentication_error', 'invalid_api_key')


if __name__ == '__main__':
    main()
