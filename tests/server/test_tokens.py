#!/usr/bin/python3
"""Text to tokens and back, as the command line has them."""

import json
import subprocess

from harness import TOOL, Case, main, tiny_model

BAD = 'invalid_request_error'


class Tokens(Case):
    def post(self, path, body):
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.daemon.request('POST', path, [('Content-Type', 'application/json')], text)

    def tokens(self, text, **more):
        response = self.post('/v1/tokenize', {'content': text, **more})
        self.assertEqual(response.status, 200, response)
        return response.json()['tokens']

    def test_round_trip(self):
        for text in ('', 'x', 'What is it?', ' two  blanks ', 'naïve Zürich 你好 🙂', 'line\nline\ttab', 'w ' * 20000):
            with self.subTest(repr(text[:20])):
                response = self.post('/v1/detokenize', {'tokens': self.tokens(text)})
                self.assertEqual(response.json(), {'content': text})

    def test_same_as_the_command_line(self):
        text = 'What is it?'
        printed = subprocess.run([TOOL, 'tokenize', '--model', tiny_model(), '--json', text], check=True,
                                 capture_output=True, text=True).stdout
        expected = json.loads(printed)
        pieces = self.tokens(text, with_pieces=True)
        self.assertEqual([piece['id'] for piece in pieces], expected['ids'])
        self.assertEqual([piece['piece'] for piece in pieces], expected['pieces'])

    def test_special(self):
        self.assertEqual(self.tokens('x', add_special=True), [1, *self.tokens('x')])

    def test_wrong(self):
        for path, body, status, code, param in [
                ('/v1/tokenize', b'{', 400, 'invalid_json', None),
                ('/v1/tokenize', {}, 400, 'invalid_value', 'content'),
                ('/v1/tokenize', {'content': 3}, 400, 'invalid_value', 'content'),
                ('/v1/tokenize', [], 400, 'invalid_value', 'content'),
                ('/v1/tokenize', {'content': 'x' * 9000000}, 413, 'payload_too_large', None),
                ('/v1/detokenize', {}, 400, 'invalid_value', 'tokens'),
                ('/v1/detokenize', {'tokens': {}}, 400, 'invalid_value', 'tokens'),
                ('/v1/detokenize', {'tokens': [1, -1]}, 400, 'invalid_value', 'tokens[1]'),
                ('/v1/detokenize', {'tokens': [512]}, 400, 'invalid_value', 'tokens[0]'),
                ('/v1/detokenize', {'tokens': [1.5]}, 400, 'invalid_value', 'tokens[0]')]:
            with self.subTest(f'{path} {str(body)[:30]}'):
                self.assert_error(self.post(path, body), status, BAD, code, param)


if __name__ == '__main__':
    main()
