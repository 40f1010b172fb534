#!/usr/bin/python3
"""What is refused, however it comes: in pieces, as a stream, cut off anywhere; and what does not exist. The table of all that
is wrong with a request is malformed.py."""

import malformed
from harness import Case, chunked, form, main

BAD = 'invalid_request_error'


def parts_of(row):
    """Header without the length of the body, and body."""
    header, body = row.request.split(b'\r\n\r\n', 1)
    lines = [line for line in header.split(b'\r\n') if not line.startswith(b'Content-Length')]
    return b'\r\n'.join(lines) + b'\r\n', body


class Questions(Case):
    def send(self, request):
        with self.daemon.connect() as connection:
            connection.send(request)
            return connection.response()

    def test_forms_in_pieces(self):
        """A boundary may lie across any two pieces."""
        for row in malformed.FORMS:
            header, body = parts_of(row)
            if 0 < len(body) < 10000:
                with self.subTest(row.name):
                    response = self.send(header + b'Transfer-Encoding: chunked\r\n\r\n' + chunked(body, 7))
                    self.assert_error(response, row.status, BAD, row.code, row.param)

    def test_files_as_streams(self):
        """A refusal has the same status however the answer would have come."""
        stream = form([('stream', 'true')])[0].rsplit(b'--test-boundary--', 1)[0]
        for row in malformed.MEDIA[::3]:
            header, body = parts_of(row)
            with self.subTest(row.name):
                body = stream + body
                response = self.send(header + b'Content-Length: %d\r\n\r\n' % len(body) + body)
                self.assert_error(response, row.status, BAD, row.code, row.param)

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
        for path in ('/v1', '/v1/answers/', '/v1/answer', '//v1/answers', '/V1/answers', '/livez/', '/%00', '/livez%00', '/../x',
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


if __name__ == '__main__':
    main()
