#!/usr/bin/python3
"""Makes the sample files of this folder: two for each of the eight modalities, each showing one simple thing.

What they show and what can be asked about them stands in README.md. Every file is drawn here from formulae; noise is
seeded, so running this again on the same machine gives the same bytes. Needs numpy, Pillow and ffmpeg."""
import subprocess
from pathlib import Path

import numpy as np
from PIL import Image

FOLDER = Path(__file__).resolve().parent
FINE = 3  # pictures are drawn so many times as large and then averaged, which smooths their edges
FOCAL = 0.6  # half of the short side of a view, seen from a distance of 1
GRAVITY = 9.81  # m/s2

PAPER_LIGHT, PAPER, PAPER_DARK = (252, 250, 245), (243, 240, 232), (234, 229, 220)
RED, BLUE, ORANGE, GREEN = (224, 30, 38), (43, 95, 217), (255, 140, 20), (30, 160, 60)


# ---- drawing: pictures are f64 [height, width, 3], 0..255 ----

def view(width, height):
    """x to the right [1, width] and y downwards [height, 1]; the short side is -1..1."""
    half = min(width, height) / 2
    return (np.arange(width)[None] + 0.5 - width / 2) / half, (np.arange(height)[:, None] + 0.5 - height / 2) / half


def smooth_step(begin, end, values):
    way = np.clip((values - begin) / (end - begin), 0, 1)
    return way * way * (3 - 2 * way)


def mix(under, over, share):
    """Two pictures or colours; share  [height, width] of the second one."""
    return np.asarray(under) + np.asarray(share)[..., None] * (np.asarray(over, float) - under)


def shrink(picture):
    """[FINE * height, FINE * width, ...] -> [height, width, ...], the mean of each square."""
    height, width = (length // FINE for length in picture.shape[:2])
    return picture.reshape(height, FINE, width, FINE, -1).mean(axis=(1, 3))


def pixels(picture):
    return np.round(np.clip(picture, 0, 255)).astype(np.uint8)


def paper(x, y):
    """An off-white background that darkens softly away from the light at the top left."""
    return mix(PAPER_LIGHT, PAPER_DARK, smooth_step(0.2, 2.6, np.hypot(x + 0.7, y + 0.9)))


def put(picture, distance, colour, shadow_distance, there=1.0):
    """Puts a shape with a soft shadow on a picture.

    distance  [height, width] from the shape's edge, negative inside; shadow_distance  the same of what casts the shadow
    there     how much of it is there, 0..1"""
    picture = picture * (1 - 0.3 * there * (1 - smooth_step(-0.06, 0.12, shadow_distance)))[..., None]
    return mix(picture, colour, there * (distance < 0))


def circle(x, y, radius):
    return np.hypot(x, y) - radius


def square(x, y, half):
    x, y = abs(x) - half, abs(y) - half
    return np.hypot(np.maximum(x, 0), np.maximum(y, 0)) + np.minimum(np.maximum(x, y), 0)


def star(x, y, radius, turn):
    """Five points, one upwards but for the turn. The ray from the middle crosses the edge between a tip and a notch."""
    notch = 0.45
    angle = np.abs((np.arctan2(x, -y) - turn + np.pi / 5) % (2 * np.pi / 5) - np.pi / 5)
    wide, narrow = notch * np.sin(np.pi / 5), 1 - notch * np.cos(np.pi / 5)
    return np.hypot(x, y) * (np.cos(angle) * wide + np.sin(angle) * narrow) - radius * wide


def save_jpeg(name, picture):
    Image.fromarray(pixels(picture)).save(FOLDER / name, quality=90, optimize=True)


def save_png(name, values):
    Image.fromarray(values).save(FOLDER / name, optimize=True)


def save_with_ffmpeg(name, content, content_options, options):
    """The same bytes every time: one thread, no dates or versions."""
    subprocess.run(['ffmpeg', '-v', 'error', '-y', *content_options, '-i', '-', *options, '-threads', '1', '-flags',
                    '+bitexact', '-fflags', '+bitexact', str(FOLDER / name)], input=content, check=True)


# ---- image ----

def make_images():
    x, y = view(480 * FINE, 480 * FINE)
    light = 1 - smooth_step(0, 1, np.hypot(x + 0.22, y + 0.26))
    red = mix(np.multiply(RED, 0.94), (255, 92, 88), 0.45 * light)
    picture = put(paper(x, y), circle(x, y, 0.56), red, circle(x - 0.03, y - 0.06, 0.56))
    save_jpeg('image-red-circle.jpg', shrink(picture))

    picture = np.broadcast_to(np.array(PAPER, float), (480 * FINE, 480 * FINE, 3))
    for across, down, turn in ((-0.48, 0.26, -0.12), (0, -0.36, 0.0), (0.48, 0.26, 0.12)):
        picture = mix(picture, BLUE, star(x - across, y - down, 0.31, turn) < 0)
    save_png('image-three-stars.png', pixels(shrink(picture)))


# ---- video: 4 s, of which the model sees the frames at 0, 0.6, 1.2, 1.8 and 2.4 s ----

def save_film(name, draw, *options):
    """draw  function of the view and the time in seconds -> picture"""
    side, rate, seconds = 320, 25, 4
    x, y = view(side * FINE, side * FINE)
    frames = b''.join(pixels(shrink(draw(x, y, number / rate))).tobytes() for number in range(rate * seconds))
    save_with_ffmpeg(name, frames, ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', f'{side}x{side}', '-r', str(rate)],
                     [*options, '-pix_fmt', 'yuv420p'])


def moving_square(x, y, time):
    """From the left to the right and back."""
    across = x + 0.58 * np.cos(2 * np.pi * time / 4)
    return put(paper(x, y), square(across, y, 0.3), ORANGE, square(across - 0.03, y - 0.05, 0.3))


def blinking_circle(x, y, time):
    """On in the first half of every second, with short fades: on, off, on, off and on in the frames that are seen."""
    there = 1 - smooth_step(0.4, 0.5, time % 1) + smooth_step(0.9, 1, time % 1)
    return put(paper(x, y), circle(x, y, 0.42), GREEN, circle(x - 0.02, y - 0.05, 0.42), there)


def make_videos():
    save_film('video-moving-square.mp4', moving_square, '-c:v', 'libx264', '-crf', '23', '-movflags', '+faststart')
    save_film('video-blinking-circle.webm', blinking_circle, '-c:v', 'libvpx-vp9', '-crf', '30', '-b:v', '0')


# ---- audio: samples f64 [n], -1..1 ----

def with_harmonics(phase, shares):
    """phase  in periods; shares  of the fundamental and its harmonics"""
    return sum(share * np.sin(2 * np.pi * number * phase) for number, share in enumerate(shares, 1))


def fade(samples, n_in, n_out):
    at = np.arange(len(samples))
    return samples * smooth_step(0, n_in, at) * smooth_step(0, n_out, at[::-1])


def save_sound(name, rate, samples):
    """16 bits, with a peak that is neither quiet nor loud."""
    values = np.round(samples * (32768 * 0.18 / np.abs(samples).max())).astype('<i2')
    save_with_ffmpeg(name, values.tobytes(), ['-f', 's16le', '-ar', str(rate), '-ac', '1'], [])


def make_audio():
    rate, low, high, seconds = 44100, 300, 2400, 2
    phase = np.cumsum(low * (high / low) ** np.linspace(0, 1, rate * seconds)) / rate
    tone = with_harmonics(phase, (1, 0.28, 0.1, 0.04))
    save_sound('audio-rising-tone.flac', rate, fade(tone, 0.06 * rate, 0.12 * rate))

    rate = 16000
    beep = fade(with_harmonics(2000 * np.arange(int(0.2 * rate)) / rate, (1, 0.12)), 0.015 * rate, 0.04 * rate)
    beeps = np.zeros(int(1.5 * rate))
    for begin_s in (0.15, 0.6, 1.05):
        beeps[int(begin_s * rate):][:len(beep)] = beep
    save_sound('audio-three-beeps.wav', rate, beeps)


# ---- point: places and normals f64 [n, 3] ----

def evenly(n):
    """n pairs in 0..1 without clumps or holes, though not on a grid."""
    return (np.arange(n)[:, None] * (0.7548776662466927, 0.5698402909980532) + 0.5).T % 1


def torus(n, tube):
    """As dense inside as outside."""
    around, across = 2 * np.pi * evenly(n)
    angles = np.linspace(0, 2 * np.pi, 1000)
    across = np.interp(across, angles + tube * np.sin(angles), angles)
    ring = np.stack([np.cos(around), np.zeros(n), np.sin(around)], 1)
    normals = np.cos(across)[:, None] * ring + np.outer(np.sin(across), (0, 1, 0))
    return ring + tube * normals, normals


def cube(n):
    u, v = 2 * evenly(n // 6) - 1
    sides = [(axis, side) for axis in range(3) for side in (-1, 1)]
    places = [np.roll(np.stack([np.full(u.size, side), u, v], 1), axis, axis=1) for axis, side in sides]
    return np.concatenate(places), np.repeat([np.roll([side, 0, 0], axis) for axis, side in sides], u.size, axis=0)


def turned(points, degrees_x, degrees_y):
    """About the y axis, then about the x axis."""
    a, b = np.radians((degrees_x, degrees_y))
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    return points @ (about_x @ about_y).T


def lit(colour, normals):
    """u8 [n, 3]: a little darker where a surface turns away from the light above."""
    return pixels(np.array(colour) * (0.875 + 0.125 * (normals @ (0.5, 0.8, 0.33))[:, None]))


def make_points():
    random = np.random.default_rng(1)
    places, normals = (turned(part, 35, 0) for part in torus(2600, 0.38))
    cloud = np.empty(len(places), [('place', '<f4', 3), ('colour', 'u1', 3)])
    cloud['place'] = places + random.normal(0, 0.006, places.shape)
    cloud['colour'] = lit(RED, normals)
    columns = ('float x', 'float y', 'float z', 'uchar red', 'uchar green', 'uchar blue')
    header = ['ply', 'format binary_little_endian 1.0', f'element vertex {len(cloud)}',
              *(f'property {column}' for column in columns), 'end_header', '']
    (FOLDER / 'point-red-torus.ply').write_bytes('\n'.join(header).encode() + cloud.tobytes())

    places, normals = (turned(part, 22, 33) for part in cube(1500))
    places = places + random.normal(0, 0.006, places.shape)
    np.savetxt(FOLDER / 'point-blue-cube.xyz', np.hstack([places, lit(BLUE, normals)]), '%.3f %.3f %.3f %d %d %d')


# ---- depth and normal: maps of a wall or a ball, each with a picture of the same view ----

def save_pair(stem, draw, width=320, height=240):
    """draw  function of a view -> its map as the file has it (depth in millimetres), its picture"""
    save_png(stem + '.png', draw(*view(width, height))[0])
    save_jpeg(stem + '.jpg', shrink(draw(*view(width * FINE, height * FINE))[1]))


def wall(x, y, turn, distance):
    """A wall straight ahead at a distance, turned to face the right or, by a negative angle, the left.

    -> distances, and two coordinates in metres on it: to the right, upwards; all [height, width]"""
    cosine, sine = np.cos(turn), np.sin(turn)
    far = distance * cosine / (cosine - FOCAL * x * sine) + 0 * y
    return far, far * FOCAL * x * cosine + (far - distance) * sine, -far * FOCAL * y


def blocks(across, up, width, height, joint, shift=0.0):
    """Tiles or bricks, each row shifted by a share of the width.

    -> places in metres from each block's middle: across, up; where joints are; a number in 0..1 of each block"""
    row = np.floor(up / height)
    column = np.floor(across / width + shift * row)
    across, up = (across / width + shift * row - column - 0.5) * width, (up / height - row - 0.5) * height
    own = np.random.default_rng(2).random((64, 64))[row.astype(int) % 64, column.astype(int) % 64]
    return across, up, np.maximum(abs(across) - width / 2, abs(up) - height / 2) > -joint / 2, own


def tiled_wall(x, y):
    """Nearer on the left."""
    far, across, up = wall(x, y, np.radians(30), 2)
    _, _, is_joint, own = blocks(across, up, 0.32, 0.32, 0.022)
    picture = mix(mix((138, 176, 172), (182, 208, 200), own), (236, 234, 226), is_joint)
    return np.round(1000 * far).astype(np.uint16), picture * (1.08 - 0.4 * smooth_step(1.3, 3.7, far))[..., None]


def brick_wall(x, y):
    """Facing left. Its normals bend at the edges of the bricks and are the plane's on average."""
    width, height, edge, turn = 0.44, 0.15, 0.035, np.radians(-40)
    _, across, up = wall(x, y, turn, 2)
    across, up, is_joint, own = blocks(across, up, width, height, 0.018, 0.5)
    normals = np.array([np.sin(turn), 0, np.cos(turn)])
    for from_middle, length, along in ((across, width, (np.cos(turn), 0, -np.sin(turn))), (up, height, (0, 1, 0))):
        slope = np.sign(from_middle) * np.sin(np.pi * smooth_step(length / 2 - edge, length / 2, abs(from_middle)))
        normals = normals + 0.35 * slope[..., None] * np.array(along)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    picture = mix(mix((182, 92, 70), (206, 124, 92), own), (208, 200, 186), is_joint)
    return pixels(127.5 * (normals + 1)), picture * (0.4 + 0.7 * np.maximum(normals @ (-0.35, 0.5, 0.79), 0))[..., None]


def shaded(colour, normals):
    """A glossy surface, lit from the top left; z to the viewer."""
    bright = 0.42 + 0.62 * np.maximum(normals @ (-0.45, 0.55, 0.7), 0)
    gloss = np.maximum(normals @ (-0.246, 0.3, 0.92), 0) ** 40
    return mix(np.array(colour) * bright[..., None], (255, 255, 255), 0.6 * gloss)


def ball_before_wall(x, y):
    """A ball on the right, nearer than the wall on which its shadow falls. z to the viewer, who is at 0, 0, 0."""
    behind, middle, radius = 2.1, np.array([0.39, 0.03, -1.35]), 0.32
    rays = np.stack(np.broadcast_arrays(FOCAL * x, -FOCAL * y, -1.0), -1)
    square_length, along = (rays ** 2).sum(-1), rays @ middle
    room = along ** 2 - square_length * (middle @ middle - radius ** 2)
    far = np.where(room > 0, (along - np.sqrt(np.maximum(room, 0))) / square_length, behind)
    offset = far[..., None] * rays - middle
    light = np.array([-0.5, 0.5, 0.707])
    past = np.linalg.norm(offset - (offset @ light)[..., None] * light, axis=-1)
    wallpaper = mix((214, 217, 226), (224, 227, 234), (np.abs(6 * x % 1 - 0.5) < 0.25) + 0 * y)
    shadow = 1 - smooth_step(0.6 * radius, 1.4 * radius, past)
    wallpaper *= (1.03 - 0.12 * np.hypot(x, y) - 0.3 * shadow)[..., None]
    return np.round(1000 * far).astype(np.uint16), mix(wallpaper, shaded((243, 176, 60), offset / radius), room > 0)


def ball(x, y):
    """In the middle; around it the normals point to the viewer."""
    a, b = np.broadcast_arrays(x / 0.8, -y / 0.8)
    inside = a ** 2 + b ** 2 < 1
    normals = np.stack([a * inside, b * inside, np.sqrt(1 - inside * (a ** 2 + b ** 2))], -1)
    picture = put(paper(x, y), circle(x, y, 0.8), shaded((52, 140, 178), normals), circle(x - 0.04, y - 0.09, 0.8))
    return pixels(127.5 * (normals + 1)), picture


# ---- imu: 3 s at 100 Hz ----

def save_motion(name, time, acceleration, turning):
    """Acceleration with gravity in m/s2 and angular velocity in rad/s, each [n, 3]."""
    noise = np.random.default_rng(3).normal(0, (0.04,) * 3 + (0.004,) * 3, (len(time), 6))
    np.savetxt(FOLDER / name, np.column_stack([time, np.hstack([acceleration, turning]) + noise]),
               ['%.2f'] + 6 * ['%.4f'], ',', header='time_s,ax,ay,az,gx,gy,gz', comments='')


def make_imu():
    """A phone upright in the pocket of somebody who walks; one held flat by somebody who turns."""
    time = np.arange(300) / 100
    step = 2 * np.pi * 1.8 * time
    aside, up, forth = 0.8 * np.sin(step / 2), 2.4 * np.sin(step) + 0.7 * np.sin(2 * step + 0.6), np.sin(step + 1.2)
    swing = [0.5 * np.sin(step / 2 + 0.4), 0.25 * np.sin(step / 2), 0.15 * np.sin(step)]
    save_motion('imu-walking.csv', time, np.stack([aside, GRAVITY + up, forth], 1), np.stack(swing, 1))
    left = 1.8 * smooth_step(0.1, 0.6, time) * (1 - smooth_step(1.4, 2.0, time))
    tremble = 0.12 * np.sin(2 * np.pi * np.outer(time, (1.7, 2.3, 2.9)))
    save_motion('imu-turning-left.csv', time, tremble + (0, 0, GRAVITY), 0.2 * tremble + np.outer(left, (0, 0, 1)))


# ---- fmri ----

def responses(category, gain, sigma, n_repeats):
    """f32 [n_repeats, 512]: 16 regions of 32 voxels, each excited or damped by what is seen, under noise."""
    regions = [(-1) ** bin((category + 1) & region).count('1') for region in range(16)]
    random = np.random.default_rng(4 + category)
    return (gain * np.repeat(regions, 32) + random.normal(0, sigma, (n_repeats, 512))).astype(np.float32)


def make_fmri():
    np.save(FOLDER / 'fmri-face.npy', responses(0, 1.0, 0.6, 8))
    np.savetxt(FOLDER / 'fmri-house.csv', responses(1, 0.8, 0.5, 4), '%.3f', ',',
               header=','.join(f'v{voxel}' for voxel in range(512)), comments='')


if __name__ == '__main__':
    make_images()
    make_videos()
    make_audio()
    make_points()
    save_pair('depth-slanted', tiled_wall)
    save_pair('depth-near-ball', ball_before_wall)
    save_pair('normal-sphere', ball, 240, 240)
    save_pair('normal-facing-left', brick_wall)
    make_imu()
    make_fmri()
