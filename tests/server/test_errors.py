#!/usr/bin/python3
"""Every wrong request gets the status, type, code and param that the documentation promises, and the daemon lives on."""

import struct
import zlib

from harness import SAMPLES, Case, chunked, form, head, main

BAD = 'invalid_request_error'
IMAGE = (SAMPLES / 'image.jpg').read_bytes()
DEPTH = (SAMPLES / 'depth.png').read_bytes()
IMU = (SAMPLES / 'imu.csv').read_bytes()
FMRI = (SAMPLES / 'fmri.npy').read_bytes()


def npy(shape, values):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b' ' * (-(len(header) + 11) % 64) + b'\n'
    return b'\x93NUMPY\x01\x00' + struct.pack('<H', len(header)) + header + struct.pack(f'<{len(values)}f', *values)


def png(width, height):
    """A picture that claims a size and has no pixels."""
    def chunk(name, data):
        return struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)) +
            chunk(b'IDAT', zlib.compress(b'')) + chunk(b'IEND', b''))


def part(header, content=b'x'):
    return b'--B\r\n' + header + b'\r\n\r\n' + content + b'\r\n'


def field(name, value=b'x'):
    return part(b'Content-Disposition: form-data; name="%s"' % name, value)


# Parts of a question -> status, type, code, param. Where no prompt is given, one is added.
QUESTIONS = [
    # Prompt and task.
    ([('temperature', '0')], 400, BAD, 'missing_prompt', 'prompt'),
    ([('prompt', '')], 400, BAD, 'missing_prompt', 'prompt'),
    ([('image', IMAGE)], 400, BAD, 'missing_prompt', 'prompt'),
    ([('task', 'sing')], 400, BAD, 'invalid_value', 'task'),
    ([('task', '')], 400, BAD, 'invalid_value', 'task'),
    ([('prompt', 'x'), ('prompt', 'y')], 400, BAD, 'invalid_value', 'prompt'),
    ([('prompt', b'x\0y')], 400, BAD, 'invalid_value', 'prompt'),
    ([('prompt', 'x' * (1 << 20) + 'x')], 400, BAD, 'invalid_value', 'prompt'),
    ([('prompt', 'word ' * 4000)], 400, BAD, 'context_length_exceeded', None),
    # Unknown names.
    ([('prompt', 'x'), ('promt', 'y')], 400, BAD, 'invalid_value', 'promt'),
    ([('prompt', 'x'), ('picture', IMAGE)], 400, BAD, 'invalid_value', 'picture'),
    ([('prompt', 'x'), ('Prompt', 'x')], 400, BAD, 'invalid_value', 'Prompt'),
    ([('prompt', 'x'), ('imu.timestamp', IMU)], 400, BAD, 'invalid_value', 'imu.timestamp'),
    ([('prompt', 'x'), ('a b<script>', 'y')], 400, BAD, 'invalid_value', None),
    # Numbers.
    *[([('prompt', 'x'), ('temperature', value)], 400, BAD, 'invalid_value', 'temperature')
      for value in ('', 'hot', '-1', '2.1', 'nan', 'inf', '1e999', '0x1', ' 1', '1 ', '1,5')],
    *[([('prompt', 'x'), ('max_tokens', value)], 400, BAD, 'invalid_value', 'max_tokens')
      for value in ('0', '-1', '1.5', '1e3', '99999999999999999999', 'many', '1048577')],
    ([('prompt', 'x'), ('top_p', '0')], 400, BAD, 'invalid_value', 'top_p'),
    ([('prompt', 'x'), ('top_p', '1.01')], 400, BAD, 'invalid_value', 'top_p'),
    ([('prompt', 'x'), ('top_k', '-1')], 400, BAD, 'invalid_value', 'top_k'),
    ([('prompt', 'x'), ('min_p', '2')], 400, BAD, 'invalid_value', 'min_p'),
    ([('prompt', 'x'), ('repetition_penalty', '0')], 400, BAD, 'invalid_value', 'repetition_penalty'),
    ([('prompt', 'x'), ('seed', '18446744073709551616')], 400, BAD, 'invalid_value', 'seed'),
    ([('prompt', 'x'), ('timeout_ms', '0')], 400, BAD, 'invalid_value', 'timeout_ms'),
    ([('prompt', 'x'), ('stream', 'maybe')], 400, BAD, 'invalid_value', 'stream'),
    ([('prompt', 'x'), ('temperature', '1'), ('temperature', '1')], 400, BAD, 'invalid_value', 'temperature'),
    # Stop strings.
    ([('prompt', 'x'), ('stop', '')], 400, BAD, 'invalid_value', 'stop'),
    ([('prompt', 'x'), ('stop', 's' * 129)], 400, BAD, 'invalid_value', 'stop'),
    ([('prompt', 'x'), *[('stop', f'{i}') for i in range(5)]], 400, BAD, 'invalid_value', 'stop'),
    # Options of media.
    ([('audio.start', '1')], 400, BAD, 'invalid_value', 'audio.start'),
    ([('imu.start', '1'), ('imu', IMU)], 400, BAD, 'invalid_value', 'imu.start'),
    ([('imu', IMU), ('imu.start', '-1')], 400, BAD, 'invalid_value', 'imu.start'),
    ([('imu', IMU), ('imu.start', '1'), ('imu.start', '1')], 400, BAD, 'invalid_value', 'imu.start'),
    ([('imu.timestamps', IMU)], 400, BAD, 'invalid_value', 'imu.timestamps'),
    ([('fmri.mask', IMU)], 400, BAD, 'invalid_value', 'fmri.mask'),
    ([('depth', DEPTH), ('depth.range', '5,5')], 400, BAD, 'invalid_value', 'depth.range'),
    ([('depth', DEPTH), ('depth.range', 'wide')], 400, BAD, 'invalid_value', 'depth.range'),
    # Files.
    ([('image', b'')], 400, BAD, 'invalid_value', 'image'),
    ([('image', b'just some text')], 415, BAD, 'unsupported_media_type', 'image'),
    ([('image', FMRI)], 415, BAD, 'unsupported_media_type', 'image'),
    ([('audio', IMAGE)], 415, BAD, 'unsupported_media_type', 'audio'),
    ([('video', b'%PDF-1.7 nothing to see')], 415, BAD, 'unsupported_media_type', 'video'),
    ([('video', b'#EXTM3U\nhttp://example.com/x.ts\n')], 415, BAD, 'unsupported_media_type', 'video'),
    ([('image', IMAGE[:200])], 400, BAD, 'invalid_media', 'image'),
    ([('image', png(30000, 30000))], 413, BAD, 'payload_too_large', 'image'),
    ([('image', IMAGE), ('image', IMAGE[:200])], 400, BAD, 'invalid_media', 'image[1]'),
    ([('point', npy((2000, 6), [float('nan')] * 12000))], 400, BAD, 'invalid_media', 'point'),
    ([('point', npy((1023, 6), [0.5] * 6138))], 400, BAD, 'invalid_value', 'point'),
    ([('fmri', npy((1, 5), [1.0] * 5))], 400, BAD, 'invalid_value', 'fmri'),
    ([('fmri', FMRI[:-1])], 400, BAD, 'invalid_media', 'fmri'),
    ([('imu', IMU), ('imu.start', '1000')], 400, BAD, 'invalid_value', 'imu'),
    ([('image', IMAGE)] * 9, 400, BAD, 'invalid_value', 'image'),
    ([('image', IMAGE)] * 17, 400, BAD, 'invalid_value', 'image'),
    ([('image', b'x')] * 33, 400, BAD, 'invalid_value', 'image'),
]

END = b'--B--\r\n'
MULTIPART = 'multipart/form-data; boundary=B'
# Raw bodies with their Content-Type -> status, type, code. The param is null.
BODIES = [
    (b'{"prompt": "x"}', 'application/json', 415, BAD, 'unsupported_media_type'),
    (b'prompt=x', 'application/x-www-form-urlencoded', 415, BAD, 'unsupported_media_type'),
    (field(b'prompt') + END, 'multipart/mixed; boundary=B', 415, BAD, 'unsupported_media_type'),
    (field(b'prompt') + END, None, 415, BAD, 'unsupported_media_type'),
    (field(b'prompt') + END, 'multipart/form-data', 400, BAD, 'invalid_value'),
    (field(b'prompt') + END, 'multipart/form-data; boundary=', 400, BAD, 'invalid_value'),
    (field(b'prompt') + END, 'multipart/form-data; boundary=' + 'B' * 71, 400, BAD, 'invalid_value'),
    (field(b'prompt') + END, 'multipart/form-data; boundary="B', 400, BAD, 'invalid_value'),
    (field(b'prompt') + END, 'multipart/form-data; boundary=C', 400, BAD, 'invalid_value'),
    (b'', MULTIPART, 400, BAD, 'invalid_value'),
    (b'--B', MULTIPART, 400, BAD, 'invalid_value'),
    (field(b'prompt'), MULTIPART, 400, BAD, 'invalid_value'),
    (field(b'prompt') + b'--B-', MULTIPART, 400, BAD, 'invalid_value'),
    (field(b'prompt') + b'--Bx\r\n', MULTIPART, 400, BAD, 'invalid_value'),
    (b'--B\r\n\r\nx\r\n' + END, MULTIPART, 400, BAD, 'invalid_value'),
    (part(b'Content-Type: text/plain') + END, MULTIPART, 400, BAD, 'invalid_value'),
    (part(b'Content-Disposition: form-data') + END, MULTIPART, 400, BAD, 'invalid_value'),
    (part(b'Content-Disposition: form-data; name=""') + END, MULTIPART, 400, BAD, 'invalid_value'),
    (part(b'Content-Disposition: attachment; name="prompt"') + END, MULTIPART, 400, BAD, 'invalid_value'),
    (part(b'Content-Disposition: form-data; name="prompt') + END, MULTIPART, 400, BAD, 'invalid_value'),
    (part(b'Content-Disposition: form-data; name="' + b'n' * 129 + b'"') + END, MULTIPART, 400, BAD, 'invalid_value'),
    (part(b'Content-Disposition form-data') + END, MULTIPART, 400, BAD, 'invalid_value'),
    (part(b'X: ' + b'x' * 2000) + END, MULTIPART, 400, BAD, 'invalid_value'),
    (part(b'\r\n'.join([b'X: y'] * 17)) + END, MULTIPART, 400, BAD, 'invalid_value'),
    (part(b'Content-Transfer-Encoding: base64\r\nContent-Disposition: form-data; name="prompt"') + END, MULTIPART, 400,
     BAD, 'invalid_value'),
    ((field(b'prompt') + END).replace(b'\r\n', b'\n'), MULTIPART, 400, BAD, 'invalid_value'),
]

# Whole requests -> status, type, code; the connection must be closed after it.
FRAMING = {
    'no Host': (b'GET /livez HTTP/1.1\r\n\r\n', 400, BAD, 'invalid_value'),
    'two Hosts': (head('GET', '/livez', [('Host', 'a'), ('Host', 'b')]), 400, BAD, 'invalid_value'),
    'two lengths': (head('POST', '/v1/answers', [('Content-Length', '5'), ('Content-Length', '6')]) + b'123456', 400,
                    BAD, 'invalid_value'),
    'the same length twice': (head('POST', '/v1/answers', [('Content-Length', '5'), ('Content-Length', '5')]) +
                              b'12345', 400, BAD, 'invalid_value'),
    'length and chunked': (head('POST', '/v1/answers', [('Content-Length', '5'), ('Transfer-Encoding', 'chunked')]) +
                           chunked(b'12345', 5), 400, BAD, 'invalid_value'),
    'unknown coding': (head('POST', '/v1/answers', [('Transfer-Encoding', 'gzip')]) + b'12345', 400, BAD,
                       'invalid_value'),
    'two codings': (head('POST', '/v1/answers', [('Transfer-Encoding', 'gzip, chunked')]) + b'0\r\n\r\n', 400, BAD,
                    'invalid_value'),
    'chunked in HTTP/1.0': (head('POST', '/v1/answers', [('Transfer-Encoding', 'chunked')], version='HTTP/1.0') +
                            b'0\r\n\r\n', 400, BAD, 'invalid_value'),
    'blank in a name': (head('GET', '/livez', [('Content-Length ', '5')]), 400, BAD, 'invalid_value'),
    'large header': (head('GET', '/livez', [('X', 'x' * 17000)]), 431, BAD, 'header_too_large'),
}


class Questions(Case):
    def test_questions(self):
        for parts, status, kind, code, param in QUESTIONS:
            names = {name for name, _ in parts}
            if code != 'missing_prompt' and not names & {'prompt', 'task'}:
                parts = [*parts, ('prompt', 'x')]
            with self.subTest(', '.join(f'{name}={value[:20]!r}' for name, value in parts)[:80]):
                self.assert_error(self.daemon.ask(*parts), status, kind, code, param)

    def test_questions_as_streams(self):
        """A refusal has the same status however the answer would have come, when `stream` came before it."""
        for parts, status, kind, code, param in QUESTIONS[::7]:
            names = {name for name, _ in parts}
            if code != 'missing_prompt' and not names & {'prompt', 'task'}:
                parts = [*parts, ('prompt', 'x')]
            if 'stream' not in names:
                with self.subTest(', '.join(f'{name}={value[:20]!r}' for name, value in parts)[:80]):
                    self.assert_error(self.daemon.ask(('stream', 'true'), *parts), status, kind, code, param)

    def test_bodies(self):
        for body, content_type, status, kind, code in BODIES:
            headers = [('Content-Type', content_type)] if content_type else []
            if not body:
                headers.append(('Content-Length', '0'))
            with self.subTest(f'{content_type} {body[:60]!r}'[:100]):
                self.assert_error(self.daemon.request('POST', '/v1/answers', headers, body), status, kind, code)
            if body:
                with self.subTest(f'chunked {content_type} {body[:60]!r}'[:100]):
                    chunky = [*headers, ('Transfer-Encoding', 'chunked')]
                    self.assert_error(self.daemon.request('POST', '/v1/answers', chunky, chunked(body, 7)), status,
                                      kind, code)

    def test_every_truncation(self):
        """A body that ends anywhere but at its end is refused, whatever the cut leaves."""
        body, content_type = form([('prompt', 'x'), ('temperature', '0'), ('max_tokens', '1')])
        needed = body.rindex(b'--') + 2
        for n in range(1, needed, 5):
            response = self.daemon.request('POST', '/v1/answers', [('Content-Type', content_type)], body[:n])
            self.assert_error(response, 400, BAD, 'invalid_value')

    def test_what_is_accepted_is_listed(self):
        message = self.daemon.ask(('image', b'text'), ('prompt', 'x')).error()['message']
        for name in ('jpeg', 'png', 'webp'):
            self.assertIn(name, message)
        message = self.daemon.request('POST', '/v1/answers', [('Content-Type', 'application/json')], b'{}').error()
        self.assertIn('multipart/form-data', message['message'])


class Requests(Case):
    def test_addresses(self):
        for path in ('/', '/v1', '/v1/answers/', '/v1/answer', '//v1/answers', '/V1/answers', '/livez/', '/%00', '/../x',
                     '/v1/chat', '/v1/completions'):
            for method in ('GET', 'POST', 'DELETE'):
                self.assert_error(self.daemon.request(method, path), 404, 'not_found_error', 'not_found')

    def test_methods(self):
        for method, path, allowed in [('GET', '/v1/answers', 'POST, OPTIONS'), ('HEAD', '/v1/answers', None),
                                      ('PUT', '/v1/answers', 'POST, OPTIONS'), ('PATCH', '/v1/answers', 'POST, OPTIONS'),
                                      ('DELETE', '/v1/models', 'GET, HEAD, OPTIONS'),
                                      ('POST', '/livez', 'GET, HEAD, OPTIONS'),
                                      ('BREW', '/livez', 'GET, HEAD, OPTIONS')]:
            response = self.daemon.request(method, path)
            if method == 'HEAD':
                self.assertEqual((response.status, response.headers['allow']), (405, 'POST, OPTIONS'))
                continue
            self.assert_error(response, 405, 'not_found_error', 'method_not_allowed')
            self.assertEqual(response.headers['allow'], allowed)

    def test_methods_with_a_body(self):
        response = self.daemon.request('POST', '/livez', body=b'x' * 1000000)
        self.assert_error(response, 405, 'not_found_error', 'method_not_allowed')

    def test_framing(self):
        for name, (request, status, kind, code) in FRAMING.items():
            with self.subTest(name), self.daemon.connect() as connection:
                connection.send(request)
                response = connection.response()
                self.assert_error(response, status, kind, code)
                self.assertEqual(response.headers['connection'].lower(), 'close')
                self.assertTrue(connection.is_closed())

    def test_what_libmicrohttpd_answers_itself(self):
        """Its replies are not JSON, but they are refusals."""
        for name, request, status in [
                ('huge header', head('GET', '/livez', [('X', 'x' * 100000)]), 431),
                ('huge address', head('GET', '/' + 'x' * 100000), 414),
                ('negative length', head('POST', '/v1/answers', [('Content-Length', '-1')]), 400),
                ('length with a sign', head('POST', '/v1/answers', [('Content-Length', '+1')]), 400),
                ('list of lengths', head('POST', '/v1/answers', [('Content-Length', '1, 1')]), 400),
                ('enormous length', head('POST', '/v1/answers', [('Content-Length', '9' * 30)]), 413),
                ('HTTP/2', b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505),
                ('bad chunk', head('POST', '/v1/answers', [('Transfer-Encoding', 'chunked'),
                                                           ('Content-Type', MULTIPART)]) + b'zz\r\n', 400)]:
            with self.subTest(name), self.daemon.connect() as connection:
                connection.send(request)
                self.assertEqual(connection.head()[0], status)

    def test_garbage(self):
        for garbage in (b'\0' * 1000, b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', b'\r\n\r\n\r\n', b'GET\r\n\r\n'):
            with self.daemon.connect() as connection:
                connection.send(garbage)
        self.assertEqual(self.daemon.get('/livez').status, 200)


if __name__ == '__main__':
    main()
