#!/usr/bin/python3
"""GET /metrics: well-formed, and true about what has happened."""

import re

from harness import ENDLESS, SAMPLES, Case, main

SAMPLE = re.compile(r'^([a-z_]+)(?:\{((?:[a-z_]+="[^"\\\n]*",?)+)\})? (\S+)$')
IMAGE = ('image', SAMPLES / 'image.jpg')
SHORT = [('prompt', 'x'), ('max_tokens', 3), ('temperature', 0)]


def parse(text):
    """{(name, labels): value}; raises where the text is not the format 0.0.4."""
    values, types, helped = {}, {}, set()
    assert text.endswith('\n')
    for line in text[:-1].split('\n'):
        if line.startswith('# HELP '):
            helped.add(line.split(' ')[2])
            continue
        if line.startswith('# TYPE '):
            _, _, name, kind = line.split(' ')
            assert name in helped and name not in types, line
            types[name] = kind
            continue
        name, labels, value = SAMPLE.match(line).groups()
        family = re.sub(r'_(bucket|sum|count)$', '', name) if name not in types else name
        assert types[family] in ('gauge', 'counter', 'histogram'), line
        assert types[family] != 'counter' or name.endswith('_total'), line
        key = name, labels or ''
        assert key not in values, line
        values[key] = float(value)
    return values


class Metrics(Case):
    is_slow = True

    def metrics(self):
        response = self.daemon.get('/metrics')
        self.assertEqual(response.status, 200)
        self.assertEqual(response.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
        return parse(response.body.decode())

    def change(self, before, name, labels=''):
        return self.metrics().get((name, labels), 0) - before.get((name, labels), 0)

    def test_answers(self):
        before = self.metrics()
        answer = self.daemon.ask(IMAGE, *SHORT).json()
        self.daemon.ask(IMAGE, *SHORT)
        self.daemon.ask(*SHORT)
        self.daemon.ask(IMAGE, ('audio', SAMPLES / 'audio.flac'), *SHORT)
        after = self.metrics()
        for name, labels, expected in [
                ('onellmd_replies_total', 'route="/v1/answers",status="200"', 4),
                ('onellmd_media_total', 'modality="image"', 3),
                ('onellmd_media_total', 'modality="audio"', 1),
                ('onellmd_media_recalled_total', '', 2),
                ('onellmd_stage_seconds_count', 'stage="encode",modality="image"', 2),
                ('onellmd_stage_seconds_count', 'stage="encode",modality="none"', 1),
                ('onellmd_stage_seconds_count', 'stage="generate",modality="several"', 1),
                ('onellmd_stage_seconds_bucket', 'stage="prefill",modality="image",le="+Inf"', 2)]:
            with self.subTest(f'{name} {labels}'):
                self.assertEqual(after[name, labels] - before.get((name, labels), 0), expected)
        self.assertEqual(after['onellmd_completion_tokens_total', ''] - before['onellmd_completion_tokens_total', ''],
                         4 * answer['usage']['completion_tokens'])
        self.assertGreater(after['onellmd_stage_seconds_sum', 'stage="encode",modality="image"'], 0)
        self.assertEqual(after['onellmd_ready', ''], 1)
        self.assertGreater(after['onellmd_media_cache_bytes', ''], 0)
        self.assertGreater(after['process_resident_memory_bytes', ''], 1 << 20)
        self.assertGreater(after['process_cpu_seconds_total', ''], 0)

    def test_buckets_only_grow(self):
        self.daemon.ask(IMAGE, *SHORT)
        buckets = {}
        for (name, labels), value in self.metrics().items():
            if name == 'onellmd_stage_seconds_bucket':
                labels, bound = labels.rsplit(',', 1)
                buckets.setdefault(labels, []).append((float(bound[4:-1]), value))
        for row in buckets.values():
            self.assertEqual(row, sorted(row))
            self.assertEqual([value for _, value in row], sorted(value for _, value in row))

    def test_ends(self):
        before = self.metrics()
        self.daemon.ask(('prompt', ''))
        self.daemon.ask(('image', b'no image'), ('prompt', 'x'))
        self.daemon.ask(('prompt', 'x'), *ENDLESS, ('timeout_ms', 700))
        n = self.daemon.log().count('event=abandoned')
        leaving = self.daemon.start_asking(('prompt', 'x'), *ENDLESS, ('stream', 'true'))
        self.assertEqual(leaving.head()[0], 200)
        leaving.close()
        self.daemon.wait_for_log('event=abandoned', n + 1)
        cancelled = self.daemon.start_asking(('prompt', 'x'), *ENDLESS, ('stream', 'true'))
        self.assertEqual(cancelled.head()[0], 200)
        self.daemon.request('DELETE', '/v1/requests/' + next(cancelled.events()).data['id'])
        for end in ('missing_prompt', 'unsupported_media_type', 'abandoned', 'cancelled'):
            with self.subTest(end):
                self.assertEqual(self.change(before, 'onellmd_questions_total', f'end="{end}"'), 1)
        late = sum(self.change(before, 'onellmd_questions_total', f'end="{end}"') for end in ('timeout', 'deadline_exceeded'))
        self.assertEqual(late, 1)

    def test_what_is_going_on(self):
        running = self.daemon.start_asking(('prompt', 'x'), *ENDLESS, ('stream', 'true'))
        self.assertEqual(running.head()[0], 200)
        events = running.events()
        while next(events).name != 'delta':
            pass
        waiting = self.daemon.start_asking(*SHORT, ('stream', 'true'))
        self.assertEqual(waiting.head()[0], 200)
        metrics = self.metrics()
        self.assertEqual(metrics['onellmd_sequences', ''], 1)
        self.assertEqual(metrics['onellmd_queue_depth', ''], 1)
        self.assertEqual(metrics['onellmd_requests', ''], 2)
        self.assertGreater(metrics['onellmd_kv_positions', ''], 0)
        running.close()
        waiting.close()

    def test_strange_routes_make_no_series(self):
        for path in ('/x"y', '/nothing', '/v1/requests/a%22b'):
            self.daemon.get(path)
            self.daemon.request('DELETE', path)
        routes = {labels for name, labels in self.metrics() if name == 'onellmd_replies_total'}
        self.assertTrue(all(re.match(r'route="(/[a-z0-9/]+|other)",status="\d+"$', labels) for labels in routes), routes)


if __name__ == '__main__':
    main()
