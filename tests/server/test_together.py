#!/usr/bin/python3
"""Many answers at the same time: each is what it would be alone, whoever comes and goes beside it."""

import threading

from harness import ENDLESS, SAMPLES, Case, main

MEDIA = [('image', 'image.jpg'), ('audio', 'audio.flac'), ('imu', 'imu.csv'), ('fmri', 'fmri.npy'), ('point', 'point.ply')]
PROMPTS = ['What is this?', 'x', 'Tell me all that you know about it, and then some more.']


def questions():
    """(parts) of fifteen questions: with and without media, greedy and sampled."""
    ret = []
    for i, prompt in enumerate(PROMPTS):
        for j, (name, file) in enumerate(MEDIA):
            parts = [(name, SAMPLES / file)] if (i + j) % 3 else []
            ret.append([*parts, ('prompt', prompt), ('max_tokens', 20), ('temperature', j % 2), ('seed', i)])
    return ret


class Together(Case):
    options = ('--sequences', '8', '--queue', '32')

    def ask_all(self, asked):
        """Answers to all, asked at once; those at odd places as streams."""
        answers = [None] * len(asked)

        def ask(i):
            if i % 2:
                with self.daemon.start_asking(*asked[i], ('stream', 'true')) as stream:
                    self.assertEqual(stream.head()[0], 200)
                    events = list(stream.events())
                    text = ''.join(event.data['text'] for event in events if event.name == 'delta')
                    self.assertEqual(events[-1].name, 'done')
                    self.assertEqual(text, events[-1].data['answer'])
                    answers[i] = text
            else:
                answers[i] = self.daemon.ask(*asked[i]).json()['answer']

        threads = [threading.Thread(target=ask, args=[i]) for i in range(len(asked))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return answers

    def test_answers_are_those_of_one_alone(self):
        asked = questions()
        alone = [self.daemon.ask(*parts).json()['answer'] for parts in asked]
        self.assertGreater(len(set(alone)), 10)
        for _ in range(3):
            self.assertEqual(self.ask_all(asked), alone)


class Beside(Case):
    is_slow = True
    options = ('--sequences', '3', '--queue', '8')

    def test_a_short_one_does_not_wait_for_a_long_one(self):
        running = [self.daemon.start_asking(('prompt', 'x'), *ENDLESS, ('stream', 'true')) for _ in range(2)]
        for stream in running:
            self.assertEqual(stream.head()[0], 200)
        events = [stream.events() for stream in running]
        for some in events:
            while next(some).name != 'delta':
                pass
        self.assertEqual(self.daemon.ask(('prompt', 'y'), ('max_tokens', 2), ('temperature', 0)).status, 200)
        for some in events:
            self.assertEqual(next(some).name, 'delta')
        for stream in running:
            stream.close()

    def test_one_too_many_waits(self):
        running = [self.daemon.start_asking(('prompt', 'x'), *ENDLESS, ('stream', 'true')) for _ in range(3)]
        for stream in running:
            events = stream.events() if stream.head()[0] == 200 else self.fail('not accepted')
            while next(events).name != 'delta':
                pass
        waiting = self.daemon.start_asking(('prompt', 'y'), ('max_tokens', 2), ('temperature', 0), ('stream', 'true'))
        self.assertEqual(waiting.head()[0], 200)
        events = waiting.events()
        self.assertEqual(next(events).name, 'start')
        self.assertEqual(next(events).data, {'stage': 'queued', 'queue_position': 1})
        running[1].close()
        self.assertEqual(list(events)[-1].name, 'done')
        for stream in running:
            stream.close()


if __name__ == '__main__':
    main()
