#!/usr/bin/python3
"""Media that are uploaded once and asked about often, and what is told of media without asking."""

import base64
import hashlib
import json
import math
import struct
import tempfile
import time
import unittest

from harness import ROOT, SAMPLES, Case, Daemon, form, main

BAD = 'invalid_request_error'
DEMO = '--model', ROOT / 'config' / 'demo' / 'demo.gguf'
FILES = {  # what is uploaded, what is asked, the truth
    'image': ([('image', 'image-red-circle.jpg')], 'What is this?', 'a red circle'),
    'video': ([('video', 'video-moving-square.mp4')], 'What is moving?', 'an orange square'),
    'audio': ([('audio', 'audio-rising-tone.flac')], 'Does the pitch rise or fall?', 'it rises'),
    'point': ([('point', 'point-red-torus.ply')], 'What shape is it?', 'a torus'),
    'depth': ([('image', 'depth-slanted.jpg'), ('depth', 'depth-slanted.png')], 'Which side is nearer?', 'the left side'),
    'normal': ([('image', 'normal-sphere.jpg'), ('normal', 'normal-sphere.png')], 'What kind of surface is this?', 'a sphere'),
    'imu': ([('imu', 'imu-walking.csv')], 'What is the person doing?', 'walking'),
    'fmri': ([('fmri', 'fmri-face.npy')], 'What does the person see?', 'a face'),
}
SHAPES = {'image': [3, 224, 224], 'video': [15, 3, 224, 224], 'audio': [1, 128, 1024], 'point': [2600, 6],
          'depth': [2, 3, 224, 224], 'normal': [2, 3, 224, 224], 'imu': [6, 400], 'fmri': [1, 512]}


def files_of(modality):
    return [(name, ROOT / 'docs' / 'samples' / file) for name, file in FILES[modality][0]]


class Media(Case):
    options = DEMO

    def send(self, path, *parts):
        body, content_type = form(parts)
        return self.daemon.request('POST', path, [('Content-Type', content_type)], body)

    def keep(self, modality, *parts):
        response = self.send('/v1/media', *files_of(modality), *parts)
        self.assertEqual(response.status, 200, response)
        return response.json()

    def ask(self, *parts):
        response = self.daemon.ask(*parts, ('temperature', 0))
        self.assertEqual(response.status, 200, response)
        return response.json()

    def chat(self, *parts, **fields):
        body = {'messages': [{'role': 'user', 'content': parts}], 'temperature': 0, **fields}
        return self.daemon.request('POST', '/v1/chat/completions', [('Content-Type', 'application/json')], json.dumps(body).encode())


class Kept(Media):
    def test_all_modalities(self):
        for modality, (_, question, truth) in FILES.items():
            with self.subTest(modality):
                kept = self.keep(modality)
                self.assertRegex(kept['id'], r'^media-[0-9a-f]{24}$')
                self.assertEqual(kept['media']['modality'], modality)
                self.assertAlmostEqual(kept['expires_at'], time.time() + 3600, delta=60)
                uploaded = self.ask(*files_of(modality), ('prompt', question))
                answer = self.ask(('media_id', kept['id']), ('prompt', question))
                self.assertEqual((answer['answer'], uploaded['answer']), (truth, truth))
                self.assertEqual(answer['media'], [{'id': kept['id'], **uploaded['media'][0]}])
                self.assertEqual(answer['usage']['prompt_tokens'], uploaded['usage']['prompt_tokens'])
                self.assertEqual(answer['timings']['encode_ms'], 0)
                response = self.chat({'type': 'media', 'media': {'media_id': kept['id']}}, {'type': 'text', 'text': question})
                self.assertEqual(response.json()['choices'][0]['message']['content'], truth)

    def test_beside_files(self):
        """In its place among the others, before and behind a file that is encoded now."""
        kept = self.keep('image')
        for order in (0, 1):
            parts = [('media_id', kept['id']), *files_of('fmri')]
            files = [*files_of('image'), *files_of('fmri')]
            prompt = ('prompt', 'What is in the picture?')
            mixed = self.ask(*parts[::-1 if order else 1], prompt)
            self.assertEqual(mixed['answer'], self.ask(*files[::-1 if order else 1], prompt)['answer'])
            self.assertEqual([entry['modality'] for entry in mixed['media']], ['image', 'fmri'][::-1 if order else 1])

    def test_options_count(self):
        whole = self.keep('imu')
        later = self.keep('imu', ('imu.start', '0.5'))
        self.assertNotIn('0.5', str(whole))
        answers = [self.ask(('media_id', kept['id']), ('task', 'caption'))['answer'] for kept in (whole, later)]
        self.assertEqual(answers[1], self.ask(*files_of('imu'), ('imu.start', '0.5'), ('task', 'caption'))['answer'])

    def test_is_found_and_forgotten(self):
        kept = self.keep('image')
        path = f'/v1/media/{kept["id"]}'
        found = self.daemon.get(path).json()
        self.assertEqual({**found, 'expires_at': 0}, {'id': kept['id'], 'object': 'media', 'created': kept['created'],
                                                      'expires_at': 0, 'media': kept['media']})
        self.assertEqual(self.daemon.request('DELETE', path).json(), {'id': kept['id'], 'object': 'media', 'deleted': True})
        for response in (self.daemon.get(path), self.daemon.request('DELETE', path)):
            self.assert_error(response, 404, 'not_found_error', 'not_found')
        self.assert_error(self.daemon.ask(('media_id', kept['id']), ('prompt', 'x')), 404, 'not_found_error', 'not_found', 'media_id')
        self.assert_error(self.chat({'type': 'media', 'media': {'media_id': kept['id']}}, {'type': 'text', 'text': 'x'}), 404,
                          'not_found_error', 'not_found', 'media_id')

    def test_what_is_refused(self):
        image = files_of('image')
        for parts, code, param in [([], 'invalid_value', None), ([*image, *image], 'invalid_value', None),
                                   ([*image, *files_of('fmri')], 'invalid_value', None),
                                   ([*image, ('prompt', 'x')], 'invalid_value', 'prompt'),
                                   ([*image, ('tensor', 'u8')], 'invalid_value', 'tensor'),
                                   ([*image, ('media_id', 'x')], 'invalid_value', 'media_id'),
                                   ([('image', b'\xff\xd8\xff\xe0 no picture' * 10)], 'invalid_media', 'image')]:
            with self.subTest(str([name for name, _ in parts])):
                self.assert_error(self.send('/v1/media', *parts), 400, BAD, code, param)
        for id in ('', 'x' * 64):
            self.assert_error(self.daemon.ask(('media_id', id), ('prompt', 'x')), 400, BAD, 'invalid_value', 'media_id')
        self.assert_error(self.chat({'type': 'media', 'media': {'media_id': 3}}, {'type': 'text', 'text': 'x'}), 400, BAD,
                          'invalid_value', 'media_id')

    def test_a_kept_image_is_no_plane(self):
        """Its pixels are gone: a map behind it stands alone."""
        kept = self.keep('image')
        answer = self.ask(('media_id', kept['id']), files_of('depth')[1], ('prompt', 'x'))
        self.assertEqual([entry['modality'] for entry in answer['media']], ['image', 'depth'])
        self.assertNotIn('image', answer['media'][1])


class Few(Media):
    """As many as fit into the memory; those that were used longest ago go first."""
    options = *DEMO, '--media-store-bytes', '1MiB'

    def test_the_oldest_makes_room(self):
        first, second = self.keep('image'), self.keep('fmri')
        n = 0
        while self.daemon.get(f'/v1/media/{second["id"]}').status == 200:
            self.ask(('media_id', first['id']), ('prompt', 'What is this?'))
            self.keep('image')
            n += 1
            self.assertLess(n, 200)
        self.assertGreater(n, 10)
        self.assertEqual(self.daemon.get(f'/v1/media/{first["id"]}').status, 200)


class Brief(Media):
    options = *DEMO, '--media-ttl-ms', '3000'

    def test_expires_behind_its_last_use(self):
        kept = self.keep('fmri')
        for _ in range(2):
            time.sleep(1.6)
            self.ask(('media_id', kept['id']), ('prompt', 'What is this?'))
        time.sleep(3.1)
        self.assertEqual(self.daemon.get(f'/v1/media/{kept["id"]}').status, 404)
        self.assertEqual(self.daemon.metric('media_kept'), 0)


class Inspected(Media):
    def inspect(self, *parts):
        response = self.send('/v1/media/inspect', *parts)
        self.assertEqual(response.status, 200, response)
        return response.json()

    def test_tensors(self):
        for modality, shape in SHAPES.items():
            with self.subTest(modality):
                entries = [self.inspect(*files_of(modality), ('tensor', name))['media'][0] for name in ('u8', 'f32')]
                n = math.prod(shape)
                bytes_, floats = (base64.b64decode(entry['tensor']['data'], validate=True) for entry in entries)
                floats = struct.unpack(f'<{n}f', floats)
                low, high = entries[0]['tensor']['minimum'], entries[0]['tensor']['maximum']
                self.assertEqual([entry['tensor']['shape'] for entry in entries], [shape, shape])
                self.assertAlmostEqual(min(floats), low, 5)
                self.assertAlmostEqual(max(floats), high, 5)
                self.assertEqual(len(bytes_), n)
                step = (high - low) / 255
                self.assertLess(max(abs(low + step * byte - value) for byte, value in zip(bytes_, floats)), 0.51 * step)
                self.assertEqual('centres' in entries[0], modality == 'point')

    def test_is_what_answers_tell(self):
        parts = [*files_of('depth'), *files_of('video'), ('video.start', '1')]
        inspection = self.inspect(*parts)
        self.assertEqual(list(inspection), ['object', 'media', 'timings'])
        frames = inspection['media'][1].pop('frames_seen')
        self.assertEqual(len(frames), 5)
        self.assertEqual(frames, sorted(frames))
        self.assertGreaterEqual(frames[0], 25)
        self.assertEqual(inspection['media'], self.ask(*parts, ('prompt', 'x'))['media'])

    def test_centres(self):
        centres = self.inspect(*files_of('point'), ('tensor', 'u8'))['media'][0]['centres']
        self.assertEqual(len(set(centres)), 1024)
        self.assertEqual(centres[0], 0)
        self.assertLess(max(centres), 2600)

    def test_no_model_runs(self):
        def generated():
            page = self.daemon.get('/metrics').body.decode()
            return [line for line in page.splitlines() if line.startswith(('onellmd_generated_tokens_total', 'onellmd_media_total'))]
        before = generated()
        self.inspect(*files_of('image'))
        self.assertEqual(generated(), before)

    def test_what_is_refused(self):
        image = files_of('image')
        for parts, code, param in [([], 'invalid_value', None), ([*image, ('tensor', 'f16')], 'invalid_value', 'tensor'),
                                   ([*image, ('prompt', 'x')], 'invalid_value', 'prompt'),
                                   ([*image, ('nothing', 'x')], 'invalid_value', 'nothing'),
                                   ([('audio', b'RIFF' + b'x' * 100)], 'invalid_media', 'audio'),
                                   ([('image', SAMPLES / 'image.jpg'), ('audio.start', '1')], 'invalid_value', 'audio.start')]:
            with self.subTest(str([name for name, _ in parts])):
                response = self.send('/v1/media/inspect', *parts)
                self.assertIn(response.status, (400, 415))
                self.assertEqual(response.error()['param'], param)


class Owners(unittest.TestCase):
    def test_each_key_has_its_own(self):
        with tempfile.NamedTemporaryFile('w') as file:
            for name in ('anna', 'bert'):
                file.write(f'{name} {hashlib.sha256(name.encode()).hexdigest()}\n')
            file.flush()
            daemon = Daemon(*DEMO, '--keys', file.name)
            anna, bert = ([('Authorization', f'Bearer {name}')] for name in ('anna', 'bert'))
            body, content_type = form(files_of('image'))
            kept = daemon.request('POST', '/v1/media', [('Content-Type', content_type), *anna], body).json()
            path = f'/v1/media/{kept["id"]}'
            question = ('media_id', kept['id']), ('prompt', 'What is this?')
            self.assertEqual([daemon.request('GET', path, key).status for key in (anna, bert)], [200, 404])
            self.assertEqual([daemon.ask(*question, headers=key).status for key in (anna, bert)], [200, 404])
            self.assertEqual([daemon.request('DELETE', path, key).status for key in (bert, anna)], [404, 200])
            daemon.stop()


if __name__ == '__main__':
    main()
