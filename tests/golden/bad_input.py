#!/usr/bin/python3
"""What hostile and broken files do: exit status 1 and one clear line, never a crash, never a silent answer.

    bad_input.py ONELLM"""

import json
import struct
import sys
import tempfile
import zlib
from pathlib import Path

import numpy as np

import seeded_checkpoint
import seeded_model
import tool

SAMPLE_FILES = {'image': 'image.jpg', 'video': 'video.mp4', 'audio': 'audio.flac', 'point': 'point.ply',
                'depth': 'depth.png', 'normal': 'normal.png', 'imu': 'imu.csv', 'fmri': 'fmri.npy'}
# A picture of one kind is a valid file for the others, and an array of numbers is a valid map of depths.
INTERCHANGEABLE = [{'image', 'depth', 'normal'}, {'depth', 'fmri'}]


class Suite(tool.Tap):
    def __init__(self, onellm, scratch):
        super().__init__()
        self.onellm = onellm
        self.scratch = Path(scratch)

    def file(self, name, content):
        path = self.scratch / name
        if isinstance(content, np.ndarray):
            np.save(path.open('wb'), content)
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def run(self, *arguments):
        return tool.run(self.onellm, *arguments)

    def is_one_line(self, result):
        """Status 1 and one sentence for a person, which no sanitizer and no library wrote; notes may stand before."""
        lines = [line for line in result.stderr.splitlines() if not line.startswith('onellm encode: note: ')]
        return result.returncode == 1 and len(lines) == 1 and lines[0].startswith('onellm ')

    def refused(self, what, result, *words):
        good = self.is_one_line(result) and all(word in result.stderr for word in words)
        said = result.stderr.strip()[-1500:]
        self.check(good, f'{what}: {said if good else "refused in one line"}',
                   f'expected status 1 and {words}, found status {result.returncode}:\n{said}')

    def survives(self, what, result):
        """A damaged file whose beginning can be used, or a refusal: both are answers, a crash is not."""
        is_used = result.returncode == 0 and all(line.startswith('onellm encode: note: ')
                                                 for line in result.stderr.splitlines())
        good = self.is_one_line(result) or is_used
        self.check(good, f'{what}: status {result.returncode}', f'status {result.returncode}:\n{result.stderr[-1500:]}')

    def medium(self, modality, path, *options):
        """The first stage of one file: nothing but the path from bytes to input tensor."""
        return self.run('encode', '--model', self.model, f'--{modality}', path, *options, '--stage', 'input',
                        '--output', self.scratch / 'out.npy')

    def refuses_medium(self, what, modality, name, content, *words):
        self.refused(f'{modality}: {what}', self.medium(modality, self.file(name, content)), *words)


def png(width, height, rows=b'', depth=8, colour=2):
    def chunk(kind, data):
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))

    header = struct.pack('>IIBBBBB', width, height, depth, colour, 0, 0, 0)
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', header) + chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b'')


def wav(samples, rate=16000, channels=1, n_bytes=None):
    data = np.asarray(samples, '<i2').tobytes()
    n_bytes = len(data) if n_bytes is None else n_bytes
    return (b'RIFF' + struct.pack('<I', 36 + n_bytes & 0xffffffff) + b'WAVEfmt ' +
            struct.pack('<IHHIIHH', 16, 1, channels, rate, 2 * rate * channels, 2 * channels, 16) +
            b'data' + struct.pack('<I', n_bytes) + data)


def npy_header(header):
    text = header.encode() + b' ' * (-(len(header) + 11) % 64) + b'\n'
    return b'\x93NUMPY\x01\x00' + struct.pack('<H', len(text)) + text


def check_samples(suite):
    """Every sample is good as itself; as anything else it is refused; cut short it is refused or used."""
    for modality, name in SAMPLE_FILES.items():
        sample = tool.SAMPLES / name
        suite.check(suite.medium(modality, sample).returncode == 0, f'{modality}: {name} is accepted')
        for other in SAMPLE_FILES:
            if not any({other, modality} <= alike for alike in [{modality}, *INTERCHANGEABLE]):
                suite.refused(f'{other}: {name}', suite.medium(other, sample))
        content = sample.read_bytes()
        suite.refuses_medium('empty', modality, 'empty', b'')
        for n in (1, 7, 16, 100, len(content) // 3, len(content) // 2, len(content) - 1):
            cut = suite.medium(modality, suite.file(f'cut-{name}', content[:n]))
            suite.survives(f'{modality}: the first {n} bytes of {name}', cut)


def check_pictures(suite):
    suite.check(suite.medium('image', suite.file('1x1.png', png(1, 1, b'\0\x80\x80\x80'))).returncode == 0,
                'image: 1 x 1 pixels are accepted')
    suite.refuses_medium('0 x 0 pixels', 'image', '0x0.png', png(0, 0))
    suite.refuses_medium('100,000 x 100,000 pixels', 'image', 'huge.png', png(100000, 100000))
    suite.refuses_medium('text', 'image', 'text.jpg', 'this is no picture\n', 'jpeg')
    suite.refuses_medium('a PDF file', 'image', 'a.pdf', b'%PDF-1.7\n%\xe2\xe3\n1 0 obj\n', 'jpeg')
    suite.refuses_medium('a playlist', 'video', 'a.m3u8', '#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n')
    depth = np.ones((8, 8), np.float32)
    depth[3, 3] = np.nan
    suite.refuses_medium('NaN', 'depth', 'nan-depth.npy', depth)


def check_sound(suite):
    suite.refuses_medium('10 samples', 'audio', 'short.wav', wav(range(10)))
    suite.refuses_medium('no samples', 'audio', 'none.wav', wav([]))
    suite.survives('audio: a header that claims 4 GB',
                   suite.medium('audio', suite.file('claims.wav', wav(range(4000), n_bytes=0xfffffff0))))
    suite.refuses_medium('a sample rate of 0', 'audio', 'rate.wav', wav(range(4000), rate=0))
    suite.refused('audio: a window behind its end', suite.medium('audio', tool.SAMPLES / 'audio.flac', '--audio-start', 90))


def check_numbers(suite):
    random = np.random.default_rng(4)
    points = random.random((1024, 6), np.float32)
    suite.check(suite.medium('point', suite.file('1024.npy', points)).returncode == 0, 'point: 1024 points are accepted')
    suite.refuses_medium('1023 points', 'point', '1023.npy', points[:1023], '1023', '1024')
    suite.refuses_medium('no points', 'point', '0.npy', points[:0])
    suite.refuses_medium('5 columns', 'point', '5.npy', points[:, :5])
    suite.refuses_medium('one dimension', 'point', '1d.npy', points.ravel())
    for value in (np.nan, np.inf, -np.inf):
        broken = points.copy()
        broken[511, 2] = value
        suite.refuses_medium(f'a coordinate that is {value}', 'point', 'broken.npy', broken)
        suite.refuses_medium(f'a voxel that is {value}', 'fmri', 'broken.npy', np.full((1, 15724), value, np.float32))
        rows = np.ones((400, 6))
        rows[7, 1] = value
        suite.refuses_medium(f'a sample that is {value}', 'imu', 'broken.npy', rows)
    suite.refuses_medium('15,723 voxels', 'fmri', 'v.npy', np.ones((1, 15723), np.float32), '15724')
    suite.refuses_medium('7 rows', 'imu', '7.npy', np.ones((8, 300)))
    suite.refuses_medium('words in a CSV', 'imu', 'words.csv', 'ax,ay,az,gx,gy,gz\n1,2,3,4,5,six\n')
    suite.refuses_medium('rows of different lengths', 'imu', 'ragged.csv', '1,2,3,4,5,6\n1,2,3\n' * 200)
    suite.refuses_medium('a pickled array', 'fmri', 'object.npy', npy_header(
        "{'descr': '|O', 'fortran_order': False, 'shape': (1, 15724), }") + b'\x80\x02N.')
    suite.refuses_medium('a shape beyond all memory', 'point', 'claims.npy', npy_header(
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 6), }") + bytes(4096))
    suite.refuses_medium('a negative shape', 'point', 'negative.npy', npy_header(
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 6), }") + bytes(4096))
    suite.refuses_medium('a PLY that claims 4e18 points', 'point', 'claims.ply',
                         b'ply\nformat binary_little_endian 1.0\nelement vertex 4000000000000000000\n'
                         b'property float x\nproperty float y\nproperty float z\nend_header\n' + bytes(4096))
    suite.refuses_medium('a PCD that claims 4e18 points', 'point', 'claims.pcd',
                         b'# .PCD v0.7\nVERSION 0.7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\n'
                         b'WIDTH 4000000000000000000\nHEIGHT 1\nPOINTS 4000000000000000000\nDATA binary\n' + bytes(4096))
    nifti = bytearray(352)
    struct.pack_into('<i', nifti, 0, 348)
    struct.pack_into('<8h', nifti, 40, 7, *[32767] * 7)
    struct.pack_into('<hh', nifti, 70, 16, 32)
    struct.pack_into('<f', nifti, 108, 352)
    nifti[344:348] = b'n+1\0'
    suite.refuses_medium('a NIfTI of 32767^7 voxels', 'fmri', 'claims.nii', bytes(nifti) + bytes(4096))


def check_use(suite):
    missing = suite.scratch / 'is-not-there'
    suite.refused('a file that is not there', suite.medium('image', missing))
    suite.refused('a folder in place of a file', suite.medium('image', suite.scratch))
    suite.refused('a model that is not there', suite.run('answer', '--model', missing, '--prompt', 'Hello?'))
    for what, arguments in (('no command', []), ('an unknown command', ['sing']),
                            ('an unknown option', ['answer', '--model', suite.model, '--colour', 'red']),
                            ('a temperature that is no number', ['answer', '--model', suite.model, '--prompt', 'x',
                                                                 '--temperature', 'nan'])):
        result = suite.run(*arguments)
        suite.check(result.returncode in (1, 2) and 'ERROR' not in result.stderr, f'{what}: status {result.returncode}',
                    result.stderr)


def offsets(n, n_header):
    """Where to cut: densely at the front, then ever more sparsely; the last 32 bytes may be padding."""
    return sorted({*range(0, 64, 3), *range(64, n_header, max(1, n_header // 40)), n_header + 1, n // 2, n - 33})


def check_model_files(suite):
    content = suite.model.read_bytes()
    n_header = content.index(b'mod.fmri.router.1.bias') + 100
    for n in offsets(len(content), n_header):
        suite.refused(f'a model file cut after {n} bytes',
                      suite.run('inspect', suite.file('cut.gguf', content[:n])))
    random = np.random.default_rng(5)
    for i in range(40):
        broken = bytearray(content)
        at = int(random.integers(4, n_header))
        broken[at] ^= 1 << int(random.integers(8))
        suite.survives(f'a model file with a bit of byte {at} flipped',
                       suite.run('encode', '--model', suite.file('flipped.gguf', bytes(broken)), '--fmri',
                                 tool.SAMPLES / 'fmri.npy', '--stage', 'features', '--output', suite.scratch / 'o.npy'))
    suite.refused('a checkpoint in place of a model file',
                  suite.run('inspect', suite.checkpoint / 'consolidated.00-of-01.pth'))


def check_checkpoints(suite):
    names = {'--checkpoint': 'consolidated.00-of-01.pth', '--params': 'params.json', '--tokenizer': 'tokenizer.model',
             '--arch': 'arch.json'}
    output = suite.scratch / 'converted.gguf'

    def convert(**replaced):
        files = {option: replaced.get(option[2:], suite.checkpoint / name) for option, name in names.items()}
        return suite.run('convert', *[word for pair in files.items() for word in pair], '--type', 'f16', '--output', output)

    suite.check(convert().returncode == 0, 'the checkpoint is converted when it is whole')
    output.unlink()
    content = (suite.checkpoint / 'consolidated.00-of-01.pth').read_bytes()
    for n in [*range(0, 400, 57), *range(400, len(content), len(content) // 24), len(content) - 1]:
        suite.refused(f'a checkpoint cut after {n} bytes', convert(checkpoint=suite.file('cut.pth', content[:n])))
    tokenizer = (suite.checkpoint / 'tokenizer.model').read_bytes()
    for n in range(0, len(tokenizer), len(tokenizer) // 12):
        suite.refused(f'a tokenizer cut after {n} bytes', convert(tokenizer=suite.file('cut.model', tokenizer[:n])))
    suite.refused('params.json that is no JSON', convert(params=suite.file('p.json', '{"dim": ')))
    params = json.loads((suite.checkpoint / 'params.json').read_text())
    suite.refused('params.json with another width',
                  convert(params=suite.file('p.json', json.dumps({**params, 'dim': 2 * params['dim']}))))
    suite.check(not output.exists(), 'none of them leaves a model file behind')


def main():
    with tempfile.TemporaryDirectory() as scratch:
        suite = Suite(sys.argv[1], scratch)
        sizes = {**seeded_model.SMALL, 'type': 'f16', 'seed': 9, 'centres': 1024, 'untrained': False}
        suite.model = suite.scratch / 'model.gguf'
        seeded_model.write_model(suite.model, sizes)
        suite.checkpoint = suite.scratch / 'checkpoint'
        seeded_checkpoint.write_checkpoint(suite.checkpoint, sizes)
        check_samples(suite)
        check_pictures(suite)
        check_sound(suite)
        check_numbers(suite)
        check_use(suite)
        check_model_files(suite)
        check_checkpoints(suite)
        return suite.finish()


if __name__ == '__main__':
    sys.exit(main() if len(sys.argv) == 2 else __doc__)
