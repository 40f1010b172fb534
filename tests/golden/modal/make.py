#!/usr/bin/python3
"""Writes the numbers that tests/unit/modal compares with; README.md says which come from where.

    make.py               the twins: what this file computes itself, in float64, from inputs made by a formula
    make.py REFERENCE     also the cuts: pieces of the reference data set's inputs and preprocessed tensors

Written from docs/MODEL.md, without the C code; plain and slow on purpose.
"""
import pathlib
import sys
import wave
import zlib

import numpy as np

HERE = pathlib.Path(__file__).parent
MEAN = np.array([0.48145466, 0.4578275, 0.40821073])
STD = np.array([0.26862954, 0.26130258, 0.27577711])


def write(name, array, kind):
    np.ascontiguousarray(array).astype(kind).tofile(HERE / name)


def noise(n, start=0):
    """n numbers of 32 bits; tests/unit/modal/modal_test.h has the same formula."""
    x = np.arange(start, start + n, dtype=np.uint64)
    x = x * 2654435761 % 2**32
    x ^= x >> 15
    x = x * 2246822519 % 2**32
    return x ^ x >> 13


def noise_u8(shape, start=0):
    return (noise(int(np.prod(shape)), start) >> 24).astype(np.uint8).reshape(shape)


# Pictures.

def cubic(x):
    x, a = abs(x), -0.5
    if x < 1:
        return (a + 2) * x**3 - (a + 3) * x**2 + 1
    if x < 2:
        return a * (x**3 - 5 * x**2 + 8 * x - 4)
    return 0.0


def resize_rows(pixels, target):
    """Pillow's 8-bit bicubic along the first axis: integers all the way."""
    source = pixels.shape[0]
    scale = source / target
    support = 2 * max(scale, 1)
    result = np.empty((target,) + pixels.shape[1:], np.uint8)
    for i in range(target):
        c = (i + 0.5) * scale
        begin, end = max(int(c - support + 0.5), 0), min(int(c + support + 0.5), source)
        weights = [cubic((x + 0.5 - c) / max(scale, 1)) for x in range(begin, end)]
        total = sum(weights)
        fixed = [int(w / total * 2**22 + (0.5 if w >= 0 else -0.5)) for w in weights]
        sums = np.full(pixels.shape[1:], 2**21, np.int64)
        for k, w in enumerate(fixed):
            sums += w * pixels[begin + k].astype(np.int64)
        result[i] = np.clip(sums >> 22, 0, 255)
    return result


def resize_bicubic(pixels, width, height):
    if pixels.shape[1] != width:
        pixels = resize_rows(pixels.swapaxes(0, 1), width).swapaxes(0, 1)
    if pixels.shape[0] != height:
        pixels = resize_rows(pixels, height)
    return pixels


def scaled(width, height, size):
    side = min(width, height)
    return size * width // side, size * height // side


def image(pixels, size):
    height, width = pixels.shape[:2]
    pixels = resize_bicubic(pixels, *scaled(width, height, size))
    top, left = (int(round((n - size) / 2)) for n in pixels.shape[:2])
    pixels = pixels[top:top + size, left:left + size]
    return ((pixels / 255 - MEAN) / STD).transpose(2, 0, 1)


def image_and_map(pixels, chart, size):
    chart = np.repeat(chart, 3, 2) if chart.shape[2] == 1 else chart
    chart = resize_bicubic(chart, pixels.shape[1], pixels.shape[0])
    return np.stack([image(pixels, size), image(chart, size)])


def bilinear_rows(values, target):
    source = values.shape[0]
    at = np.maximum((np.arange(target) + 0.5) * source / target - 0.5, 0)
    left = np.minimum(at.astype(int), source - 1)
    right = np.minimum(left + 1, source - 1)
    share = (at - left).reshape((-1,) + (1,) * (values.ndim - 1))
    return values[left] * (1 - share) + values[right] * share


def video(frames, size):
    items = []
    for frame in frames:
        height, width = frame.shape[:2]
        new_width, new_height = scaled(width, height, size)
        values = bilinear_rows(frame / 255, new_height)
        values = bilinear_rows(values.swapaxes(0, 1), new_width).swapaxes(0, 1)
        values = ((values - MEAN) / STD).transpose(2, 0, 1)
        for crop in range(3):
            top, left = (([0, -(-(n - size) // 2), n - size][crop]) for n in values.shape[1:])
            items.append(values[:, top:top + size, left:left + size])
    return np.stack(items)


def pictures():
    for width, height in (61, 47), (47, 61), (5, 3), (16, 40), (1, 7), (200, 9):
        write(f'image_{width}x{height}.f32', image(noise_u8((height, width, 3)), 16), '<f4')
    for width, height in (36, 24), (24, 37):
        write(f'video_{width}x{height}.f32', video(noise_u8((2, height, width, 3)), 16), '<f4')

    picture = noise_u8((40, 50, 3))
    small = noise_u8((20, 30, 1), 7)
    deep = (noise(20 * 30, 7) >> 20).astype(np.float64).reshape(20, 30, 1)  # 0..4095
    levels = (deep - deep.min()) / (deep.max() - deep.min()) * 255
    write('depth_u8.f32', image_and_map(picture, small, 16), '<f4')
    write('depth_u16_auto.f32', image_and_map(picture, (levels + 0.5).astype(np.uint8), 16), '<f4')
    write('depth_u16_clip.f32', image_and_map(picture, np.minimum(deep, 255).astype(np.uint8), 16), '<f4')
    given = np.clip((deep - 1000) / 2000 * 255, 0, 255)
    write('depth_u16_given.f32', image_and_map(picture, (given + 0.5).astype(np.uint8), 16), '<f4')
    write('depth_alone.f32', image_and_map(np.repeat(small, 3, 2), small, 16), '<f4')

    normals = noise_u8((60, 33, 3), 9)
    write('normal_u8.f32', image_and_map(picture, normals, 16), '<f4')
    # as f32 the same map is n / 255 * 2 - 1, as u16 it is n * 256 + 77


# Sound.

RATES = (3, 2), (2, 3), (441, 160), (160, 441), (199, 200), (22050, 16000), (1, 5)


def resample(samples, old, new):
    """torchaudio's way: every phase has weights for the whole period and both margins, most of them zero."""
    divisor = np.gcd(old, new)
    old, new = old // divisor, new // divisor
    base = min(old, new) * 0.99
    width = int(np.ceil(6 * old / base))
    at = np.arange(-width, width + old)[None, :] / old - np.arange(new)[:, None] / new
    t = np.clip(at * base, -6, 6)
    kernel = np.sinc(t) * np.cos(t * np.pi / 12)**2 * base / old
    n_wanted = -(-len(samples) * new // old)
    padded = np.concatenate([np.zeros(width), samples, np.zeros(width + old)])
    starts = range(0, len(padded) - kernel.shape[1] + 1, old)
    return np.concatenate([kernel @ padded[s:s + kernel.shape[1]] for s in starts])[:n_wanted]


def sounds():
    samples = noise(61) / 2**32 - 0.5
    write('resample.f64', np.concatenate([resample(samples, *rates) for rates in RATES]), '<f8')


# Points.

def sample_farthest(points, n_samples):
    """The reference's kernel, thread by thread."""
    points = points.astype(np.float32)
    n = len(points)
    n_threads = min(1 << (n.bit_length() - 1), 1024)
    nearest = np.full(n, np.inf, np.float32)
    picked = [0]
    while len(picked) < n_samples:
        d = points - points[picked[-1]]
        nearest = np.minimum(nearest, d[:, 0] * d[:, 0] + d[:, 1] * d[:, 1] + d[:, 2] * d[:, 2])
        best, index = [-1.0] * n_threads, [0] * n_threads
        for thread in range(n_threads):
            for k in range(thread, n, n_threads):
                if nearest[k] > best[thread]:
                    best[thread], index[thread] = nearest[k], k
        step = n_threads // 2
        while step:
            for thread in range(step):
                if best[thread + step] > best[thread]:
                    best[thread], index[thread] = best[thread + step], index[thread + step]
            step //= 2
        picked.append(index[0])
    return picked


def clouds():
    # Few different coordinates: many points are the same and most distances have ties.
    for n, levels in (1500, 5), (300, 4), (7, 3):
        points = (noise(n * 3) % levels).astype(np.float64).reshape(n, 3) / levels
        write(f'sample_ties_{n}.u32', sample_farthest(points, min(n, 100)), '<u4')


# Pieces of the reference data set.

def load(root, name):
    return np.load(root / name)


def cut_imu(root):
    for case, name, begin, end in (('100hz', 'imu_2_100hz', 150, 450), ('late', 'imu_3_late', 0, 300),
                                   ('jitter', 'imu_4_jitter', 290, 710)):
        series = load(root, f'inputs/{name}.npy')[:, begin:end]
        write(f'imu_{case}_series.{"f32" if series.dtype == np.float32 else "f64"}', series.T, series.dtype)
        write(f'imu_{case}_times.f64', load(root, f'inputs/{name}_timestamps.npy')[begin:end], '<f8')
        write(f'imu_{case}.f32', load(root, f'golden/imu_{case}/preproc.npy'), '<f4')


def cut_fmri(root):
    for case, name in ('3rep', 'fmri_1_3rep'), ('2rep_f16', 'fmri_3_2rep_f16'):
        values = load(root, f'inputs/{name}.npy')[:, ::16]
        write(f'fmri_{case}_values.f{values.itemsize * 8}', values, values.dtype)
        write(f'fmri_{case}.f32', load(root, f'golden/fmri_{case}/preproc.npy')[:, ::16], '<f4')


def cut_point(root):
    write('point_2500_points.f32', load(root, 'inputs/point_2_2500.npy'), '<f4')
    write('point_2500_every_5th.f32', load(root, 'golden/point_2500/preproc.npy')[::5], '<f4')
    write('point_2500_sample.u16', load(root, 'golden/point_2500/fps_idx.npy'), '<u2')
    groups = load(root, 'golden/point_2500/knn_idx_sorted.npy').reshape(1024, 32)
    write('point_2500_groups_every_16th.u16', groups[::16], '<u2')


def cut_audio(root):
    """Beginnings of channel 0, and as many frames as do not see the cut."""
    for case, name, n, n_frames in (('16k', '1_16k_mono', 8080, 49), ('44k', '2_44k_stereo', 13050, 28)):
        with wave.open(str(root / f'inputs/audio_{name}.wav')) as file:
            samples = np.frombuffer(file.readframes(n), '<i2').reshape(-1, file.getnchannels())
        write(f'audio_{case}_samples.i16', samples[:, 0], '<i2')
        write(f'audio_{case}.f32', load(root, f'golden/audio_{name[2:]}/preproc.npy')[0, :, :n_frames], '<f4')


def read_png(path):
    """8-bit RGB or palette PNG, not interlaced."""
    data = path.read_bytes()[8:]
    packed, palette = b'', None
    while data:
        n, kind = int.from_bytes(data[:4], 'big'), data[4:8]
        body = data[8:8 + n]
        if kind == b'IHDR':
            width, height, depth, colour = *np.frombuffer(body[:8], '>u4'), body[8], body[9]
        elif kind == b'PLTE':
            palette = np.frombuffer(body, np.uint8).reshape(-1, 3)
        elif kind == b'IDAT':
            packed += body
        data = data[12 + n:]
    assert depth == 8 and colour in (2, 3)
    bpp = 3 if colour == 2 else 1
    lines = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, 1 + width * bpp)
    rows = np.zeros((height + 1, (width + 1) * bpp), np.int64)
    for y, line in enumerate(lines):
        row, above = rows[y + 1], rows[y]
        for i in range(bpp, len(row)):
            a, b, c = row[i - bpp], above[i], above[i - bpp]
            p = a + b - c
            paeth = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            row[i] = (line[i - bpp + 1] + [0, a, b, (a + b) // 2, paeth][line[0]]) & 255
    pixels = rows[1:, bpp:].astype(np.uint8).reshape(height, width, bpp)
    return pixels if palette is None else palette[pixels[:, :, 0]]


def cut_image(root):
    """A patch of 32 x 32 target pixels and the source pixels under it; test_resize.c has the same numbers."""
    pixels = read_png(root / 'inputs/image_3_palette.png')  # 333 x 480 -> 224 x 322, of which rows 49..272
    write('image_patch_source.u8', pixels[160:220, 140:200], '<u1')
    write('image_patch.f32', load(root, 'golden/image_png_palette/preproc.npy')[:, 64:96, 100:132], '<f4')


if __name__ == '__main__':
    pictures()
    sounds()
    clouds()
    if len(sys.argv) > 1:
        reference = pathlib.Path(sys.argv[1])
        for cut in cut_imu, cut_fmri, cut_point, cut_audio, cut_image:
            cut(reference)
