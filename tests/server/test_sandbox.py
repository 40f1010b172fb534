#!/usr/bin/python3
"""Hostile files and dying decoders: what does it cost anybody else?"""

import os
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import unittest
import zlib
from pathlib import Path

from harness import ENDLESS, PROGRAM, SAMPLES, SECONDS, Case, Daemon, form, main, slow, wait_until

BAD = 'invalid_request_error'
N_STREAMS = 32
IS_SANITIZED = re.search(rb'__[at]san_init', Path(PROGRAM).read_bytes())  # then a process that gets no memory is ended
ASK = [('prompt', 'x'), ('max_tokens', 1)]


def png(width, height, colour_type=2, n_rows=None):
    """A black picture, or as many rows of it."""
    def chunk(name, data):
        return struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))

    row = 1 + width * (3 if colour_type == 2 else 1)
    pixels = zlib.compress(bytes(row * (height if n_rows is None else n_rows)))
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, colour_type, 0, 0, 0)) +
            chunk(b'IDAT', pixels) + chunk(b'IEND', b''))


def children_of(pid):
    """Of all threads of a process."""
    return [int(word) for path in Path(f'/proc/{pid}/task').glob('*/children') for word in path.read_text().split()]


class Hostile(Case):
    """Many streams, beside which somebody sends what no decoder can cope with."""

    options = (*slow(), '--sequences', str(N_STREAMS), '--media-memory-bytes-max', '256MiB')

    def setUp(self):
        self.streams = []
        for i in range(N_STREAMS):
            connection = self.daemon.start_asking(*ENDLESS, ('prompt', f'x{i}'), ('stream', 'true'))
            self.streams.append((connection, connection.events()))
        for connection, _ in self.streams:
            self.assertEqual(connection.head()[0], 200)
        self.streams_go_on()

    def tearDown(self):
        for connection, _ in self.streams:
            connection.close()
        wait_until(lambda: self.daemon.metric('requests') == 0)

    def streams_go_on(self):
        """All of them are being answered, and have more to say."""
        n_before = self.daemon.metric('generated_tokens_total')
        for _, events in self.streams:
            while next(events).name != 'delta':
                continue
        wait_until(lambda: self.daemon.metric('generated_tokens_total') > n_before + N_STREAMS)
        self.assertEqual(self.daemon.metric('sequences'), N_STREAMS)

    def test_bombs(self):
        big = png(8000, 8000)
        too_large = 413, 'payload_too_large'
        too_much = (400, 'invalid_media', '') if IS_SANITIZED else (*too_large, 'takes more than 256 MiB of memory')
        for name, part, status, code, message in [
                ('more pixels than allowed', ('image', png(60000, 60000, n_rows=1)), *too_large, 'the limit'),
                ('more memory than allowed', ('image', big), *too_much), ('as a map', ('depth', big), *too_much),
                ('a volume of zeros', ('fmri', bomb_nifti()), *too_large, '')]:
            with self.subTest(name):
                response = self.daemon.ask(part, *ASK)
                self.assert_error(response, status, BAD, code, part[0])
                self.assertIn(message, response.json()['error']['message'])
        self.streams_go_on()

    def test_a_decoder_is_killed(self):
        worker, = wait_until(lambda: children_of(self.daemon.process.pid))
        asking = self.daemon.start_asking(('image', png(4500, 4500)), *ASK)
        victim, = wait_until(lambda: children_of(worker))
        os.kill(victim, signal.SIGKILL)
        self.assert_error(asking.response(), 400, BAD, 'invalid_media', 'image')
        asking.close()
        self.assertIn('signal 9', self.daemon.wait_for_log('code=invalid_media'))
        self.assertEqual(self.daemon.metric('media_workers_died_total'), 1)
        self.streams_go_on()

    def test_the_worker_is_killed(self):
        worker, = children_of(self.daemon.process.pid)
        os.kill(worker, signal.SIGKILL)
        asking = self.daemon.start_asking(('image', SAMPLES / 'image.jpg'), *ASK)
        self.daemon.wait_for_log('event=media_worker')
        wait_until(lambda: children_of(self.daemon.process.pid) not in ([], [worker]))
        asking.close()
        self.streams_go_on()


def bomb_nifti():
    """A header that promises 2 GiB behind a few hundred bytes."""
    header = bytearray(352)
    struct.pack_into('<i', header, 0, 348)
    struct.pack_into('<8h', header, 40, 4, 256, 256, 256, 32, 1, 1, 1)
    struct.pack_into('<hh', header, 70, 16, 32)
    struct.pack_into('<f', header, 108, 352)
    header[344:348] = b'n+1\0'
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return packer.compress(bytes(header) + bytes(1 << 26)) + packer.flush()


FILMS = {'h264.mp4': ('-pix_fmt', 'yuv420p'), 'b.mp4': ('-x264opts', 'keyint=25:bframes=3', '-pix_fmt', 'yuv420p'),
         'pieces.mp4': ('-pix_fmt', 'yuv420p', '-movflags', 'frag_keyframe+empty_moov'), 'mpeg4.avi': (), 'mjpeg.mov': ('-c:v', 'mjpeg'),
         'vp8.webm': ('-c:v', 'libvpx'), 'vp9.webm': ('-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8')}
SOUNDS = {'wav': (), 'flac': ('-ar', '96000'), 'mp3': (), 'ogg': ('-c:a', 'libvorbis'), 'm4a': (), 'aac': (), 'webm': ('-c:a', 'libopus')}
PICTURES = ('png', 'jpg', 'webp', 'tiff', 'bmp', 'gif')


class Ordinary(Case):
    """What people have is as long and as large as the sandbox must bear: libraries ask the system for more where there is more."""

    def test_formats(self):
        with tempfile.TemporaryDirectory() as folder:
            def made(name, source, *options):
                path = Path(folder) / name
                subprocess.run(['ffmpeg', '-v', 'error', '-y', '-f', 'lavfi', '-i', source, *options, path], check=True)
                return path

            files = [('video', made(name, 'testsrc2=s=320x180:r=25:d=8', *options)) for name, options in FILMS.items()]
            files += [('audio', made(f'sound.{end}', 'sine=440:d=20', *options)) for end, options in SOUNDS.items()]
            files += [('image', made(f'picture.{end}', 'testsrc2=s=1280x720', '-frames:v', '1')) for end in PICTURES]
            for modality, path in files:
                with self.subTest(path.name):
                    body, content_type = form([(modality, path)])
                    response = self.daemon.request('POST', '/v1/media/inspect', [('Content-Type', content_type)], body)
                    self.assertEqual(response.status, 200, response)


class Start(unittest.TestCase):
    """Without a sandbox it does not start, unless told."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.program = Path(self.folder.name) / 'onellmd'
        shutil.copy(PROGRAM, self.program)

    def tearDown(self):
        self.folder.cleanup()

    def refused(self, *options):
        done = subprocess.run([self.program, '--port', '0', *options], capture_output=True, text=True, timeout=SECONDS)
        self.assertEqual(done.returncode, 1)
        return done.stderr

    def worker_says(self, version, result, message):
        hello = struct.pack('32si448si', version.encode(), result, message.encode(), 0)
        worker = self.program.with_name('onellmd-media')
        worker.write_text(f'#!/usr/bin/python3\nimport os\nos.write(3, {hello!r})\nos.read(3, 1)\n')
        worker.chmod(0o755)

    def test_no_worker(self):
        self.assertIn('there is no onellmd-media', self.refused())

    def test_no_sandbox(self):
        version = subprocess.run([PROGRAM, '--version'], capture_output=True, text=True).stdout.split()[1]
        self.worker_says(version, -95, 'seccomp refuses: Operation not permitted')
        line = self.refused()
        self.assertIn('seccomp refuses', line)
        self.assertIn('--media-sandbox off', line)

    def test_another_version(self):
        self.worker_says('0.0.0', 0, '')
        self.assertIn('is of version 0.0.0', self.refused())

    def test_told_so(self):
        daemon = Daemon('--media-sandbox', 'off')
        self.assertIn('level=warning', daemon.wait_for_log('event=sandbox'))
        self.assertEqual(daemon.ask(('image', SAMPLES / 'image.jpg'), *ASK).status, 200)
        daemon.stop()


if __name__ == '__main__':
    main()
