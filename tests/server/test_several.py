#!/usr/bin/python3
"""Several answers to one prompt (n): each is its own, the prompt is everybody's, and they begin and end as one request."""

import hashlib
import json
import re
import tempfile
import unittest
from pathlib import Path

from harness import ENDLESS, Daemon, head, main, slow
from test_completions import PATH, ChatCase, picture, user

WILD = {'temperature': 1, 'top_p': 1, 'max_tokens': 20, 'seed': 7}
PICTURE = user(picture(), text='Tell me in all detail what there is to be seen in this picture, and where it is.')


def contents(answer):
    return [choice['message']['content'] for choice in answer['choices']]


def ended(log, answer):
    """What the log says of each answer: [{'index': '0', 'cached_tokens': '64', …}]"""
    lines = re.findall(rf'event=ended id={answer["id"]} (.*)', log)
    return sorted((dict(word.split('=') for word in line.split()) for line in lines), key=lambda one: one['index'])


class Several(ChatCase):
    options = ('--sequences', 4, '--media-cache-bytes', 0)

    def test_shape(self):
        answer = self.chat(user(), n=3, **WILD).json()
        self.assertEqual([choice['index'] for choice in answer['choices']], [0, 1, 2])
        self.assertTrue(all(choice['finish_reason'] in ('stop', 'length') for choice in answer['choices']))

    def test_each_has_its_own_seed(self):
        """The first is the only one of n = 1, and all of them come again."""
        one = self.chat(PICTURE, **WILD).json()
        four = self.chat(PICTURE, n=4, **WILD).json()
        self.assertEqual(contents(four)[0], contents(one)[0])
        self.assertEqual(len(set(contents(four))), 4)
        self.assertEqual(contents(self.chat(PICTURE, n=4, **WILD).json()), contents(four))
        self.assertEqual(contents(self.chat(PICTURE, n=2, **WILD).json()), contents(four)[:2])
        self.assertNotEqual(contents(self.chat(PICTURE, n=2, **{**WILD, 'seed': 8}).json())[1], contents(four)[1])

    def test_greedy_ones_are_equal(self):
        answer = self.chat(user(), n=4, temperature=0).json()
        self.assertEqual(len(set(contents(answer))), 1)

    def test_usage(self):
        one = self.chat(PICTURE, temperature=0).json()['usage']
        three = self.chat(PICTURE, temperature=0, n=3).json()['usage']
        self.assertEqual(three['prompt_tokens'], one['prompt_tokens'])
        self.assertEqual(three['media_tokens'], one['media_tokens'])
        self.assertEqual(three['completion_tokens'], 3 * one['completion_tokens'])
        self.assertEqual(three['total_tokens'], three['prompt_tokens'] + three['completion_tokens'])

    def test_the_prompt_is_computed_once(self):
        """Not even with nothing kept of media; of the prompt, at most a page of positions."""
        answer = self.chat(user(picture(), text='Never asked before: what is this, and what else could it be?'), n=4, **WILD).json()
        n_prompt = answer['usage']['prompt_tokens']
        self.assertGreater(n_prompt, 64)
        for one in ended(self.daemon.log(), answer)[1:]:
            self.assertGreaterEqual(int(one['cached_tokens']) + 32, n_prompt)
            self.assertEqual(float(one['encode_ms']), 0)
        self.assertEqual(len(ended(self.daemon.log(), answer)), 4)

    def test_probabilities(self):
        answer = self.chat(user(), n=2, logprobs=True, top_logprobs=1, **WILD).json()
        for choice in answer['choices']:
            said = bytes(byte for token in choice['logprobs']['content'] for byte in token['bytes']).decode(errors='replace')
            self.assertIn(choice['message']['content'], said)
        self.assertEqual(sum(len(choice['logprobs']['content']) for choice in answer['choices']),
                         answer['usage']['completion_tokens'])

    def test_stream(self):
        fields = {'n': 3, 'logprobs': True, **WILD}
        whole = self.chat(PICTURE, **fields).json()
        chunks = self.stream(PICTURE, stream_options={'include_usage': True}, **fields)
        self.assertEqual(chunks[-1]['choices'], [])
        for key in ('prompt_tokens', 'completion_tokens', 'total_tokens'):
            self.assertEqual(chunks[-1]['usage'][key], whole['usage'][key])
        self.assertEqual([chunk['choices'][0]['index'] for chunk in chunks[:3]], [0, 1, 2])
        for i, expected in enumerate(whole['choices']):
            mine = [chunk['choices'][0] for chunk in chunks[:-1] if chunk['choices'][0]['index'] == i]
            self.assertEqual(mine[0]['delta'], {'role': 'assistant', 'content': ''})
            self.assertEqual(''.join(choice['delta']['content'] for choice in mine[1:-1]), expected['message']['content'])
            self.assertEqual([choice['finish_reason'] for choice in mine], [None] * (len(mine) - 1) + [expected['finish_reason']])
            tokens = [token for choice in mine for token in (choice['logprobs'] or {'content': []})['content']]
            self.assertEqual(tokens, expected['logprobs']['content'])

    def test_one_place_for_each(self):
        """An engine that serves one at a time makes the same answers, one after the other."""
        expected = contents(self.chat(PICTURE, n=4, **WILD).json())
        daemon = Daemon('--sequences', 1, '--queue', 3)
        try:
            body = json.dumps({'messages': [PICTURE], 'n': 4, **WILD}).encode()
            self.assertEqual(contents(daemon.request('POST', PATH, [], body).json()), expected)
        finally:
            daemon.stop()


class SideBySide(ChatCase):
    is_slow = True
    options = ('--sequences', 2)

    def test_chunks_of_both(self):
        """Neither waits for the end of the other."""
        body = json.dumps({'messages': [user()], 'n': 2, 'stream': True, **dict(ENDLESS)}).encode()
        with self.daemon.connect() as connection:
            connection.send(head('POST', PATH, [], body) + body)
            self.assertEqual(connection.head()[0], 200)
            text, chunks = b'', connection.chunks()
            while min(text.count(b'"index":0'), text.count(b'"index":1')) < 10:
                text += next(chunks)
            self.assertNotIn(b'"finish_reason":"', text)
        self.daemon.wait_for_log('event=abandoned')


class Endings(ChatCase):
    """Three places: one is served, two wait."""

    is_slow = True
    options = ('--queue', 2)

    def start(self, n, **fields):
        body = json.dumps({'messages': [user()], 'n': n, 'stream': True, **dict(ENDLESS), **fields}).encode()
        connection = self.daemon.connect()
        connection.send(head('POST', PATH, [('X-Request-Id', f'n-{n}')], body) + body)
        self.assertEqual(connection.head()[0], 200)
        return connection, connection.chunks()

    def leave(self, *connections):
        n = self.daemon.log().count('event=abandoned')
        for connection in connections:
            connection.close()
        self.daemon.wait_for_log('event=abandoned', n + len(connections))

    def assert_free(self):
        """As many as before may ask, and the engine has nothing else to do."""
        self.assertEqual(self.send({'messages': [user()], 'n': 3, 'max_tokens': 1}).status, 200)

    def test_more_than_there_are_places(self):
        response = self.send({'messages': [user()], 'n': 4})
        self.assert_error(response, 400, 'invalid_request_error', 'invalid_value', 'n')

    def test_each_takes_a_place(self):
        connection, chunks = self.start(2)
        next(chunks)
        self.assert_error(self.send({'messages': [user()], 'n': 2}), 429, 'rate_limit_error', 'queue_full')
        one, _ = self.start(1)
        self.assert_error(self.send({'messages': [user()]}), 429, 'rate_limit_error', 'queue_full')
        self.leave(connection, one)
        self.assert_free()

    def test_cancelled_by_id(self):
        connection, chunks = self.start(3)
        text = next(chunks)
        self.assertEqual(self.daemon.request('DELETE', '/v1/requests/n-3').status, 200)
        frames = (text + b''.join(chunks)).decode().split('\n\n')
        self.assertEqual(frames[-2:], ['data: [DONE]', ''])
        self.assertEqual(json.loads(frames[-3].removeprefix('data: '))['error']['code'], 'cancelled')
        connection.close()
        self.assert_free()

    def test_time_is_over(self):
        """Those that had no time are empty; whoever was waiting for the first one is not waited for."""
        response = self.send({'messages': [user()], 'n': 3, **dict(ENDLESS), 'timeout_ms': 1500})
        answer = response.json()
        self.assertEqual([choice['finish_reason'] for choice in answer['choices']], ['length'] * 3)
        self.assertNotEqual(contents(answer)[0], '')
        self.assertEqual(contents(answer)[1:], ['', ''])
        self.assert_free()

    def test_no_time_at_all(self):
        connection, chunks = self.start(1)
        next(chunks)
        response = self.send({'messages': [user()], 'n': 2, 'timeout_ms': 50})
        self.assert_error(response, 504, 'timeout_error', 'deadline_exceeded')
        self.leave(connection)
        self.assert_free()


class OfAKey(unittest.TestCase):
    def __str__(self):
        return f'OfAKey.{self._testMethodName}'

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        keys = Path(folder.name) / 'keys'
        keys.write_text(f'anna {hashlib.sha256(b"secret").hexdigest()} 2\n')
        self.daemon = Daemon(*slow(), '--keys', keys)
        self.addCleanup(self.daemon.stop)

    def send(self, **fields):
        body = json.dumps({'messages': [user()], 'max_tokens': 1, **fields}).encode()
        connection = self.daemon.connect()
        connection.send(head('POST', PATH, [('Authorization', 'Bearer secret')], body) + body)
        return connection

    def test_each_counts_as_a_question(self):
        self.assertEqual(self.send(n=2).response().status, 200)
        response = self.send(n=3).response()
        self.assertEqual((response.status, response.error()['param']), (400, 'n'))
        running = self.send(n=1, stream=True, **dict(ENDLESS))
        self.assertEqual(running.head()[0], 200)
        response = self.send(n=2).response()
        self.assertEqual((response.status, response.error()['code']), (429, 'key_limit'))
        self.assertIn('retry-after', response.headers)
        self.assertEqual(self.send(n=1, timeout_ms=50).response().status, 504)
        running.close()
        self.daemon.wait_for_log('event=abandoned')
        self.assertEqual(self.send(n=2).response().status, 200)


if __name__ == '__main__':
    main()
