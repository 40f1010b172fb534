#!/usr/bin/python3
"""Chat completions as forms: the JSON as the part `request`, files as they are; the same answers as with base64."""

import json
import re
import subprocess

from harness import ROOT, SAMPLES, chunked, form, head, main
from test_completions import BAD, PATH, SAME, SHORT, ChatCase, media, picture, user

IMAGE = SAMPLES / 'image.jpg'


def attached(modality, name, **more):
    return {'type': 'media', 'media': {'modality': modality, 'attachment': name, **more}}


def shown(name):
    return {'type': 'image_url', 'image_url': {'url': f'attachment://{name}'}}


# The same as SAME, with files by name.
ATTACHED = {
    'image': ([shown('a picture')], [('a picture', IMAGE)]),
    'video': ([{'type': 'video_url', 'video_url': 'attachment://film'}], [('film', SAMPLES / 'video.mp4')]),
    'audio': ([{'type': 'input_audio', 'input_audio': {'data': 'attachment://image'}}], [('image', SAMPLES / 'audio.flac')]),
    'point': ([attached('point', 'p')], [('p', SAMPLES / 'point.ply')]),
    'depth': ([attached('depth', 'map', rgb={'attachment': 'photo'})], [('map', SAMPLES / 'depth.png'), ('photo', IMAGE)]),
    'normal': ([shown('1'), attached('normal', '2')], [('2', SAMPLES / 'normal.png'), ('1', IMAGE)]),
    'imu': ([media('imu', SAMPLES / 'imu.csv', start=0.5)], []),
    'fmri': ([attached('fmri', 'x' * 128)], [('x' * 128, SAMPLES / 'fmri.npy')]),
}


class FormCase(ChatCase):
    def parts(self, *parts, **fields):
        return 'request', json.dumps({'messages': [user(*parts)], **SHORT, **fields})

    def send_form(self, *parts, headers=()):
        body, content_type = form(parts)
        return self.daemon.request('POST', PATH, [('Content-Type', content_type), *headers], body)

    def answer(self, *parts):
        response = self.send_form(*parts)
        self.assertEqual(response.status, 200, response)
        return response.json()


class Attachments(FormCase):
    def test_same_answers_as_base64(self):
        for name, (parts, files) in ATTACHED.items():
            with self.subTest(name):
                found = self.answer(*files, self.parts(*parts))
                expected = self.chat(user(*SAME[name][0])).json()
                self.assertEqual(found['choices'], expected['choices'])
                self.assertEqual(found['media'], expected['media'])

    def test_order_of_the_parts(self):
        """Media come in the order of the messages."""
        files = [('sound', SAMPLES / 'audio.flac'), ('photo', IMAGE)]
        request = self.parts(shown('photo'), attached('audio', 'sound'))
        expected = self.answer(request, *files)
        self.assertEqual([medium['modality'] for medium in expected['media']], ['image', 'audio'])
        for order in ([*files, request], [files[1], request, files[0]]):
            self.assertEqual(self.answer(*order)['choices'], expected['choices'])

    def test_as_a_stream(self):
        request = self.parts(shown('photo'), stream=True)
        frames = self.send_form(request, ('photo', IMAGE)).body.decode().split('\n\n')
        self.assertEqual(frames[-2:], ['data: [DONE]', ''])
        text = ''.join(json.loads(frame.removeprefix('data: '))['choices'][0]['delta'].get('content', '') for frame in frames[:-2])
        self.assertEqual(text, self.answer(self.parts(shown('photo')), ('photo', IMAGE))['choices'][0]['message']['content'])

    def test_one_file_twice(self):
        answer = self.answer(self.parts(shown('photo'), shown('photo')), ('photo', IMAGE))
        self.assertEqual(len(answer['media']), 2)
        self.assertEqual(answer['choices'], self.chat(user(picture(), picture())).json()['choices'])

    def test_beside_base64(self):
        answer = self.answer(self.parts(shown('photo'), picture()), ('photo', IMAGE))
        self.assertEqual(answer['choices'], self.chat(user(picture(), picture())).json()['choices'])

    def test_several_answers(self):
        answer = self.answer(('photo', IMAGE), self.parts(shown('photo'), n=3, temperature=1, seed=3))
        self.assertEqual(len(answer['choices']), 3)

    def test_as_documented(self):
        """The commands of HTTP_API.md, as they stand there; every file is the demo's, every model will do."""
        page = (ROOT / 'docs' / 'HTTP_API.md').read_text()
        commands = re.findall(r"^    (curl (?:.*\n)+?.*\}')$", page, re.MULTILINE)
        commands = [command for command in commands if '--form-string' in command]
        self.assertEqual(len(commands), 2)
        for command in commands:
            url = '%s:%d' % self.daemon.address
            done = subprocess.run(['sh', '-c', command.replace('localhost:8080', url) + ' --silent --show-error'], cwd=ROOT,
                                  capture_output=True, check=True)
            self.assertEqual(len(json.loads(done.stdout)['media']), 1)

    def test_no_file_at_all(self):
        self.assertEqual(self.answer(self.parts())['choices'], self.chat(user()).json()['choices'])

    def test_in_chunks(self):
        body, content_type = form([('photo', IMAGE), self.parts(shown('photo'))])
        with self.daemon.connect() as connection:
            connection.send(head('POST', PATH, [('Content-Type', content_type), ('Transfer-Encoding', 'chunked')]))
            connection.send(chunked(body, 1000))
            self.assertEqual(connection.response().status, 200)

    def test_sixteen_files(self):
        """Eight media, each with its companion."""
        csv = SAMPLES / 'imu.csv'
        times = '\n'.join(str(10 * i) for i in range(300)).encode()
        parts = [attached('imu', f'm{i}', timestamps={'attachment': f't{i}'}) for i in range(8)]
        files = [pair for i in range(8) for pair in ((f'm{i}', csv), (f't{i}', times))]
        self.assertEqual(len(self.answer(self.parts(*parts), *files)['media']), 8)
        self.assert_error(self.send_form(self.parts(*parts), *files, ('more', b'x')), 400, BAD, 'invalid_value')


class WrongForms(FormCase):
    options = ('--json-bytes-max', 20000, '--body-bytes-max', 100000, '--uploads-bytes-max', 150000)

    def test_forms(self):
        photo = ('photo', IMAGE)
        request = self.parts(shown('photo'))
        cases = [
            ([photo], 'invalid_value', 'request'),
            ([request], 'invalid_value', 'messages[0].content[1]'),
            ([request, ('Photo', IMAGE)], 'invalid_value', 'messages[0].content[1]'),
            ([request, photo, ('other', IMAGE)], 'invalid_value', 'other'),
            ([request, photo, ('two words', IMAGE)], 'invalid_value', None),
            ([request, photo, ('model', 'x')], 'invalid_value', 'model'),
            ([self.parts(), photo], 'invalid_value', 'photo'),
            ([request, photo, photo], 'invalid_value', 'photo'),
            ([request, photo, request], 'invalid_value', 'request'),
            ([self.parts(shown('request')), photo], 'invalid_value', 'messages[0].content[1]'),
            ([('request', ''), photo], 'invalid_json', None),
            ([('request', '{"messages":'), photo], 'invalid_json', None),
            ([request, ('photo', b'')], 'invalid_value', 'image'),
            ([request, ('photo', IMAGE.read_bytes()[:300])], 'invalid_media', 'image'),
            ([request, *[(f'photo{i}', b'x') for i in range(17)]], 'invalid_value', None),
            ([request, *[('', b'x') for i in range(2)]], 'invalid_value', None),
        ]
        for parts, code, param in cases:
            with self.subTest(f'{[name for name, _ in parts][:3]} {code} {param}'):
                self.assert_error(self.send_form(*parts), 400, BAD, code, param)

    def test_unused_is_named_by_its_number(self):
        response = self.send_form(self.parts(shown('photo')), ('photo', IMAGE), ('two words', IMAGE))
        self.assertIn('number 2', response.error()['message'])

    def test_attachments_without_a_form(self):
        for part in (shown('photo'), attached('audio', 'photo')):
            response = self.send({'messages': [user(part)]})
            self.assert_error(response, 400, BAD, 'invalid_value', 'messages[0].content[1]')
            self.assertIn('multipart/form-data', response.error()['message'])

    def test_bodies_that_are_no_forms(self):
        body, _ = form([self.parts()])
        for content_type, status, code in (('multipart/mixed; boundary=test-boundary', 415, 'unsupported_media_type'),
                                           ('multipart/form-data', 400, 'invalid_value'),
                                           ('multipart/form-data; boundary=other', 400, 'invalid_value')):
            response = self.daemon.request('POST', PATH, [('Content-Type', content_type)], body)
            self.assert_error(response, status, BAD, code)
        response = self.daemon.request('POST', PATH, [('Content-Type', form([])[1])], body[:-10])
        self.assert_error(response, 400, BAD, 'invalid_value')

    def test_limits(self):
        long = ('request', json.dumps({'messages': [user(text='x' * 30000)]}))
        self.assert_error(self.send_form(long), 413, BAD, 'payload_too_large', 'request')
        self.assert_error(self.send_form(self.parts(shown('a')), ('a', b'x' * 100001)), 413, BAD, 'payload_too_large')
        self.assertEqual(self.send_form(self.parts(shown('a')), ('a', b'x' * 30000)).error()['code'], 'unsupported_media_type')

    def test_too_many_bytes_at_once(self):
        """Two uploads do not fit beside each other; when the first has gone, the second does."""
        body, content_type = form([('a', b'x' * 90000), self.parts(shown('a'))])
        first = self.daemon.connect()
        first.send(head('POST', PATH, [('Content-Type', content_type)], body) + body[:-10])
        self.daemon.wait_for_metric('upload_bytes', 90000)
        self.assert_error(self.daemon.request('POST', PATH, [('Content-Type', content_type)], body), 429,
                          'rate_limit_error', 'queue_full')
        first.close()
        self.daemon.wait_for_log('event=abandoned')
        self.assertEqual(self.daemon.metric('upload_bytes'), 0)
        self.assert_error(self.daemon.request('POST', PATH, [('Content-Type', content_type)], body), 415, BAD,
                          'unsupported_media_type', 'image')


class FewParts(FormCase):
    options = ('--parts-max', 2)

    def test_parts(self):
        request = self.parts(shown('a'))
        self.assertEqual(self.send_form(request, ('a', IMAGE)).status, 200)
        self.assert_error(self.send_form(request, ('a', IMAGE), ('b', IMAGE)), 400, BAD, 'invalid_value')


if __name__ == '__main__':
    main()
