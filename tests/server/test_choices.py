#!/usr/bin/python3
"""Answers that are one of given texts."""

import json
import math
import select
import subprocess
import threading

from harness import ENDLESS, SAMPLES, TOOL, Case, Daemon, events_of, main, tiny_model

SHAPES = ['a circle', 'a square', 'a triangle']


def choices(texts):
    return [('choices', text) for text in texts]


class Choices(Case):
    """The same numbers whoever is there, and nothing that cannot be."""

    options = ('--sequences', '4')

    def ask(self, *parts):
        return self.daemon.ask(('prompt', 'Which of them is it?'), *parts)

    def refuse(self, param, words, *parts):
        response = self.ask(*parts)
        self.assert_error(response, 400, 'invalid_request_error', 'invalid_value', param)
        self.assertIn(words, response.error()['message'])

    def test_errors(self):
        self.refuse('choices', 'must have 1 to 1024 bytes', ('choices', ''))
        self.refuse('choices', 'more than white space', ('choices', ' \n'))
        self.refuse('choices', 'must have 1 to 1024 bytes', ('choices', 'a' * 1025))
        self.refuse('choices', 'number 3 is the same as number 1', *choices(['a', 'b', ' a']))
        self.refuse('choices', 'must not contain ###', ('choices', 'a###'))
        self.refuse('choices', 'at most 32', *choices(range(33)))
        self.refuse('stop', 'does not go with choices', ('choices', 'a'), ('stop', 'b'))
        self.refuse('top_logprobs', 'does not go with choices', ('choices', 'a'), ('logprobs', 'true'), ('top_logprobs', 1))

    def test_have_to_fit_the_context(self):
        daemon = Daemon('--context', '256')
        try:
            parts = [('prompt', 'Which?'), ('choices', 'a')]
            self.assertEqual(daemon.ask(*parts).status, 200)
            response = daemon.ask(*parts, ('choices', 'xyzzy ' * 50))
            self.assertEqual((response.status, response.error()['code']), (400, 'context_length_exceeded'))
            self.assertIn('longest choice', response.error()['message'])
        finally:
            daemon.stop()

    def test_one_and_the_most(self):
        answer = self.ask(('choices', 'this')).json()
        self.assertEqual(answer['choices'], [{'text': 'this', 'probability': 1}])
        texts = [f'number {i}' for i in range(32)]
        answer = self.ask(*choices(texts)).json()
        self.assertEqual([choice['text'] for choice in answer['choices']], texts)
        self.assertIn(answer['answer'], texts)

    def test_sampling_does_not_matter(self):
        first = self.ask(*choices(SHAPES)).json()
        second = self.ask(*choices(SHAPES), ('temperature', 2), ('top_k', 1), ('max_tokens', 1), ('seed', 3),
                          ('repetition_penalty', 2)).json()
        self.assertEqual(first['choices'], second['choices'])
        self.assertEqual(first['answer'], second['answer'])
        self.assertAlmostEqual(sum(choice['probability'] for choice in first['choices']), 1, places=6)

    def test_logprobs_are_those_of_the_choices(self):
        answer = self.ask(*choices(SHAPES), ('logprobs', 'true')).json()
        likelihoods = [math.exp(choice['logprob']) for choice in answer['choices']]
        for choice, likelihood in zip(answer['choices'], likelihoods):
            self.assertAlmostEqual(choice['probability'], likelihood / sum(likelihoods), places=6)
        self.assertNotIn('logprobs', answer)

    def test_stream(self):
        events = events_of(self.ask(('image', SAMPLES / 'image.jpg'), ('stream', 'true'), *choices(SHAPES)))
        names = [event.name for event in events]
        self.assertEqual((names[0], names[-2:]), ('start', ['delta', 'done']))
        self.assertLessEqual(set(names[1:-2]), {'progress'})
        done = events[-1].data
        self.assertEqual(events[-2].data, {'text': done['answer']})
        self.assertEqual([choice['text'] for choice in done['choices']], SHAPES)

    def test_the_tool_says_the_same(self):
        words = ['answer', '--model', tiny_model(), '--image', SAMPLES / 'image.jpg', '--prompt', 'Which of them is it?',
                 '--json', *sum((['--choice', text] for text in SHAPES), [])]
        found = json.loads(subprocess.run([TOOL, *words], check=True, capture_output=True).stdout)
        answer = self.ask(('image', SAMPLES / 'image.jpg'), *choices(SHAPES)).json()
        self.assertEqual((found['choices'], found['answer']), (answer['choices'], answer['answer']))

    def test_neighbours_change_nothing(self):
        parts = [('image', SAMPLES / 'image.jpg'), ('logprobs', 'true'), *choices(['a', 'several words', 'no ' * 40])]
        alone = self.ask(*parts).json()['choices']
        answers = []

        def ask():
            answers.append(self.ask(*parts).json()['choices'])

        others = [self.daemon.start_asking(('prompt', f'Go on, number {i}'), ('max_tokens', 400), ('temperature', 1))
                  for i in range(3)]
        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for other in others:
            self.assertEqual(other.response().status, 200)
            other.close()
        self.assertEqual(answers, 4 * [alone])

    def test_chats_have_none(self):
        body = json.dumps({'messages': [{'role': 'user', 'content': 'Which?'}], 'choices': ['a', 'a'], 'max_tokens': 3})
        response = self.daemon.request('POST', '/v1/chat/completions', [('Content-Type', 'application/json')], body.encode())
        self.assertEqual(response.status, 200)


class Slowly(Case):
    """While there is time: a model that takes milliseconds for a token, and long choices."""

    is_slow = True
    options = ('--sequences', '2')
    many = choices([f'{i} ' + 'and so on ' * 60 for i in range(32)])

    def test_timeout(self):
        response = self.daemon.ask(('prompt', 'Which?'), ('timeout_ms', 300), *self.many)
        self.assert_error(response, 504, 'timeout_error', 'deadline_exceeded')

    def test_cancelled_by_hanging_up(self):
        n_before = self.daemon.log().count('event=abandoned')
        connection = self.daemon.start_asking(('prompt', 'Which?'), ('stream', 'true'), *self.many)
        self.assertEqual(connection.head()[0], 200)
        connection.close()
        self.daemon.wait_for_log('event=abandoned', n_before + 1)
        self.assertEqual(self.daemon.ask(('prompt', 'Which?'), *choices(['a', 'b'])).status, 200)

    def test_streams_go_on_beside(self):
        """A pass has few tokens of choices, and one of the stream."""
        with self.daemon.start_asking(('prompt', 'x'), ('stream', 'true'), *ENDLESS) as stream, \
                self.daemon.start_asking(('prompt', 'Which?'), *self.many) as asking:
            stream.head()
            deltas = (event for event in stream.events() if event.name == 'delta')
            while self.daemon.metric('sequences') < 2:
                next(deltas)
            for _ in range(50):
                next(deltas)
            self.assertEqual(select.select([asking.socket], [], [], 0)[0], [])


if __name__ == '__main__':
    main()
