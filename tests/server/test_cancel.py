#!/usr/bin/python3
"""A client that leaves, at whatever stage, frees its place and the engine at once."""

import re
import time

from harness import ENDLESS, SAMPLES, Case, form, head, main, wait_until

SHORT = [('prompt', 'x'), ('max_tokens', 1), ('temperature', 0)]


class Cancel(Case):
    options = ('--queue', '8')
    is_slow = True

    def setUp(self):
        self.n_abandoned = self.daemon.log().count('event=abandoned')

    def wait_until_abandoned(self, n=1):
        self.daemon.wait_for_log('event=abandoned', self.n_abandoned + n, 5)

    def assert_free(self):
        """Soon all nine places are free, and the engine takes a question at once."""
        wait_until(self.nine_are_answered)  # what a thread was decoding is freed when the thread notices

    def nine_are_answered(self):
        connections = [self.daemon.connect() for _ in range(9)]
        body, content_type = form(SHORT)
        for connection in connections:
            connection.send(head('POST', '/v1/answers', [('Content-Type', content_type)], body) + body[:-4])
        for connection in connections:
            connection.send(body[-4:])
        responses = [connection.response() for connection in connections]
        for connection in connections:
            connection.close()
        self.assertEqual({response.status for response in responses} - {200, 429}, set())
        return all(response.status == 200 and response.json()['timings']['queue_ms'] < 5000 for response in responses)

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
        """Whatever stage it is in by then: preparing, queued or encoding. A reset can overtake its request, which then
        never was; and while others are still being prepared a request may be one too many."""
        body, content_type = form([('video', SAMPLES / 'video.mp4'), ('prompt', 'x'), *ENDLESS])
        for i in range(30):
            headers = [('Content-Type', content_type), ('X-Request-Id', f'left-{i}')]
            connection = self.daemon.connect()
            connection.send(head('POST', '/v1/answers', headers, body) + body)
            time.sleep(i / 150)
            self.leave(connection, 'reset' if i % 2 else 'close')
            if i % 2 == 0:
                self.daemon.wait_for_log(f'event=request id=left-{i} ', 1, 5)
        time.sleep(0.5)
        self.assert_free()
        ended = dict(re.findall(r'event=request id=(left-\d+) .* status=(\d+) ', self.daemon.log()))
        abandoned = re.findall(r'event=abandoned .* request=(left-\d+)$', self.daemon.log(), re.M)
        self.assertEqual(set(ended.values()) - {'0', '429'}, set())
        self.assertEqual(sorted(abandoned), sorted(id for id, status in ended.items() if status == '0'))
        self.assertGreater(len(abandoned), 5)

    def test_while_waiting_for_json(self):
        for kind in ('close', 'reset'):
            connections = [self.daemon.start_asking(('prompt', 'x'), *ENDLESS) for _ in range(3)]
            time.sleep(0.1)
            for connection in connections:
                self.leave(connection, kind)
            self.wait_until_abandoned(3)
            self.assert_free()
            self.setUp()

    def test_while_queued(self):
        first = self.daemon.start_asking(('prompt', 'x'), *ENDLESS, ('stream', 'true'))
        first.head()
        events = first.events()
        while next(events).name != 'delta':
            pass
        second = self.daemon.start_asking(('prompt', 'y'), *ENDLESS, ('stream', 'true'))
        second.head()
        self.assertEqual(next(second.events()).name, 'start')
        second.close()
        self.wait_until_abandoned()
        first.close()
        self.wait_until_abandoned(2)
        self.assert_free()

    def test_while_streaming(self):
        for kind in ('close', 'reset'):
            connection = self.daemon.start_asking(('prompt', 'x'), *ENDLESS, ('stream', 'true'))
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


class Asked(Case):
    """DELETE /v1/requests/{id}"""

    is_slow = True

    def delete(self, request_id):
        return self.daemon.request('DELETE', f'/v1/requests/{request_id}')

    def delete_when_known(self, name):
        """Once its header has been read."""
        return wait_until(lambda: (response := self.delete(name)).status != 404 and response)

    def test_a_stream_by_its_id(self):
        connection = self.daemon.start_asking(('prompt', 'x'), *ENDLESS, ('stream', 'true'))
        self.assertEqual(connection.head()[0], 200)
        events = connection.events()
        request_id = next(events).data['id']
        response = self.delete(request_id)
        self.assertEqual((response.status, response.json()),
                         (200, {'id': request_id, 'object': 'request', 'cancelled': True}))
        last = list(events)[-1]
        self.assertEqual((last.name, last.data['error']['code']), ('error', 'cancelled'))
        self.assert_error(self.delete(request_id), 404, 'not_found_error', 'not_found')
        self.assertEqual(self.daemon.ask(*SHORT).status, 200)

    def test_a_reply_by_the_id_that_its_client_chose(self):
        running = self.daemon.start_asking(('prompt', 'x'), *ENDLESS, headers=[('X-Request-Id', 'mine')])
        waiting = self.daemon.start_asking(('prompt', 'x'), *ENDLESS, headers=[('X-Request-Id', 'mine-too')])
        for name, connection in (('mine-too', waiting), ('mine', running)):
            self.assertRegex(self.delete_when_known(name).json()['id'], '^ans-')
            self.assert_error(connection.response(), 409, 'cancelled_error', 'cancelled')

    def test_while_uploading(self):
        body, content_type = form([('image', SAMPLES / 'image.jpg'), *SHORT])
        headers = [('Content-Type', content_type), ('X-Request-Id', 'halfway')]
        connection = self.daemon.connect()
        connection.send(head('POST', '/v1/answers', headers, body) + body[:1000])
        self.delete_when_known('halfway')
        self.assert_error(connection.response(), 409, 'cancelled_error', 'cancelled')

    def test_unknown(self):
        for name in ('ans-0', 'x' * 300, '..', '%2e'):
            self.assert_error(self.delete(name), 404, 'not_found_error', 'not_found')
        self.assert_error(self.delete(''), 404, 'not_found_error', 'not_found')
        self.assertEqual(self.daemon.get('/v1/requests/x').headers['allow'], 'DELETE, OPTIONS')


if __name__ == '__main__':
    main()
