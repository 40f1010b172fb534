#!/usr/bin/python3
"""Every question that is accepted ends once: in an answer, in an error, or because its client left. Many clients of every kind
come at once; what they have seen, what the metrics count and what the log says must be the same."""

import collections
import json
import random
import re
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path

from harness import ENDLESS, Daemon, form, head, main, slow, wait_until

SHORT = [('prompt', 'x'), ('max_tokens', 3), ('temperature', 0)]
LONG = [('prompt', 'x'), *ENDLESS]
STREAM = ('stream', 'true')
ROUTES = {'/v1/answers', '/v1/chat/completions'}


def request(parts, as_chat=False, name=None):
    """(header, body)"""
    headers = [('X-Request-Id', name)] if name else []
    if as_chat:
        fields = {key: value == 'true' if key == 'stream' else value for key, value in parts if key != 'prompt'}
        body = json.dumps({'messages': [{'role': 'user', 'content': 'x'}], **fields}).encode()
        return head('POST', '/v1/chat/completions', headers, body), body
    body, content_type = form(parts)
    return head('POST', '/v1/answers', [('Content-Type', content_type), *headers], body), body


def ending(connection):
    """'answered', or the code of the error."""
    status, headers = connection.head()
    if 'transfer-encoding' not in headers:
        reply = json.loads(connection.take(int(headers['content-length'])))
        return 'answered' if status == 200 else reply['error']['code']
    last = b''.join(connection.chunks()).decode().removesuffix('data: [DONE]\n\n').rstrip('\n').rsplit('data: ', 1)[1]
    return json.loads(last).get('error', {}).get('code', 'answered')


class Crowd:
    """Clients that come to one daemon; `seen` counts how it ended for each, 'left' for those who did not wait."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.seen = collections.Counter()
        self.lock = threading.Lock()

    def stays(self, parts, as_chat, name=None):
        header, body = request(parts, as_chat, name)
        with self.daemon.connect() as connection:
            connection.send(header + body)
            self.count(ending(connection))

    def leaves(self, parts, as_chat, fraction=1.0, seconds=0.05):
        """With so much of its body sent, and after so many seconds."""
        header, body = request(parts, as_chat)
        with self.daemon.connect() as connection:
            connection.send(header + body[:int(len(body) * fraction)])
            time.sleep(seconds)
        self.count('left')

    def resets(self, parts, as_chat):
        """Once there is a reply: what has not been read by then is lost with the connection."""
        connection = self.daemon.connect()
        connection.send(b''.join(request(parts, as_chat)))
        connection.head()
        connection.reset()
        self.count('left')

    def stalls(self, as_chat):
        header, body = request(SHORT, as_chat)
        with self.daemon.connect() as connection:
            connection.send(header + body[:10])
            self.count(ending(connection))

    def is_cancelled(self, as_chat, name):
        thread = threading.Thread(target=self.stays, args=(LONG, as_chat, name))
        thread.start()
        while thread.is_alive():
            self.daemon.request('DELETE', f'/v1/requests/{name}')
            time.sleep(0.02)

    def count(self, how):
        with self.lock:
            self.seen[how] += 1

    def visit(self, number):
        """One of ten kinds of clients, on one of two faces."""
        kind, as_chat = number % 10, number // 10 % 2 == 1
        if kind < 2:
            self.stays([*SHORT, STREAM] if kind else SHORT, as_chat)
        elif kind == 2:
            self.stays([('prompt', 'x'), ('top_p', 0), ('temperature', 0)], as_chat)
        elif kind == 3:
            self.stays([*LONG, STREAM, ('timeout_ms', 400)], as_chat)
        elif kind == 4:
            self.stays([*LONG, ('timeout_ms', 1)], as_chat)
        elif kind == 5:
            self.is_cancelled(as_chat, f'client-{number}')
        elif kind == 6:
            self.leaves(LONG, as_chat, fraction=0.5)
        elif kind == 7:
            self.resets([*LONG, STREAM], as_chat)
        elif kind == 8:
            self.leaves(LONG, as_chat, seconds=number % 7 / 100)
        else:
            self.stalls(as_chat)


class Accounting(unittest.TestCase):
    def __str__(self):
        return f'Accounting.{self._testMethodName}'

    def start(self, *options):
        return Daemon(*slow(), '--queue', 5, '--upload-idle-ms', 1000, *options)

    def metrics(self, daemon):
        """Gauges by name, how questions ended, and replies on the routes of questions by status."""
        text = daemon.get('/metrics').body.decode()
        values = {name: float(value) for name, value in re.findall(r'^onellmd_(\w+) (\S+)$', text, re.MULTILINE)}
        ends = collections.Counter({end: int(n) for end, n in re.findall(r'^onellmd_questions_total\{end="(\w+)"\} (\d+)$', text,
                                                                         re.MULTILINE)})
        replies = collections.Counter()
        for route, status, n in re.findall(r'^onellmd_replies_total\{route="([^"]+)",status="(\d+)"\} (\d+)$', text, re.MULTILINE):
            if route in ROUTES:
                replies[int(status)] += int(n)
        return values, ends, replies

    def at_rest(self, daemon):
        wait_until(lambda: daemon.metric('requests') == 0 and daemon.metric('exchanges') == 1)
        return self.metrics(daemon)

    def assert_balanced(self, seen, values, ends, replies):
        """Who asked was accepted or turned away; who was accepted has ended, in the way that the client has seen."""
        n_asked = sum(seen.values())
        answered = sum(ends.pop(how, 0) for how in ('stop', 'length', 'timeout'))
        self.assertEqual(values['questions_accepted_total'] + replies[429], n_asked)
        self.assertEqual(values['questions_accepted_total'], answered + sum(ends.values()))
        self.assertEqual(sum(replies.values()), n_asked)
        self.assertEqual(seen['answered'], answered)
        turned_away = replies[429] - seen['queue_full']  # those who left before they could see it
        self.assertGreaterEqual(turned_away, 0)
        gone = ends.pop('abandoned', 0)
        self.assertEqual(gone + turned_away, seen['left'])
        codes = {code: n for code, n in seen.items() if code not in ('answered', 'left', 'queue_full')}
        self.assertEqual(codes, {code: n for code, n in ends.items() if n})

    def test_crowd(self):
        daemon = self.start()
        try:
            crowd = Crowd(daemon)
            numbers = list(range(80))
            random.Random(1).shuffle(numbers)

            def visitor(mine):
                for number in mine:
                    crowd.visit(number)

            threads = [threading.Thread(target=visitor, args=(numbers[i::8],)) for i in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(sum(crowd.seen.values()), 80)
            values, ends, replies = self.at_rest(daemon)
            self.assertGreater(values['questions_accepted_total'], 30)
            self.assert_balanced(crowd.seen, values, ends, replies)
            self.assertEqual(daemon.get('/readyz').status, 200)
        finally:
            daemon.stop()

    def test_full_queue(self):
        """Places are held by uploads, so that all others are turned away, and nothing is accepted that has none."""
        daemon = self.start('--upload-idle-ms', 60000)
        try:
            header, body = request(SHORT)
            held = [daemon.connect() for _ in range(6)]
            for connection in held:
                connection.send(header + body[:10])
            daemon.wait_for_metric('requests', 6)
            crowd = Crowd(daemon)
            for as_chat in [False, True] * 10:
                crowd.stays(SHORT, as_chat)
            for connection in held:
                connection.send(body[10:])
                crowd.count(ending(connection))
                connection.close()
            self.assertEqual(crowd.seen, {'queue_full': 20, 'answered': 6})
            self.assert_balanced(crowd.seen, *self.at_rest(daemon))
        finally:
            daemon.stop()

    def test_killed_clients(self):
        """A process with five questions in every state is killed."""
        daemon = self.start()
        try:
            script = ('import sys\nfrom harness import Connection\nfrom test_accounting import LONG, STREAM, request\n'
                      'connections = [Connection(("127.0.0.1", int(sys.argv[1]))) for _ in range(5)]\n'
                      'for i, connection in enumerate(connections):\n'
                      '    header, body = request([*LONG, STREAM] if i < 3 else LONG, i % 2)\n'
                      '    connection.send(header + (body if i != 4 else body[:20]))\n'
                      'connections[0].head()\nprint("sent", flush=True)\nsys.stdin.read()\n')
            client = subprocess.Popen([sys.executable, '-c', script, str(daemon.address[1])], cwd=Path(__file__).parent,
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self.assertEqual(client.stdout.readline(), b'sent\n')
            daemon.wait_for_metric('requests', 5)
            client.kill()
            client.communicate()
            values, ends, replies = self.at_rest(daemon)
            self.assertEqual((values['questions_accepted_total'], ends), (5, {'abandoned': 5}))
            self.assertEqual(sum(replies.values()), 5)
        finally:
            daemon.stop()

    def test_drain(self):
        """SIGTERM while some are answered, some wait, some upload and some leave: the log has one end for each."""
        daemon = self.start('--queue', 20, '--drain-timeout-ms', 300, '--upload-idle-ms', 60000)
        crowd = Crowd(daemon)
        threads = [threading.Thread(target=target, args=args) for target, args in [
            *[(crowd.stays, ([*LONG, STREAM], as_chat)) for as_chat in (False, True) for _ in range(3)],
            *[(crowd.stays, (LONG, as_chat)) for as_chat in (False, True) for _ in range(2)],
            *[(crowd.stalls, (as_chat,)) for as_chat in (False, True)],
            *[(crowd.leaves, (LONG, as_chat, fraction, 0.4)) for as_chat in (False, True) for fraction in (0.5, 1)]]]
        for thread in threads:
            thread.start()
        daemon.wait_for_metric('questions_accepted_total', len(threads))
        daemon.signal()
        for thread in threads:
            thread.join()
        self.assertEqual(daemon.wait(), 0)
        log = daemon.log()
        self.assertEqual(crowd.seen, {'draining': 12, 'left': 4})
        self.assertEqual(len(re.findall(r'event=request .*method=POST', log)), 16)
        ends = re.findall(r'event=(failed|abandoned|answer|dropped) id=(\S+)', log)
        self.assertEqual(len(ends), 16)
        self.assertEqual(len({name for _, name in ends}), 16)
        self.assertGreaterEqual(log.count('code=draining'), 12)


if __name__ == '__main__':
    main()
