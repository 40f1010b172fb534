#!/usr/bin/python3
"""Questions of all kinds, answered as JSON and as a stream."""

import json
import re
import subprocess
import threading
import unittest

from harness import ENDLESS, SAMPLES, TOOL, Case, Daemon, chunked, events_of, form, head, main, tiny_model

SHORT = [('max_tokens', 6), ('temperature', 0)]
IMAGE = ('image', SAMPLES / 'image.jpg')
MEDIA = {
    'image': [IMAGE],
    'video': [('video', SAMPLES / 'video.mp4')],
    'audio': [('audio', SAMPLES / 'audio.flac')],
    'point': [('point', SAMPLES / 'point.ply')],
    'depth': [IMAGE, ('depth', SAMPLES / 'depth.png')],
    'normal': [IMAGE, ('normal', SAMPLES / 'normal.png')],
    'imu': [('imu', SAMPLES / 'imu.csv'), ('imu.start', '0.5')],
    'fmri': [('fmri', SAMPLES / 'fmri.npy')],
}


class Answers(Case):
    def ask(self, *parts, **options):
        response = self.daemon.ask(*parts, **options)
        self.assertEqual(response.status, 200, response)
        return response

    def test_text(self):
        response = self.ask(('prompt', 'What is it?'), *SHORT)
        answer = response.json()
        self.assertEqual(list(answer), ['id', 'object', 'created', 'model', 'system_fingerprint', 'answer',
                                        'finish_reason', 'media', 'usage', 'timings'])
        self.assertRegex(answer['id'], r'^ans-[0-9a-f]{24}$')
        self.assertEqual(answer['object'], 'answer')
        self.assertIn(answer['finish_reason'], ('stop', 'length'))
        self.assertEqual(answer['media'], [])
        usage = answer['usage']
        self.assertEqual(usage['total_tokens'], usage['prompt_tokens'] + usage['completion_tokens'])
        self.assertEqual(usage['media_tokens'], 0)
        self.assertEqual(response.headers['content-type'], 'application/json')
        timing = response.headers['server-timing']
        self.assertRegex(timing, r'^queue;dur=[\d.]+, decode;dur=[\d.]+, encode;dur=[\d.]+, prefill;dur=[\d.]+, '
                                 r'generate;dur=[\d.]+$')
        prefill = float(re.search(r'prefill;dur=([\d.]+)', timing).group(1))
        self.assertAlmostEqual(prefill, answer['timings']['prefill_ms'], delta=0.06)

    def test_all_modalities(self):
        for modality, parts in MEDIA.items():
            with self.subTest(modality):
                answer = self.ask(*parts, ('prompt', 'What is it?'), *SHORT).json()
                self.assertEqual([medium['modality'] for medium in answer['media']], [modality])
                self.assertEqual(answer['usage']['media_tokens'], 32)
                self.assertGreater(answer['timings']['encode_ms'], 0)

    def test_media_mix_and_repeat(self):
        answer = self.ask(IMAGE, ('audio', SAMPLES / 'audio.flac'), IMAGE, ('prompt', 'What is it?'), *SHORT).json()
        self.assertEqual([medium['modality'] for medium in answer['media']], ['image', 'audio', 'image'])
        self.assertEqual(answer['usage']['media_tokens'], 96)

    def test_order_of_fields_does_not_matter(self):
        first = self.ask(IMAGE, ('prompt', 'What is it?'), *SHORT).json()
        second = self.ask(*reversed(SHORT), ('prompt', 'What is it?'), IMAGE).json()
        self.assertEqual(first['answer'], second['answer'])

    def test_task(self):
        self.assertTrue(self.ask(IMAGE, ('task', 'caption'), *SHORT).json()['answer'])

    def test_seed(self):
        parts = [('prompt', 'What is it?'), ('max_tokens', 20), ('temperature', 2), ('top_p', 1)]
        answers = [self.ask(*parts, ('seed', seed)).json()['answer'] for seed in (1, 1, 2)]
        self.assertEqual(answers[0], answers[1])
        self.assertNotEqual(answers[0], answers[2])

    def test_stop(self):
        whole = self.ask(('prompt', 'What is it?'), ('max_tokens', 30), ('temperature', 0)).json()['answer']
        stop = next(whole[i:i + 2] for i in range(4, len(whole)) if whole[i:i + 2].isascii() and whole[i:i + 2].strip())
        answer = self.ask(('prompt', 'What is it?'), ('max_tokens', 30), ('temperature', 0), ('stop', stop)).json()
        self.assertEqual(answer['answer'], whole[:whole.index(stop)])
        self.assertEqual(answer['finish_reason'], 'stop')

    def test_the_tool_says_the_same(self):
        """It drafts what probably follows; here nothing is drafted."""
        prompt = 'again and again and again and again and again'
        words = ['answer', '--model', tiny_model(), '--prompt', prompt, '--max-tokens', '400', '--temperature', '0', '--json']
        daemon = Daemon('--drafts', '0')
        try:
            found = json.loads(subprocess.run([TOOL, *words], check=True, capture_output=True).stdout)
            answer = daemon.ask(('prompt', prompt), ('max_tokens', 400), ('temperature', 0)).json()
        finally:
            daemon.stop()
        self.assertEqual((found['answer'], found['usage']), (answer['answer'], answer['usage']))
        self.assertGreater(answer['usage']['completion_tokens'], 100)

    def test_empty_values(self):
        self.assertEqual(self.daemon.ask(('prompt', ''), *SHORT).status, 400)
        self.ask(('prompt', 'x'), ('system', ''), *SHORT)

    def test_longest_prompt_is_a_question_of_context(self):
        response = self.daemon.ask(('prompt', 'word ' * 5000))
        self.assert_error(response, 400, 'invalid_request_error', 'context_length_exceeded', response.error()['param'])

    def test_questions_at_once(self):
        answers = {}

        def ask(i):
            answers[i] = self.ask(IMAGE, ('prompt', f'Question {i % 2}'), *SHORT).json()

        threads = [threading.Thread(target=ask, args=(i,)) for i in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(answers), 16)
        self.assertEqual(len({answer['id'] for answer in answers.values()}), 16)
        for i in range(16):
            self.assertEqual(answers[i]['answer'], answers[i % 2]['answer'])


class Uploads(Case):
    """The same question however its body arrives."""

    def setUp(self):
        self.body, self.content_type = form([IMAGE, ('prompt', 'What is it?'), *SHORT])
        self.headers = [('Content-Type', self.content_type)]

    def assert_answered(self, response):
        expected = self.daemon.request('POST', '/v1/answers', self.headers, self.body).json()
        self.assertEqual(response.status, 200, response)
        self.assertEqual(response.json()['answer'], expected['answer'])
        self.assertEqual(response.json()['media'], expected['media'])

    def test_chunked(self):
        for size in (1 << 20, 4096, 17):
            with self.subTest(size=size):
                headers = [*self.headers, ('Transfer-Encoding', 'chunked')]
                self.assert_answered(self.daemon.request('POST', '/v1/answers', headers, chunked(self.body, size)))

    def test_in_small_packets(self):
        with self.daemon.connect() as connection:
            request = head('POST', '/v1/answers', self.headers, self.body) + self.body
            for i in range(0, 600):
                connection.send(request[i:i + 1])
            for i in range(600, len(request), 997):
                connection.send(request[i:i + 997])
            self.assert_answered(connection.response())

    def test_expect_continue(self):
        with self.daemon.connect() as connection:
            connection.send(head('POST', '/v1/answers', [*self.headers, ('Expect', '100-continue')], self.body))
            self.assertEqual(connection.head()[0], 100)
            connection.send(self.body)
            self.assert_answered(connection.response())

    def test_http_1_0(self):
        with self.daemon.connect() as connection:
            connection.send(head('POST', '/v1/answers', self.headers, self.body, 'HTTP/1.0') + self.body)
            self.assert_answered(connection.response())
            self.assertTrue(connection.is_closed())

    def test_preamble_and_epilogue(self):
        body = b'preamble\r\n' + self.body + b'epilogue' * 10000
        self.assert_answered(self.daemon.request('POST', '/v1/answers', self.headers, body))


class Streams(Case):
    def stream(self, *parts):
        response = self.daemon.ask(*parts, ('stream', 'true'))
        self.assertEqual(response.status, 200, response)
        self.assertEqual(response.headers['content-type'], 'text/event-stream; charset=utf-8')
        self.assertEqual(response.headers['cache-control'], 'no-store')
        self.assertEqual(response.headers['x-accel-buffering'], 'no')
        self.assertIn('x-request-id', response.headers)
        return events_of(response)

    def test_events(self):
        for name, parts in {'text': [], 'image': [IMAGE]}.items():
            with self.subTest(name):
                parts = [*parts, ('prompt', 'What is it?'), ('max_tokens', 40), ('temperature', 0)]
                events = self.stream(*parts)
                whole = self.daemon.ask(*parts).json()
                names = [event.name for event in events]
                self.assertEqual([event.id for event in events], list(range(1, len(events) + 1)))
                self.assertEqual(names[0], 'start')
                self.assertEqual(names[-1], 'done')
                first_delta = names.index('delta')
                self.assertLessEqual(set(names[1:first_delta]), {'progress'})
                self.assertEqual(set(names[first_delta:-1]), {'delta'})
                self.assertEqual(''.join(event.data['text'] for event in events if event.name == 'delta'),
                                 whole['answer'])
                done = events[-1].data
                self.assertEqual(list(done), list(whole))
                self.assertEqual(done['usage'].pop('cached_tokens'), 0)
                self.assertEqual(whole['usage'].pop('cached_tokens'), done['usage']['prompt_tokens'] // 32 * 32)
                for key in ('answer', 'media', 'usage', 'finish_reason', 'model'):
                    self.assertEqual(done[key], whole[key])
                self.assertEqual(events[0].data, {'id': done['id'], 'media': done['media']})

    def test_progress(self):
        events = self.stream(IMAGE, ('prompt', 'What is it?'), *SHORT)
        stages = [event.data['stage'] for event in events if event.name == 'progress']
        order = ['queued', 'encoding', 'prefilling']
        self.assertEqual(stages, sorted(set(stages), key=order.index))
        for event in events:
            if event.name == 'progress':
                self.assertEqual('queue_position' in event.data, event.data['stage'] == 'queued')

    def test_bad_media_are_a_status_and_not_a_stream(self):
        response = self.daemon.ask(('image', b'not an image at all'), ('prompt', 'x'), ('stream', 'true'))
        self.assert_error(response, 415, 'invalid_request_error', 'unsupported_media_type', 'image')


class Waiting(Case):
    is_slow = True

    def test_wait_in_the_queue_is_told(self):
        running = self.daemon.start_asking(('prompt', 'x'), *ENDLESS, ('stream', 'true'))
        self.assertEqual(running.head()[0], 200)
        events = running.events()
        while next(events).name != 'delta':
            pass
        streams = []
        for place in (1, 2):
            waiting = self.daemon.start_asking(('prompt', 'y'), *SHORT, ('stream', 'true'))
            self.assertEqual(waiting.head()[0], 200)
            streams.append(waiting.events())
            self.assertEqual(next(streams[-1]).name, 'start')
            told = next(streams[-1])
            self.assertEqual((told.name, told.data), ('progress', {'stage': 'queued', 'queue_position': place}))
        running.close()
        self.assertEqual(next(streams[1]).data, {'stage': 'queued', 'queue_position': 1})
        for stream in streams:
            self.assertEqual(list(stream)[-1].name, 'done')


class Pings(Case):
    """A stream is never silent for longer than it may be, from the end of the upload on."""

    is_slow = True
    options = ('--ping-ms', '5')

    def test_in_the_queue(self):
        running = self.daemon.start_asking(('prompt', 'x'), *ENDLESS, ('stream', 'true'))
        waiting = self.daemon.start_asking(('prompt', 'y'), *SHORT, ('stream', 'true'))
        self.assertEqual(waiting.head()[0], 200)
        text = b''
        for chunk in waiting.chunks():
            text += chunk
            if text.count(b': ping\n\n') > 3:
                break
        running.close()
        waiting.close()

    def test_while_preparing(self):
        """The stream begins before anything is known of its media; then a damaged one is an error event."""
        media = MEDIA['video'] * 7
        good = self.daemon.ask(*media, ('prompt', 'x'), *SHORT, ('stream', 'true'))
        self.assertTrue(good.body.startswith(b': ping\n\n'), good.body[:100])
        self.assertEqual([event.name for event in events_of(good)][0::len(events_of(good)) - 1], ['start', 'done'])
        bad = self.daemon.ask(*media, ('image', b'not an image'), ('prompt', 'x'), ('stream', 'true'))
        self.assertTrue(bad.body.startswith(b': ping\n\n'), bad.body[:100])
        (event,) = events_of(bad)
        self.assertEqual((event.id, event.name), (1, 'error'))
        self.assertEqual((event.data['error']['code'], event.data['error']['param']), ('unsupported_media_type', 'image'))


class Pages(Case):
    def test_models(self):
        models = self.daemon.get('/v1/models').json()
        self.assertEqual(models['object'], 'list')
        self.assertEqual(len(models['data']), 1)
        self.assertEqual(models['data'][0]['object'], 'model')
        self.assertIn('image', models['data'][0]['input_modalities'])

    def test_modalities(self):
        modalities = self.daemon.get('/v1/modalities').json()
        self.assertEqual([entry['id'] for entry in modalities['data']], list(MEDIA))

    def test_version(self):
        version = self.daemon.get('/version').json()
        self.assertEqual(version['name'], 'onellmd')
        self.assertRegex(version['version'], r'^\d+\.\d+\.\d+')
        self.assertEqual(version['model'], self.daemon.get('/v1/models').json()['data'][0]['id'])

    def test_health(self):
        for path in ('/livez', '/readyz', '/health'):
            response = self.daemon.get(path)
            self.assertEqual((response.status, response.json()), (200, {'status': 'ok'}))


class Options(unittest.TestCase):
    def __str__(self):
        return f'Options.{self._testMethodName}'

    def test_limits_are_on_the_page(self):
        daemon = Daemon('--image-pixels-max', 1000, '--context', 256)
        try:
            self.assertIn('1000', json.dumps(daemon.get('/v1/modalities').json()['data'][0]))
            self.assertEqual(daemon.get('/v1/models').json()['data'][0]['context'], 256)
            response = daemon.ask(IMAGE, ('prompt', 'x'))
            self.assertEqual((response.status, response.error()['code'], response.error()['param']),
                             (413, 'payload_too_large', 'image'))
        finally:
            daemon.stop()


if __name__ == '__main__':
    main()
