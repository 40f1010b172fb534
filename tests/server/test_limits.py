#!/usr/bin/python3
"""What is too much, too many or too slow: refused early, with the right status, and with everybody else served."""

import json
import time
import unittest

from harness import ENDLESS, SAMPLES, Case, Closed, Daemon, chunked, endless, events_of, form, head, main, wait_until

BAD = 'invalid_request_error'
SHORT = [('prompt', 'x'), ('max_tokens', 1), ('temperature', 0)]


def upload(parts, *headers):
    body, content_type = form(parts)
    return head('POST', '/v1/answers', [('Content-Type', content_type), *headers], body), body


class Queue(Case):
    options = ('--queue', '1')

    def hold_places(self):
        """Two uploads that never end take the two places."""
        wait_until(lambda: self.daemon.metric('requests') == 0)
        header, body = upload(SHORT)
        connections = [self.daemon.connect() for _ in range(2)]
        for connection in connections:
            connection.send(header + body[:10])
        self.daemon.wait_for_metric('requests', 2)
        return connections

    def test_full(self):
        connections = self.hold_places()
        for parts in (SHORT, [('image', SAMPLES / 'image.jpg'), *SHORT]):
            response = self.daemon.ask(*parts)
            self.assert_error(response, 429, 'rate_limit_error', 'queue_full')
            self.assertRegex(response.headers['retry-after'], r'^[1-9]\d*$')
            self.assertLessEqual(int(response.headers['retry-after']), 600)
        self.assertEqual(self.daemon.get('/readyz').status, 200)
        connections[0].close()
        self.daemon.wait_for_log('event=abandoned')
        self.assertEqual(self.daemon.ask(*SHORT).status, 200)
        connections[1].close()

    def test_refused_before_the_body(self):
        """With `Expect: 100-continue` not a byte of the body is asked for; without it, the reply does not wait for it."""
        connections = self.hold_places()
        with self.daemon.connect() as connection:
            connection.send(upload(SHORT, ('Expect', '100-continue'))[0])
            self.assert_error(connection.response(), 429, 'rate_limit_error', 'queue_full')
        with self.daemon.connect() as connection:
            connection.send(upload([*SHORT, ('stop', 'x' * 100000)])[0])
            self.assert_error(connection.response(), 429, 'rate_limit_error', 'queue_full')
        for connection in connections:
            connection.close()

    def test_retry_after_follows_the_speed(self):
        for _ in range(3):
            self.daemon.ask(*SHORT)
        connections = self.hold_places()
        self.assertLessEqual(int(self.daemon.ask(*SHORT).headers['retry-after']), 5)
        for connection in connections:
            connection.close()

    def test_burst(self):
        """Every one of many questions is answered or told to come back."""
        connections = [self.daemon.start_asking(*SHORT) for _ in range(40)]
        statuses = [connection.response().status for connection in connections]
        self.assertEqual(set(statuses) - {200, 429}, set())
        self.assertGreaterEqual(statuses.count(200), 2)
        for connection in connections:
            connection.close()


class Sizes(Case):
    options = ('--body-bytes-max', '200KiB', '--uploads-bytes-max', '300KiB', '--parts-max', '3')

    def test_announced(self):
        header, body = upload([('image', b'x' * 300000), *SHORT])
        with self.daemon.connect() as connection:
            connection.send(header)
            self.assert_error(connection.response(), 413, BAD, 'payload_too_large')
        with self.daemon.connect() as connection:
            connection.send(header + body)
            self.assert_error(connection.response(), 413, BAD, 'payload_too_large')
            self.assertTrue(connection.is_closed())

    def test_not_announced(self):
        body, content_type = form([('image', b'x' * 300000), *SHORT])
        headers = [('Content-Type', content_type), ('Transfer-Encoding', 'chunked')]
        response = self.daemon.request('POST', '/v1/answers', headers, chunked(body, 1000))
        self.assert_error(response, 413, BAD, 'payload_too_large')

    def test_reply_arrives_during_the_upload(self):
        """The client that is still sending gets to read why it should stop."""
        body, content_type = form([('image', b'x' * 3000000), *SHORT])
        with self.daemon.connect() as connection:
            connection.send(head('POST', '/v1/answers', [('Content-Type', content_type),
                                                         ('Transfer-Encoding', 'chunked')]))
            connection.send(b'%x\r\n' % len(body))
            for i in range(0, 2000000, 10000):
                connection.send(body[i:i + 10000])
            self.assert_error(connection.response(), 413, BAD, 'payload_too_large')

    def test_largest_that_fits(self):
        body, content_type = form([('image', SAMPLES / 'image.jpg'), ('prompt', 'x'), ('max_tokens', 1)])
        body += b'e' * (200 * 1024 - len(body))
        for extra, status in ((b'', 200), (b'e', 413)):
            response = self.daemon.request('POST', '/v1/answers', [('Content-Type', content_type)], body + extra)
            self.assertEqual(response.status, status)
            headers = [('Content-Type', content_type), ('Transfer-Encoding', 'chunked')]
            response = self.daemon.request('POST', '/v1/answers', headers, chunked(body + extra, 5000))
            self.assertEqual(response.status, status)

    def test_all_uploads_together(self):
        header, body = upload([('image', b'x' * 190000), *SHORT[:2]])
        with self.daemon.connect() as first, self.daemon.connect() as second:
            first.send(header + body[:-10])
            self.daemon.wait_for_metric('upload_bytes', 190000)
            second.send(header)
            response = second.response()
            self.assert_error(response, 429, 'rate_limit_error', 'queue_full')
            self.assertIn('retry-after', response.headers)
            chunky, content_type = form([('image', b'x' * 190000), *SHORT[:2]])
            response = self.daemon.request('POST', '/v1/answers', [('Content-Type', content_type),
                                                                   ('Transfer-Encoding', 'chunked')],
                                           chunked(chunky, 10000))
            self.assert_error(response, 429, 'rate_limit_error', 'queue_full', 'image')
            first.send(body[-10:])
            self.assertEqual(first.response().status, 415)
        wait_until(lambda: self.daemon.metric('upload_bytes') == 0)
        self.assertEqual(self.daemon.ask(('image', b'x' * 190000), *SHORT[:2]).status, 415)

    def test_parts(self):
        self.assertEqual(self.daemon.ask(*SHORT).status, 200)
        self.assert_error(self.daemon.ask(*SHORT, ('seed', '1')), 400, BAD, 'invalid_value')


class Times(Case):
    options = ('--upload-idle-ms', '500', '--request-timeout-ms', '3000')

    def test_slow_upload(self):
        header, body = upload(SHORT)
        for sent in (b'', body[:20], body[:-1]):
            with self.daemon.connect() as connection:
                connection.send(header + sent)
                begun = time.monotonic()
                response = connection.response()
                self.assert_error(response, 408, 'timeout_error', 'upload_timeout')
                self.assertEqual(response.headers['connection'], 'close')
                self.assertGreater(time.monotonic() - begun, 0.4)
                self.assertTrue(connection.is_closed())

    def test_steady_but_endless_upload(self):
        header, body = upload([('image', b'x' * 1000), *SHORT])
        with self.daemon.connect() as connection:
            connection.send(header)
            begun = time.monotonic()
            for byte in body:
                connection.send(bytes([byte]))
                time.sleep(0.1)
                if time.monotonic() - begun > 3.5:
                    break
            self.assert_error(connection.response(), 408, 'timeout_error', 'upload_timeout')

    def test_everybody_else_is_served(self):
        header, body = upload(SHORT)
        slow = [self.daemon.connect() for _ in range(30)]
        for connection in slow:
            connection.send(header + body[:20])
        self.assertEqual(self.daemon.ask(*SHORT).status, 200)
        for connection in slow:
            self.assertEqual(connection.response().status, 408)
            connection.close()


class Deadlines(Case):
    is_slow = True
    options = ('--request-timeout-ms', '4000')

    def test_before_the_first_token(self):
        response = self.daemon.ask(('video', SAMPLES / 'video.mp4'), *SHORT, ('timeout_ms', '1'))
        self.assert_error(response, 504, 'timeout_error', 'deadline_exceeded', response.error()['param'])

    def test_in_the_queue(self):
        """The deadline does not wait for its turn."""
        with self.daemon.start_asking(('prompt', 'x'), *ENDLESS, ('stream', 'true')) as running:
            running.head()
            events = running.events()
            while next(events).name != 'delta':
                pass
            self.assert_error(self.daemon.ask(*SHORT, ('timeout_ms', '300')), 504, 'timeout_error', 'deadline_exceeded')
            response = self.daemon.ask(*SHORT, ('timeout_ms', '300'), ('stream', 'true'))
            self.assertEqual(response.status, 200)
            ending = events_of(response)[-1]
            self.assertEqual((ending.name, ending.data['error']['code']), ('error', 'deadline_exceeded'))

    def test_what_was_generated_stands(self):
        parts = [('prompt', 'x'), *ENDLESS, ('timeout_ms', '1500')]
        answer = self.daemon.ask(*parts).json()
        done = events_of(self.daemon.ask(*parts, ('stream', 'true')))[-1].data
        for ending in (answer, done):
            self.assertEqual(ending['finish_reason'], 'timeout')
            self.assertTrue(ending['answer'])
            self.assertGreater(ending['usage']['completion_tokens'], 0)

    def test_the_server_has_the_last_word(self):
        answer = self.daemon.ask(('prompt', 'x'), *ENDLESS, ('timeout_ms', '86400000')).json()
        self.assertEqual(answer['finish_reason'], 'timeout')


class SlowReader(unittest.TestCase):
    def __str__(self):
        return f'SlowReader.{self._testMethodName}'

    def test_loses_its_request(self):
        """What one client does not read must not fill the server's memory, nor hold up the others."""
        daemon = Daemon(*endless(2), '--stream-bytes-max', '16384')
        try:
            reader = daemon.connect(receive_bytes=2048)
            question = {'model': 'any', 'messages': [{'role': 'user', 'content': 'x'}], **dict(ENDLESS), 'stream': True,
                        'logprobs': True, 'top_logprobs': 20}  # long events: buffers of megabytes have to be filled
            body = json.dumps(question).encode()
            reader.send(head('POST', '/v1/chat/completions', [('Content-Type', 'application/json')], body) + body)
            line = daemon.wait_for_log('event=dropped')
            self.assertIn('read too slowly', line)
            self.assertEqual(daemon.ask(*SHORT).status, 200)
            with self.assertRaises(Closed):
                self.assertEqual(reader.head()[0], 200)
                list(reader.chunks())
        finally:
            daemon.stop()


if __name__ == '__main__':
    main()
