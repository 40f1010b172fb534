#!/usr/bin/python3
"""Connections: kept, pipelined, closed; methods; ids; and an idle server that uses no processor."""

import time

from harness import Case, Daemon, form, head, main

ASK, CONTENT_TYPE = form([('prompt', 'x'), ('max_tokens', '2'), ('temperature', '0')])
ASKING = head('POST', '/v1/answers', [('Content-Type', CONTENT_TYPE)], ASK) + ASK


class Connections(Case):
    options = ('--header-timeout-ms', '600', '--keep-alive-ms', '700', '--connections-max', '200')

    def test_keep_alive(self):
        with self.daemon.connect() as connection:
            for _ in range(3):
                connection.send(head('GET', '/livez'))
                self.assertEqual(connection.response().status, 200)
                connection.send(ASKING)
                self.assertEqual(connection.response().status, 200)
                connection.send(head('GET', '/nowhere'))
                self.assertEqual(connection.response().status, 404)

    def test_pipelining(self):
        with self.daemon.connect() as connection:
            connection.send(head('GET', '/livez', [('X-Request-Id', 'first')]) + ASKING +
                            head('GET', '/nowhere', [('X-Request-Id', 'third')]) +
                            head('GET', '/version', [('X-Request-Id', 'fourth')]))
            first, second, third, fourth = (connection.response() for _ in range(4))
            self.assertEqual((first.status, first.headers['x-request-id']), (200, 'first'))
            self.assertEqual(second.json()['object'], 'answer')
            self.assertEqual((third.status, third.headers['x-request-id']), (404, 'third'))
            self.assertEqual(fourth.json()['name'], 'onellmd')

    def test_connection_close(self):
        with self.daemon.connect() as connection:
            connection.send(head('GET', '/livez', [('Connection', 'close')]))
            self.assertEqual(connection.response().status, 200)
            self.assertTrue(connection.is_closed())

    def test_http_1_0(self):
        with self.daemon.connect() as connection:
            connection.send(b'GET /livez HTTP/1.0\r\n\r\n')
            self.assertEqual(connection.response().status, 200)
            self.assertTrue(connection.is_closed())

    def test_idle_connection_is_closed(self):
        with self.daemon.connect() as connection:
            connection.send(head('GET', '/livez'))
            connection.response()
            begun = time.monotonic()
            self.assertTrue(connection.is_closed())
            self.assertGreater(time.monotonic() - begun, 0.6)

    def test_silent_connection_is_closed(self):
        with self.daemon.connect() as connection:
            self.assertTrue(connection.is_closed())

    def test_slow_header_is_cut_off(self):
        """A byte now and then keeps a connection busy for ever, unless the whole header has a deadline."""
        for prefix in (b'', head('GET', '/livez')):
            with self.daemon.connect() as connection:
                connection.send(prefix)
                if prefix:
                    connection.response()
                begun = time.monotonic()
                for byte in head('GET', '/livez', [('X', 'x' * 200)]):
                    connection.send(bytes([byte]))
                    time.sleep(0.05)
                    if time.monotonic() - begun > 3:
                        break
                self.assertTrue(connection.is_closed(5))

    def test_many_connections(self):
        """More than the limit: the others wait and are served when places become free."""
        connections = [self.daemon.connect() for _ in range(300)]
        for connection in connections:
            connection.send(head('GET', '/livez', [('Connection', 'close')]))
        for connection in connections:
            self.assertEqual(connection.response().status, 200)
            connection.close()

    def test_request_ids(self):
        for given, kept in [('abc.DEF_1-2', True), ('x' * 64, True), ('x' * 65, False), ('a b', False), ('ä', False),
                            ('"', False), ('', False)]:
            response = self.daemon.request('GET', '/livez', [('X-Request-Id', given)])
            if kept:
                self.assertEqual(response.headers['x-request-id'], given)
            else:
                self.assertRegex(response.headers['x-request-id'], r'^req-[0-9a-f]{24}$')
        ids = {self.daemon.get('/livez').headers['x-request-id'] for _ in range(20)}
        self.assertEqual(len(ids), 20)
        response = self.daemon.ask(('prompt', ''), headers=[('X-Request-Id', 'mine')])
        self.assertEqual((response.status, response.headers['x-request-id']), (400, 'mine'))
        response = self.daemon.ask(('prompt', 'x'), ('max_tokens', 1), ('stream', 'true'),
                                   headers=[('X-Request-Id', 'mine-too')])
        self.assertEqual((response.status, response.headers['x-request-id']), (200, 'mine-too'))
        self.assertIn('event=answer', self.daemon.wait_for_log('request=mine-too'))

    def test_log_cannot_be_forged(self):
        self.daemon.request('GET', '/x%0alevel=error%20event=forged', [('X-Request-Id', 'forger')])
        line = self.daemon.wait_for_log('id=forger')
        self.assertIn(r'path="/x\x0alevel=error event=forged"', line)

    def test_head(self):
        for path in ('/livez', '/v1/models', '/nowhere'):
            expected = self.daemon.get(path)
            response = self.daemon.request('HEAD', path)
            self.assertEqual(response.status, expected.status)
            self.assertEqual(response.headers['content-length'], expected.headers['content-length'])
            self.assertEqual(response.headers['content-type'], 'application/json')

    def test_head_keeps_the_connection(self):
        with self.daemon.connect() as connection:
            connection.send(head('HEAD', '/livez') + head('GET', '/livez'))
            connection.response(is_head=True)
            self.assertEqual(connection.response().json(), {'status': 'ok'})

    def test_options(self):
        for path, allowed in [('/livez', 'GET, HEAD, OPTIONS'), ('/v1/answers', 'POST, OPTIONS'),
                              ('*', 'GET, HEAD, POST, DELETE, OPTIONS')]:
            response = self.daemon.request('OPTIONS', path)
            self.assertEqual((response.status, response.headers['allow'], response.body), (204, allowed, b''))
        self.assertEqual(self.daemon.request('OPTIONS', '/nowhere').status, 404)

    def test_query_is_ignored(self):
        self.assertEqual(self.daemon.get('/livez?x=1&y').status, 200)

    def test_ipv6(self):
        daemon = Daemon('--host', '::')
        try:
            for address in ('::1', '127.0.0.1'):
                daemon.address = (address, daemon.address[1])
                self.assertEqual(daemon.get('/livez').status, 200)
        finally:
            daemon.stop()


class Pieces(Case):
    def test_header_in_pieces(self):
        """However it arrives, and behind another request, everything of it is understood."""
        request = head('GET', '/livez', [(f'X-{i}', 'x' * (i % 90)) for i in range(150)])
        for size in (7, 1000, 5000):
            with self.daemon.connect() as connection:
                data = head('GET', '/version') + request * 2
                for i in range(0, len(data), size):
                    connection.send(data[i:i + size])
                for _ in range(3):
                    self.assertEqual(connection.response().status, 200)


class Idle(Case):
    """Nothing to do costs nothing: no connection, kept connections, a stalled upload, a waiting client."""

    def cpu(self, seconds=2):
        begun = self.daemon.cpu_seconds()
        time.sleep(seconds)
        return self.daemon.cpu_seconds() - begun

    def test_idle(self):
        time.sleep(0.5)
        self.assertLess(self.cpu(), 0.1)

    def test_kept_connections(self):
        connections = [self.daemon.connect() for _ in range(100)]
        for connection in connections:
            connection.send(head('GET', '/livez'))
            connection.response()
        self.assertLess(self.cpu(), 0.1)
        for connection in connections:
            connection.close()

    def test_stalled_uploads(self):
        connections = [self.daemon.connect() for _ in range(20)]
        for connection in connections:
            connection.send(ASKING[:-20])
        self.assertLess(self.cpu(), 0.1)
        for connection in connections:
            connection.send(ASKING[-20:])
        for connection in connections:
            self.assertEqual(connection.response().status, 200)
            connection.close()

    def test_reader_that_does_not_read(self):
        with self.daemon.connect() as connection:
            for _ in range(3):
                connection.send(head('GET', '/v1/modalities') * 2000)
            time.sleep(1)
            self.assertLess(self.cpu(), 0.1)


if __name__ == '__main__':
    main()
