"""Films of the demo world: one object that stays, moves, grows or shrinks, or blinks; or nothing at all.

A scene keeps functions of time. The model sees five frames of a film and averages what it makes of them, so a motion
must show in those: an object moves by four tenths of the side at least, its extent grows by 2.6 at least, and it blinks
so that two or three of the five show it. Of a frame that is not square three crops are averaged, too, in which a thing that
stands still is at three places: such films are made less often than square ones, the tall ones least. Places and sizes are
relative to the middle square of the frame."""
import math
import subprocess

import numpy as np

from .drawing import (COLOURS, SHAPES, add, chance, compress, draw_background, draw_colour, draw_object, draw_style,
                      pick)

SIZE = 224
N_SEEN = 5
N_CROPS = 3
CLIP_S = 1
MOTIONS = ['still', 'sideways', 'vertical', 'size', 'blinking']
NONE_SHARE = 0.06
MOVE_MIN = 0.4
GROWTH_MIN = 2.6
EDGE = 0.02
ASPECTS = [4 / 3, 4 / 3, 4 / 3, 16 / 9, 16 / 9, 3 / 4, 9 / 16]
RATES = [10, 20, 24, 25, 30]
CODECS = {
    'mp4': ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p'],
    'webm': ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '600k', '-pix_fmt', 'yuv420p'],
    'avi': ['-c:v', 'mjpeg', '-q:v', '4', '-pix_fmt', 'yuvj420p'],
    'mkv': ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p'],
    'mov': ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p'],
    'gif': ['-vf', 'split[a][b];[a]palettegen[p];[b][p]paletteuse'],
}
GIF_RATES = [10, 20, 25]    # whole hundredths of a second per frame


# Time.

def seen_frames(n_frames, rate):
    """The numbers of the frames that the model sees."""
    room_s = max(n_frames / rate - CLIP_S, 0)
    return [min(math.ceil(rate * (room_s * clip / N_SEEN)), n_frames - 1) for clip in range(N_SEEN)]


def draw_course(rng):
    """How far something has come, as a function of time: once there, or there and back again and again."""
    return {'kind': pick(rng, ['once', 'once', 'swing', 'zigzag']), 'period_s': rng.uniform(1.2, 8),
            'phase': rng.random()}


def progress(course, time_s, duration_s):
    """0..1."""
    if course['kind'] == 'once':
        return time_s / duration_s
    turn = (time_s / course['period_s'] + course['phase']) % 1
    return 0.5 - 0.5 * math.cos(2 * math.pi * turn) if course['kind'] == 'swing' else 1 - abs(2 * turn - 1)


def state(scene, time_s):
    """The object at a time: x, y, extent, whether it is there."""
    way, duration_s = scene['way'], scene['n_frames'] / scene['rate']
    share = progress(way['course'], time_s, duration_s)
    x, y, extent = ((1 - share) * np.array(way['first']) + share * np.array(way['last'])).tolist()
    blink = way['blink']
    is_there = blink is None or (time_s / blink['period_s'] + blink['phase']) % 1 < blink['share']
    return x, y, extent, is_there


# What moves, and how.

def spot(rng, form, extent):
    """A place at which an object of this extent lies inside, rather near the border: long ways start and end there."""
    margins = form['half_width'] * extent + EDGE, form['half_height'] * extent + EDGE
    return tuple(margin + rng.beta(0.7, 0.7) * (1 - 2 * margin) for margin in margins)


def draw_way(rng, form, motion):
    """From where to where, how, and whether it blinks."""
    extent, blink = rng.uniform(0.18, 0.42), None
    if motion == 'blinking':
        blink = {'period_s': rng.uniform(0.4, 4), 'phase': rng.random(), 'share': rng.uniform(0.35, 0.65)}
    if motion == 'size':
        extents = rng.permutation([rng.uniform(0.04, 0.22), rng.uniform(0.3, 0.75)]).tolist()
        x, y = spot(rng, form, max(extents))
        return {'first': (x, y, extents[0]), 'last': (x, y, extents[1]), 'course': draw_course(rng), 'blink': blink}
    first, last = spot(rng, form, extent), spot(rng, form, extent)
    end = {'sideways': (last[0], first[1]), 'vertical': (first[0], last[1])}.get(motion, first)
    return {'first': (*first, extent), 'last': (*end, extent), 'course': draw_course(rng), 'blink': blink}


def shows(scene, motion):
    """Whether the frames that are seen tell the motion."""
    states = [state(scene, number / scene['rate']) for number in seen_frames(scene['n_frames'], scene['rate'])]
    x, y, extent, is_there = (np.array(values) for values in zip(*states))
    if motion == 'blinking':
        return 2 <= is_there.sum() <= 3
    if motion == 'size':
        return extent.max() >= GROWTH_MIN * extent.min()
    moved = {'sideways': np.ptp(x), 'vertical': np.ptp(y)}.get(motion, 1)
    return moved >= MOVE_MIN


# Scenes.

def draw_sides(rng):
    """Width and height, both even."""
    side = SIZE if chance(rng, 0.5) else 2 * int(rng.integers(60, 181))
    aspect = 1 if chance(rng, 0.5) else pick(rng, ASPECTS)
    width, height = (side * aspect, side) if aspect >= 1 else (side, side / aspect)
    return 2 * round(width / 2), 2 * round(height / 2)


def make(rng):
    """A scene: its facts, its frames' sides, number and rate, and what frame_pixels needs."""
    width, height = draw_sides(rng)
    rate = pick(rng, RATES)
    is_empty = chance(rng, NONE_SHARE)
    shape, word, motion = pick(rng, SHAPES), pick(rng, COLOURS), pick(rng, MOTIONS)
    style = draw_style(rng, shape, draw_colour(rng, word))
    background, _, is_noisy = draw_background(rng, width, height, [] if is_empty else [style['colour']],
                                              [] if is_empty else [word])
    scene = {'modality': 'video', 'width': width, 'height': height, 'rate': rate, 'background': background,
             'n_frames': round(rng.uniform(2, 8) * rate), 'style': style, 'way': None,
             'seed': int(rng.integers(2 ** 32)),
             'sigma': rng.uniform(8, 24) if is_noisy else rng.uniform(1, 5) if chance(rng, 0.3) else 0,
             'quality': int(rng.integers(40, 93)) if chance(rng, 0.65) else None}
    if is_empty:
        return {**scene, 'facts': {'modality': 'video', 'object': None, 'motion': None}}
    scene['facts'] = {'modality': 'video', 'object': {'shape': shape, 'colour': word}, 'motion': motion}
    while scene['way'] is None or not shows(scene, motion):
        scene['way'] = draw_way(rng, style['form'], motion)
    return scene


def frame_pixels(scene, number):
    """One frame, before any compression: u8 [height, width, 3]."""
    pixels, width, height = scene['background'].copy(), scene['width'], scene['height']
    side = min(width, height)
    if scene['way'] is not None:
        x, y, extent, is_there = state(scene, number / scene['rate'])
        if is_there:
            draw_object(pixels, scene['style'], (width - side) / 2 + x * side, (height - side) / 2 + y * side,
                        extent * side)
    if scene['sigma']:
        noise = np.random.default_rng((scene['seed'], number)).standard_normal((height, width, 1), np.float32)
        pixels = add(pixels, noise * np.float32(scene['sigma']))
    return pixels


# What the model is given.

def blend_axis(pixels, target, axis):
    """Along one axis to `target` pixels: between the two nearest, however much smaller the target is."""
    n = pixels.shape[axis]
    at = np.maximum((np.arange(target, dtype=np.float32) + 0.5) * np.float32(n / target) - np.float32(0.5), 0)
    left = np.minimum(at.astype(int), n - 1)
    share = np.minimum(at - left, 1).reshape([-1 if i == axis else 1 for i in range(3)])
    lower = pixels.take(left, axis)
    return lower + share * (pixels.take(np.minimum(left + 1, n - 1), axis) - lower)


def short_side_to_size(pixels):
    """The whole frame with a short side of 224: u8."""
    side = min(pixels.shape[:2])
    height, width = (SIZE * length // side for length in pixels.shape[:2])
    if (height, width) == pixels.shape[:2]:
        return pixels
    return (blend_axis(blend_axis(pixels.astype(np.float32), width, 1), height, 0) + 0.5).astype(np.uint8)


def crop_begin(length, crop):
    """The first crop begins at 0, the last one ends at the end."""
    return -(-(length - SIZE) * crop // (N_CROPS - 1))


def tensor(scene):
    """What the model is given, before normalisation: u8 [15, 3, 224, 224], three crops of each of five frames."""
    result = np.empty((N_SEEN * N_CROPS, 3, SIZE, SIZE), np.uint8)
    for clip, number in enumerate(seen_frames(scene['n_frames'], scene['rate'])):
        pixels = frame_pixels(scene, number)
        # A film's compression looks much like a picture's.
        pixels = compress(pixels, scene['quality']) if scene['quality'] else pixels
        planes = short_side_to_size(pixels).transpose(2, 0, 1)
        for crop in range(N_CROPS):
            top, left = (crop_begin(length, crop) for length in planes.shape[1:])
            result[clip * N_CROPS + crop] = planes[:, top:top + SIZE, left:left + SIZE]
    return result


def shift(scene):
    """How far apart neighbouring crops are, x and y, in sides of a crop: so far apart is what stands still seen three times."""
    side = min(scene['width'], scene['height'])
    return [(length / side - 1) / (N_CROPS - 1) for length in (scene['width'], scene['height'])]


def trace(scene):
    """What is to be seen of the way of the object: f32 [9], the least and the greatest x, y and extent in the frames that
    show it, the share of those among all, and shift(). NaN what there is not."""
    if scene['way'] is None:
        return np.array([np.nan] * 6 + [0] + [np.nan] * 2, np.float32)
    states = np.array([state(scene, number / scene['rate']) for number in seen_frames(scene['n_frames'], scene['rate'])])
    shown = states[states[:, 3] > 0, :3]
    return np.array([*np.stack([shown.min(0), shown.max(0)], 1).ravel(), len(shown) / N_SEEN, *shift(scene)], np.float32)


def mirrored(traces):
    """[n, 9]: what trace() would say of films in a mirror."""
    return np.concatenate([1 - traces[:, [1, 0]], traces[:, 2:]], 1)


# Files.

def write(scene, folder, stem, rng):
    """The film as a file of some common format: [('video', path)]."""
    kind = pick(rng, ['mp4', 'mp4', 'mp4', 'webm', 'avi', 'mkv', 'mov'] + ['gif'] * (scene['rate'] in GIF_RATES))
    path = f'{folder}/{stem}.{kind}'
    command = ['ffmpeg', '-v', 'error', '-y', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-framerate', str(scene['rate']),
               '-video_size', f'{scene["width"]}x{scene["height"]}', '-i', '-', *CODECS[kind], path]
    frames = b''.join(frame_pixels(scene, number).tobytes() for number in range(scene['n_frames']))
    subprocess.run(command, input=frames, check=True)
    return [('video', path)]
