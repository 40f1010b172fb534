#!/usr/bin/python3
"""A client that leaves, at whatever stage, frees its place and the engine at once."""

import time

from harness import SAMPLES, Case, form, head, main

LONG = [('max_tokens', 1500), ('temperature', 2), ('top_p', 1), ('seed', 1)]  # nearly a thousand tokens
SHORT = [('prompt', 'x'), ('max_tokens', 1), ('temperature', 0)]


class Cancel(Case):
    options = ('--queue', '8')

    def setUp(self):
        self.n_abandoned = self.daemon.log().count('event=abandoned')

    def wait_until_abandoned(self, n=1):
        self.daemon.wait_for_log('event=abandoned', self.n_abandoned + n, 5)

    def assert_free(self):
        """All nine places are free, and the engine takes a question at once."""
        connections = [self.daemon.connect() for _ in range(9)]
        body, content_type = form(SHORT)
        for connection in connections:
            connection.send(head('POST', '/v1/answers', [('Content-Type', content_type)], body) + body[:-4])
        for connection in connections:
            connection.send(body[-4:])
            response = connection.response()
            self.assertEqual(response.status, 200, response)
            self.assertLess(response.json()['timings']['queue_ms'], 1000)
            connection.close()

    def leave(self, connection, kind):
        if kind == 'reset':
            connection.reset()
        else:
            connection.close()

    def test_while_uploading(self):
        body, content_type = form([('image', SAMPLES / 'image.jpg'), *SHORT])
        request = head('POST', '/v1/answers', [('Content-Type', content_type)], body) + body
        for kind in ('close', 'reset'):
            for n in (len(request) - len(body), len(request) - len(body) + 30, len(request) - 1):
                connection = self.daemon.connect()
                connection.send(request[:n])
                time.sleep(0.05)
                self.leave(connection, kind)
            self.wait_until_abandoned(3)
            self.setUp()
        self.assert_free()

    def test_right_after_uploading(self):
        """Whatever stage it is in by then: preparing, queued or encoding."""
        body, content_type = form([('video', SAMPLES / 'video.mp4'), ('prompt', 'x'), *LONG])
        for i in range(30):
            connection = self.daemon.connect()
            connection.send(head('POST', '/v1/answers', [('Content-Type', content_type)], body) + body)
            time.sleep(i / 150)
            self.leave(connection, 'reset' if i % 2 else 'close')
            self.wait_until_abandoned(i + 1)
        time.sleep(0.5)
        self.assert_free()

    def test_while_waiting_for_json(self):
        for kind in ('close', 'reset'):
            connection = self.daemon.start_asking(('prompt', 'x'), *LONG)
            time.sleep(0.1)
            self.leave(connection, kind)
            self.wait_until_abandoned()
            self.setUp()
            self.assert_free()

    def test_while_queued(self):
        first = self.daemon.start_asking(('prompt', 'x'), *LONG, ('stream', 'true'))
        first.head()
        events = first.events()
        while next(events).name != 'delta':
            pass
        second = self.daemon.start_asking(('prompt', 'y'), *LONG, ('stream', 'true'))
        second.head()
        self.assertEqual(next(second.events()).name, 'start')
        second.close()
        self.wait_until_abandoned()
        first.close()
        self.wait_until_abandoned(2)
        self.assert_free()

    def test_while_streaming(self):
        for kind in ('close', 'reset'):
            connection = self.daemon.start_asking(('prompt', 'x'), *LONG, ('stream', 'true'))
            connection.head()
            events = connection.events()
            while next(events).name != 'delta':
                pass
            self.leave(connection, kind)
            self.wait_until_abandoned()
            self.setUp()
            self.assert_free()

    def test_whoever_left_is_not_answered(self):
        """No sequence of a client that left is finished: the engine dropped them all."""
        abandoned = {line.split('id=')[1].split()[0] for line in self.daemon.log().splitlines() if 'event=abandoned' in line}
        answered = {line.split('id=')[1].split()[0] for line in self.daemon.log().splitlines() if 'event=answer ' in line}
        self.assertGreater(len(abandoned), 30)
        self.assertEqual(abandoned & answered, set())


if __name__ == '__main__':
    main()
