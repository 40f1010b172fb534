#!/usr/bin/python3
"""Chat completions as OpenAI's clients ask for them: the same answers as /v1/answers gives, in another shape."""

import base64
import json
import unittest

from harness import ENDLESS, SAMPLES, Case, Daemon, head, main, slow

BAD = 'invalid_request_error'
SHORT = {'max_tokens': 6, 'temperature': 0}
PATH = '/v1/chat/completions'


def encoded(path):
    return base64.b64encode(path.read_bytes()).decode()


def media(modality, path, **more):
    return {'type': 'media', 'media': {'modality': modality, 'data': encoded(path), **more}}


def picture(name='image.jpg'):
    return {'type': 'image_url', 'image_url': {'url': f'data:image/jpeg;base64,{encoded(SAMPLES / name)}'}}


def user(*parts, text='What is it?'):
    return {'role': 'user', 'content': [{'type': 'text', 'text': text}, *parts] if parts else text}


# The parts of a chat, and those of a form that ask the same.
SAME = {
    'text': ([], []),
    'image': ([picture()], [('image', SAMPLES / 'image.jpg')]),
    'video': ([{'type': 'video_url', 'video_url': f'data:video/mp4;base64,{encoded(SAMPLES / "video.mp4")}'}],
              [('video', SAMPLES / 'video.mp4')]),
    'audio': ([{'type': 'input_audio', 'input_audio': {'data': encoded(SAMPLES / 'audio.flac'), 'format': 'flac'}}],
              [('audio', SAMPLES / 'audio.flac')]),
    'point': ([media('point', SAMPLES / 'point.ply')], [('point', SAMPLES / 'point.ply')]),
    'depth': ([media('depth', SAMPLES / 'depth.png', rgb=encoded(SAMPLES / 'image.jpg'))],
              [('image', SAMPLES / 'image.jpg'), ('depth', SAMPLES / 'depth.png')]),
    'normal': ([picture(), media('normal', SAMPLES / 'normal.png')],
               [('image', SAMPLES / 'image.jpg'), ('normal', SAMPLES / 'normal.png')]),
    'imu': ([media('imu', SAMPLES / 'imu.csv', start=0.5)], [('imu', SAMPLES / 'imu.csv'), ('imu.start', '0.5')]),
    'fmri': ([media('fmri', SAMPLES / 'fmri.npy')], [('fmri', SAMPLES / 'fmri.npy')]),
}


class ChatCase(Case):
    def send(self, body, headers=(('Content-Type', 'application/json'),)):
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.daemon.request('POST', PATH, headers, text)

    def chat(self, *messages, **fields):
        response = self.send({'model': 'any', 'messages': list(messages), **SHORT, **fields})
        self.assertEqual(response.status, 200, response)
        return response

    def stream(self, *messages, **fields):
        """The chunks of a stream, which must end as OpenAI's do."""
        response = self.chat(*messages, stream=True, **fields)
        self.assertEqual(response.headers['content-type'], 'text/event-stream; charset=utf-8')
        frames = response.body.decode().split('\n\n')
        self.assertEqual(frames[-2:], ['data: [DONE]', ''])
        return [json.loads(frame.removeprefix('data: ')) for frame in frames[:-2]]


class Completions(ChatCase):
    def test_shape(self):
        response = self.chat(user())
        answer = response.json()
        self.assertEqual(list(answer), ['id', 'object', 'created', 'model', 'system_fingerprint', 'choices', 'usage',
                                        'media', 'timings'])
        self.assertRegex(answer['id'], r'^chatcmpl-[0-9a-f]{24}$')
        self.assertEqual(answer['object'], 'chat.completion')
        (choice,) = answer['choices']
        self.assertEqual(list(choice), ['index', 'message', 'logprobs', 'finish_reason'])
        self.assertEqual((choice['index'], choice['logprobs']), (0, None))
        self.assertIn(choice['finish_reason'], ('stop', 'length'))
        self.assertEqual(list(choice['message']), ['role', 'content', 'refusal'])
        self.assertEqual(choice['message']['role'], 'assistant')
        usage = answer['usage']
        self.assertEqual(usage['total_tokens'], usage['prompt_tokens'] + usage['completion_tokens'])
        self.assertIn('server-timing', response.headers)

    def test_same_answers_as_forms(self):
        for name, (parts, fields) in SAME.items():
            with self.subTest(name):
                chat = self.chat(user(*parts)).json()
                form = self.daemon.ask(*fields, ('prompt', 'What is it?'), *SHORT.items()).json()
                self.assertEqual(chat['choices'][0]['message']['content'], form['answer'])
                self.assertEqual(chat['choices'][0]['finish_reason'], form['finish_reason'])
                self.assertEqual(chat['media'], form['media'])
                for key in ('prompt_tokens', 'completion_tokens', 'media_tokens'):
                    self.assertEqual(chat['usage'][key], form['usage'][key])

    def test_turns(self):
        """What was said before is part of the prompt, and is not computed again."""
        first = user(picture(), text='Tell me in all detail what there is to be seen in this picture.')
        answer = self.chat(first, max_tokens=30).json()
        content = answer['choices'][0]['message']['content']
        second = self.chat(first, {'role': 'assistant', 'content': content}, user(text='And where?')).json()
        self.assertEqual(second['usage']['media_tokens'], 32)
        self.assertGreater(second['usage']['prompt_tokens'], answer['usage']['prompt_tokens'])
        self.assertGreaterEqual(second['usage']['prompt_tokens_details']['cached_tokens'],
                                answer['usage']['prompt_tokens'] // 32 * 32)
        self.assertLess(second['timings']['encode_ms'], answer['timings']['encode_ms'] + 1)

    def test_system(self):
        with_system = self.chat({'role': 'system', 'content': 'One word.'}, user()).json()
        form = self.daemon.ask(('prompt', 'What is it?'), ('system', 'One word.'), *SHORT.items()).json()
        self.assertEqual(with_system['choices'][0]['message']['content'], form['answer'])
        self.assertEqual(with_system['usage']['prompt_tokens'], form['usage']['prompt_tokens'])

    def test_penalties(self):
        """So strong that no token comes twice."""
        tokens = {}
        for penalty in (0, 2):
            answer = self.daemon.ask(('prompt', 'x'), ('temperature', 0), ('max_tokens', 60),
                                     ('frequency_penalty', penalty), ('presence_penalty', penalty)).json()
            tokens[penalty] = answer['answer']
        self.assertNotEqual(tokens[0], tokens[2])

    def test_probabilities(self):
        """Greedily, every token is the likeliest; all of them make up the answer; a stream tells the same."""
        fields = {'logprobs': True, 'top_logprobs': 3, 'max_tokens': 12}
        answer = self.chat(user(), **fields).json()
        (choice,) = answer['choices']
        tokens = choice['logprobs']['content']
        self.assertEqual(len(tokens), answer['usage']['completion_tokens'])
        self.assertIsNone(choice['logprobs']['refusal'])
        for token in tokens:
            likeliest = token['top_logprobs']
            self.assertEqual(len(likeliest), 3)
            self.assertEqual({key: token[key] for key in ('token', 'logprob', 'bytes')}, likeliest[0])
            self.assertEqual(likeliest, sorted(likeliest, key=lambda one: -one['logprob']))
            self.assertLessEqual(token['logprob'], 0)
        said = bytes(byte for token in tokens for byte in token['bytes']).decode(errors='replace')
        self.assertIn(choice['message']['content'], said)
        chunks = self.stream(user(), **fields)
        streamed = [token for chunk in chunks for token in (chunk['choices'][0]['logprobs'] or {'content': []})['content']]
        self.assertEqual(streamed, tokens)
        form = self.daemon.ask(('prompt', 'What is it?'), ('temperature', 0), ('max_tokens', 12), ('logprobs', 'true'),
                               ('top_logprobs', 3)).json()
        self.assertEqual(form['logprobs'], tokens)
        self.assertNotIn('logprobs', self.daemon.ask(('prompt', 'What is it?'), *SHORT.items()).json())
        self.assert_error(self.daemon.ask(('prompt', 'x'), ('top_logprobs', 3)), 400, BAD, 'invalid_value', 'top_logprobs')

    def test_probabilities_before_sampling_settings(self):
        """Temperature and penalties change what is chosen, not what the model holds likely."""
        fields = {'logprobs': True, 'top_logprobs': 1, 'max_tokens': 1}
        plain = self.chat(user(), **fields).json()['choices'][0]['logprobs']['content'][0]
        other = self.chat(user(), **{**fields, 'temperature': 2, 'repetition_penalty': 2, 'seed': 5}).json()
        self.assertEqual(other['choices'][0]['logprobs']['content'][0]['top_logprobs'], plain['top_logprobs'])

    def test_two_spellings_of_a_limit(self):
        self.assertEqual(self.chat(user(), max_tokens=5, max_completion_tokens=3).json()['usage']['completion_tokens'], 3)

    def test_type_of_the_body_does_not_matter(self):
        body = json.dumps({'messages': [user()], **SHORT}).encode()
        for headers in ((), (('Content-Type', 'application/x-www-form-urlencoded'),)):
            self.assertEqual(self.send(body, headers).status, 200)


class Streams(ChatCase):
    def test_chunks(self):
        for name in ('text', 'image'):
            with self.subTest(name):
                message = user(*SAME[name][0])
                chunks = self.stream(message, max_tokens=40)
                whole = self.chat(message, max_tokens=40).json()
                self.assertEqual({chunk['object'] for chunk in chunks}, {'chat.completion.chunk'})
                self.assertEqual(len({chunk['id'] for chunk in chunks}), 1)
                choices = [chunk['choices'][0] for chunk in chunks]
                self.assertEqual(choices[0]['delta'], {'role': 'assistant', 'content': ''})
                self.assertEqual(''.join(choice['delta']['content'] for choice in choices[1:-1]),
                                 whole['choices'][0]['message']['content'])
                self.assertEqual({choice['finish_reason'] for choice in choices[:-1]}, {None})
                self.assertEqual(choices[-1]['delta'], {})
                self.assertEqual(choices[-1]['finish_reason'], whole['choices'][0]['finish_reason'])

    def test_usage(self):
        chunks = self.stream(user(), stream_options={'include_usage': True})
        self.assertEqual(chunks[-1]['choices'], [])
        usage = chunks[-1]['usage']
        self.assertEqual(usage['total_tokens'], usage['prompt_tokens'] + usage['completion_tokens'])
        self.assertTrue(all('usage' not in chunk for chunk in chunks[:-1]))

    def test_bad_media_are_a_status_and_not_a_stream(self):
        part = {'type': 'image_url', 'image_url': 'data:;base64,' + base64.b64encode(b'no image').decode()}
        response = self.send({'messages': [user(part)], 'stream': True})
        self.assert_error(response, 415, BAD, 'unsupported_media_type', 'image')


class Wrong(ChatCase):
    options = ('--json-bytes-max', 200000)

    def test_bodies(self):
        """The unit tests have more; these are the statuses and codes."""
        image = {'type': 'image_url', 'image_url': {'url': 'https://example.org/cat.png'}}
        damaged = {'type': 'media', 'media': {'modality': 'image', 'data':
                                              base64.b64encode((SAMPLES / 'image.jpg').read_bytes()[:300]).decode()}}
        cases = [
            (b'', 400, 'invalid_json', None),
            (b'{"messages":', 400, 'invalid_json', None),
            (b'[' * 10000, 400, 'invalid_json', None),
            (b'{"a":1,"a":2}', 400, 'invalid_json', None),
            ([], 400, 'invalid_value', None),
            ({}, 400, 'missing_prompt', 'messages'),
            ({'messages': [{'role': 'user', 'content': ''}]}, 400, 'missing_prompt', 'messages[0]'),
            ({'messages': [{'role': 'robot', 'content': 'x'}]}, 400, 'invalid_value', 'messages[0].role'),
            ({'messages': [user(image)]}, 400, 'invalid_value', 'messages[0].content[1]'),
            ({'messages': [user(damaged)]}, 400, 'invalid_media', 'image'),
            ({'messages': [user()], 'top_p': 0}, 400, 'invalid_value', 'top_p'),
            ({'messages': [user()], 'temperature': 1e999}, 400, 'invalid_json', None),
            ({'messages': [user()], 'max_tokens': 10 ** 30}, 400, 'invalid_json', None),
            ({'messages': [user()], 'n': 5}, 400, 'invalid_value', 'n'),
            ({'messages': [user()], 'stop': ['x' * 129]}, 400, 'invalid_value', 'stop'),
            ({'messages': [user(text='word ' * 4000)]}, 400, 'context_length_exceeded', None),
            ({'messages': [user(text='x' * 300000)]}, 413, 'payload_too_large', None),
        ]
        for body, status, code, param in cases:
            with self.subTest(f'{str(body)[:60]} {code}'):
                self.assert_error(self.send(body), status, BAD, code, param)

    def test_text_that_is_not_utf_8(self):
        response = self.send(b'{"messages":[{"role":"user","content":"\xff"}]}')
        self.assertEqual((response.status, response.error()['code']), (400, 'invalid_json'))

    def test_method(self):
        response = self.daemon.get(PATH)
        self.assert_error(response, 405, 'not_found_error', 'method_not_allowed')
        self.assertEqual(response.headers['allow'], 'POST, OPTIONS')

    def test_too_long_without_saying_so(self):
        body = b'%x\r\n' % 300000 + b'x' * 300000
        with self.daemon.connect() as connection:
            connection.send(head('POST', PATH, [('Transfer-Encoding', 'chunked')], body) + body)
            self.assert_error(connection.response(), 413, BAD, 'payload_too_large')


class Endings(ChatCase):
    is_slow = True
    options = ('--queue', 1)

    def start(self, **fields):
        body = json.dumps({'messages': [user()], **dict(ENDLESS), **fields}).encode()
        connection = self.daemon.connect()
        connection.send(head('POST', PATH, [], body) + body)
        return connection

    def test_client_hangs_up(self):
        for stream in (False, True):
            n = self.daemon.log().count('event=abandoned')
            with self.start(stream=stream) as connection:
                if stream:
                    self.assertEqual(connection.head()[0], 200)
                    next(connection.chunks())
            self.daemon.wait_for_log('event=abandoned', n + 1)
        self.assertEqual(self.chat(user(), max_tokens=1).status, 200)

    def test_time_is_over(self):
        response = self.send({'messages': [user()], **dict(ENDLESS), 'timeout_ms': 1500})
        self.assertEqual(response.json()['choices'][0]['finish_reason'], 'length')

    def test_no_room(self):
        running, waiting = self.start(stream=True), self.start(stream=True)
        for connection in (running, waiting):
            self.assertEqual(connection.head()[0], 200)
        response = self.send({'messages': [user()]})
        self.assert_error(response, 429, 'rate_limit_error', 'queue_full')
        self.assertIn('retry-after', response.headers)
        n = self.daemon.log().count('event=abandoned')
        running.close()
        waiting.close()
        self.daemon.wait_for_log('event=abandoned', n + 2)


class Draining(unittest.TestCase):
    def __str__(self):
        return f'Draining.{self._testMethodName}'

    def test_error_in_a_stream(self):
        daemon = Daemon(*slow(), '--drain-timeout-ms', 0)
        body = json.dumps({'messages': [user()], 'stream': True, **dict(ENDLESS)}).encode()
        connection = daemon.connect()
        connection.send(head('POST', PATH, [], body) + body)
        self.assertEqual(connection.head()[0], 200)
        chunks = connection.chunks()
        text = next(chunks)
        daemon.signal()
        text += b''.join(chunks)
        frames = text.decode().split('\n\n')
        self.assertEqual(frames[-2:], ['data: [DONE]', ''])
        self.assertEqual(json.loads(frames[-3].removeprefix('data: '))['error']['code'], 'draining')
        self.assertEqual(daemon.wait(), 0)


if __name__ == '__main__':
    main()
