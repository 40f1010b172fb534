#!/usr/bin/python3
"""What the daemon says is what its OpenAPI document says."""

import base64
import json

from harness import ROOT, SAMPLES, Case, form, main

DATA = base64.b64encode((SAMPLES / 'image.jpg').read_bytes()).decode()
IMAGES = [{'type': 'image_url', 'image_url': {'url': f'data:;base64,{DATA}'}},
          {'type': 'media', 'media': {'modality': 'image', 'data': DATA}}]
SHORT = [('max_tokens', 3), ('temperature', 0)]
TYPES = {'object': dict, 'array': list, 'string': str, 'integer': int, 'number': (int, float), 'boolean': bool,
         'null': type(None)}


def faults_of(document, schema, value, at='$'):
    """What of a value is not as its schema says: as much of JSON Schema as the document uses."""
    while '$ref' in schema:
        target = document
        for key in schema['$ref'].removeprefix('#/').split('/'):
            target = target[key]
        schema = target
    if 'oneOf' in schema:
        tries = [list(faults_of(document, one, value, at)) for one in schema['oneOf']]
        if sum(not faults for faults in tries) != 1:
            yield f'{at}: {sum(not faults for faults in tries)} of oneOf'
        return
    if 'const' in schema and value != schema['const'] or 'enum' in schema and value not in schema['enum']:
        yield f'{at}: {value!r}'
    kinds = schema.get('type', [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(isinstance(value, TYPES[kind]) and (kind == 'boolean') == isinstance(value, bool) for kind in kinds):
        yield f'{at}: {type(value).__name__} is not {kinds}'
        return
    if isinstance(value, dict):
        yield from (f'{at}: no {name}' for name in schema.get('required', []) if name not in value)
        for name, one in value.items():
            yield from faults_of(document, schema.get('properties', {}).get(name, {}), one, f'{at}.{name}')
    for i, one in enumerate(value if isinstance(value, list) else []):
        yield from faults_of(document, schema.get('items', {}), one, f'{at}[{i}]')


class OpenApi(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.document = json.loads((ROOT / 'docs' / 'openapi.json').read_text())

    def assert_valid(self, response, method, path):
        described = self.document['paths'][path][method]['responses']
        status = str(response.status)
        self.assertIn(status, described)
        answer = described[status]
        if '$ref' in answer:
            answer = self.document['components']['responses'][answer['$ref'].rsplit('/', 1)[1]]
        self.assertIn(response.headers['content-type'].split(';')[0], answer['content'])
        for name in answer.get('headers', {}):
            self.assertIn(name.lower(), response.headers)
        schema = answer['content'].get('application/json', {}).get('schema', {})
        if schema:
            self.assertEqual(list(faults_of(self.document, schema, response.json())), [])

    def post(self, path, body):
        return self.daemon.request('POST', path, [('Content-Type', 'application/json')], json.dumps(body).encode())

    def test_is_served(self):
        self.assertEqual(self.daemon.get('/openapi.json').json(), self.document)

    def test_the_validator_sees_faults(self):
        answer = self.daemon.ask(('prompt', 'x'), *SHORT).json()
        schema = {'$ref': '#/components/schemas/Answer'}
        self.assertEqual(list(faults_of(self.document, schema, answer)), [])
        for change in ({'answer': 3}, {'object': 'x'}, {'usage': {}}, {'finish_reason': None}, {'media': [{}]}, {'created': '1'}):
            self.assertNotEqual(list(faults_of(self.document, schema, {**answer, **change})), [], change)

    def test_pages(self):
        for path in self.document['paths']:
            if 'get' in self.document['paths'][path]:
                with self.subTest(path):
                    self.assert_valid(self.daemon.get(path), 'get', path)

    def test_answers(self):
        image = ('image', SAMPLES / 'image.jpg')
        for parts in ([image, ('prompt', 'x')], [image, ('depth', SAMPLES / 'depth.png'), ('task', 'caption')],
                      [('prompt', 'x'), ('choices', 'a'), ('choices', 'b'), ('logprobs', 'true')],
                      [('prompt', '')], [('prompt', 'x'), ('temperature', 9)], [('image', b'none'), ('prompt', 'x')]):
            self.assert_valid(self.daemon.ask(*parts, *SHORT), 'post', '/v1/answers')

    def test_chats(self):
        request = self.document['components']['schemas']['ChatRequest']
        for body in ({'messages': [{'role': 'user', 'content': 'x'}], 'max_tokens': 3, 'stop': ['a']},
                     {'messages': [{'role': 'user', 'content': 'x'}], 'max_tokens': 3, 'n': 2},
                     {'messages': [{'role': 'user', 'content': [{'type': 'text', 'text': 'x'}, *IMAGES]}], 'max_tokens': 3},
                     {'messages': [{'role': 'user', 'content': 'x'}], 'max_tokens': 3, 'logprobs': True, 'top_logprobs': 2},
                     {'messages': [{'role': 'system', 'content': 'x'},
                                   {'role': 'user', 'content': [{'type': 'text', 'text': 'x'}]}], 'max_completion_tokens': 3}):
            self.assertEqual(list(faults_of(self.document, request, body)), [])
            self.assert_valid(self.post('/v1/chat/completions', body), 'post', '/v1/chat/completions')
        self.assert_valid(self.post('/v1/chat/completions', {}), 'post', '/v1/chat/completions')

    def test_chats_as_forms(self):
        request = self.document['components']['schemas']['ChatRequest']
        for image in ({'attachment': 'a'}, {'data': 'attachment://a'}, {'data': {'attachment': 'a'}}):
            part = {'type': 'media', 'media': {'modality': 'image', **image}}
            body = {'messages': [{'role': 'user', 'content': [{'type': 'text', 'text': 'x'}, part]}], 'max_tokens': 3}
            self.assertEqual(list(faults_of(self.document, request, body)), [])
            body, content_type = form([('request', json.dumps(body)), ('a', SAMPLES / 'image.jpg')])
            response = self.daemon.request('POST', '/v1/chat/completions', [('Content-Type', content_type)], body)
            self.assertEqual(response.status, 200)
            self.assert_valid(response, 'post', '/v1/chat/completions')

    def test_tokens(self):
        for body in ({'content': 'x'}, {'content': 'x', 'with_pieces': True}, {}):
            self.assert_valid(self.post('/v1/tokenize', body), 'post', '/v1/tokenize')
        self.assert_valid(self.post('/v1/detokenize', {'tokens': [300, 301]}), 'post', '/v1/detokenize')
        self.assert_valid(self.daemon.request('DELETE', '/v1/requests/none'), 'delete', '/v1/requests/{id}')


if __name__ == '__main__':
    main()
