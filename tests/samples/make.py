#!/usr/bin/python3
"""Makes the sample files of this folder, one or two per modality, from one scene: three balls on a chequered floor.

image, video, depth, normal and point show the scene as a camera, a depth sensor and a scanner would see it; audio is a
small bell melody, imu a person walking who then turns, fmri a smooth random field. Needs numpy and ffmpeg. Running it
again on the same machine gives the same bytes."""

import subprocess
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).resolve().parent
BALLS = [  # centre x y z, radius, colour
    ((-1.15, 0.8, 4.6), 0.8, (0.86, 0.20, 0.16)),
    ((0.55, 0.55, 3.7), 0.55, (0.20, 0.42, 0.85)),
    ((1.7, 1.0, 5.6), 1.0, (0.95, 0.76, 0.20)),
]
LIGHT = np.array([-0.5, 0.8, -0.45]) / np.linalg.norm([-0.5, 0.8, -0.45])


def hit_scene(origin, rays, lift=0.0):
    """Nearest hit of every ray: distance (inf: sky), surface normal, colour. `lift` raises the second ball."""
    distance = np.full(rays.shape[:-1], np.inf)
    normal = np.zeros_like(rays)
    colour = np.zeros_like(rays)

    with np.errstate(divide='ignore', invalid='ignore'):
        floor = np.where(rays[..., 1] < -1e-6, -origin[..., 1] / rays[..., 1], np.inf)
    is_floor = np.isfinite(floor) & (floor > 1e-4)
    place = origin + rays * np.where(is_floor, floor, 0)[..., None]
    chequer = (np.floor(place[..., 0]) + np.floor(place[..., 2])) % 2
    distance = np.where(is_floor, floor, distance)
    normal[is_floor] = (0, 1, 0)
    colour[is_floor] = np.where(chequer[..., None] > 0, (0.88, 0.86, 0.82), (0.36, 0.42, 0.40))[is_floor]

    for i, (centre, radius, paint) in enumerate(BALLS):
        centre = np.array(centre) + (0, lift if i == 1 else 0, 0)
        offset = origin - centre
        b = np.sum(offset * rays, axis=-1)
        discriminant = b * b - (np.sum(offset * offset, axis=-1) - radius * radius)
        near = -b - np.sqrt(np.maximum(discriminant, 0))
        hit = (discriminant > 0) & (near > 1e-4) & (near < distance)
        distance = np.where(hit, near, distance)
        normal[hit] = ((origin + rays * near[..., None] - centre) / radius)[hit]
        colour[hit] = paint
    return distance, normal, colour


def render(width, height, lift=0.0, turn=0.0):
    """The scene in one view: rgb in 0..1, depth in metres along the view axis (0: sky), normals in the camera frame."""
    x, y = np.meshgrid((np.arange(width) + 0.5) / height - width / height / 2, 0.5 - (np.arange(height) + 0.5) / height)
    rays = np.stack([x, y - 0.12, np.full_like(x, 0.9)], axis=-1)
    rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
    c, s = np.cos(turn), np.sin(turn)
    rotation = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    eye = np.array([0.2, 1.35, 4.6]) + rotation @ np.array([0, 0, -5.0])
    world = rays @ rotation.T
    origin = np.broadcast_to(eye, world.shape)
    distance, normal, colour = hit_scene(origin, world, lift)

    is_hit = np.isfinite(distance)
    place = origin + world * np.where(is_hit, distance, 0)[..., None]
    shadow, _, _ = hit_scene(place + normal * 1e-3, np.broadcast_to(LIGHT, world.shape), lift)
    lit = np.maximum(normal @ LIGHT, 0) * ~np.isfinite(shadow)
    half = LIGHT - world
    half /= np.linalg.norm(half, axis=-1, keepdims=True)
    shine = np.maximum(np.sum(normal * half, axis=-1), 0) ** 60 * (lit > 0) * (normal[..., 1] < 0.999)
    rgb = colour * (0.28 + 0.72 * lit[..., None]) + 0.5 * shine[..., None]
    haze = np.exp(-np.where(is_hit, distance, 0) / 30)[..., None]
    sky = np.array([0.62, 0.78, 0.95]) + np.clip(world[..., 1:2], 0, 1) * np.array([-0.45, -0.35, -0.1])
    rgb = np.where(is_hit[..., None], rgb * haze + sky * (1 - haze), sky)
    depth = np.where(is_hit, distance * rays[..., 2], 0)
    return np.clip(rgb, 0, 1), depth, normal @ rotation * is_hit[..., None]


def smooth(width, height, lift=0.0, turn=0.0):
    """rgb as u8, every pixel the mean of 3 x 3 rays."""
    rgb, _, _ = render(3 * width, 3 * height, lift, turn)
    rgb = rgb.reshape(height, 3, width, 3, 3).mean(axis=(1, 3))
    return np.round(255 * rgb ** (1 / 1.6)).astype(np.uint8)


def encode(name, pixels, pixel_format, rate, *options):
    """Frames [n, height, width, ...] through ffmpeg into the file `name`."""
    height, width = pixels.shape[1:3]
    subprocess.run(['ffmpeg', '-v', 'error', '-y', '-f', 'rawvideo', '-pix_fmt', pixel_format, '-s', f'{width}x{height}',
                    '-r', str(rate), '-i', '-', '-threads', '1', '-bitexact', *options, str(FOLDER / name)],
                   input=pixels.tobytes(), check=True)


def make_pictures():
    width, height = 320, 240
    encode('image.jpg', smooth(width, height)[None], 'rgb24', 1, '-q:v', '3', '-pix_fmt', 'yuvj420p')
    _, depth, normal = render(width, height)
    millimetres = np.where(depth < 60, np.round(1000 * depth), 0).astype('<u2')
    encode('depth.png', millimetres[None], 'gray16le', 1, '-pix_fmt', 'gray16be')
    normal = normal * (1, 1, -1)  # z towards the camera
    encode('normal.png', np.round(127.5 * (normal + 1)).astype(np.uint8)[None], 'rgb24', 1)


def make_video():
    rate, seconds = 12, 4
    times = np.arange(rate * seconds) / rate
    frames = [smooth(256, 144, lift=1.1 * abs(np.sin(np.pi * t)), turn=0.5 * (t / seconds - 0.5)) for t in times]
    encode('video.mp4', np.stack(frames), 'rgb24', rate, '-c:v', 'libx264', '-crf', '26', '-preset', 'slow', '-pix_fmt',
           'yuv420p', '-movflags', '+faststart')


def make_points():
    """4,096 points on the balls and the floor around them, as a scanner sees them: binary PLY with 8-bit colours."""
    random = np.random.default_rng(1)
    parts = []
    for centre, radius, paint in BALLS:
        direction = random.normal(size=(1000, 3))
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        shade = 0.55 + 0.45 * np.maximum(direction @ LIGHT, 0)
        parts.append((np.array(centre) + radius * direction, np.array(paint) * shade[:, None]))
    place = random.uniform((-2.5, 0, 2.5), (3.2, 0, 7), size=(1096, 3))
    chequer = (np.floor(place[:, 0]) + np.floor(place[:, 2])) % 2
    parts.append((place, np.where(chequer[:, None] > 0, (0.88, 0.86, 0.82), (0.36, 0.42, 0.40))))

    cloud = np.zeros(4096, dtype=[('xyz', '<f4', 3), ('rgb', 'u1', 3)])
    cloud['xyz'] = np.concatenate([xyz for xyz, _ in parts])
    cloud['rgb'] = np.round(255 * np.concatenate([rgb for _, rgb in parts]))
    header = ['ply', 'format binary_little_endian 1.0', 'comment three balls on a floor', f'element vertex {len(cloud)}',
              *(f'property float {axis}' for axis in 'xyz'),
              *(f'property uchar {name}' for name in ('red', 'green', 'blue')), 'end_header', '']
    (FOLDER / 'point.ply').write_bytes('\n'.join(header).encode() + cloud.tobytes())


def make_audio():
    """Five bell strokes, 16 kHz."""
    rate = 16000
    sound = np.zeros(4 * rate)
    partials = [(0.5, 0.5, 1.6), (1.0, 1.0, 1.1), (1.19, 0.5, 0.8), (1.56, 0.35, 0.6), (2.0, 0.5, 0.5), (2.74, 0.2, 0.3)]
    for start, pitch in [(0.1, 523.25), (0.7, 659.25), (1.3, 783.99), (1.9, 659.25), (2.5, 523.25)]:
        t = np.arange(len(sound) - int(start * rate)) / rate
        stroke = sum(loud * np.exp(-t / fade) * np.sin(2 * np.pi * pitch * ratio * t) for ratio, loud, fade in partials)
        sound[int(start * rate):] += stroke * np.minimum(t / 0.004, 1)
    samples = np.round(24000 * sound / np.abs(sound).max()).astype('<i2')
    subprocess.run(['ffmpeg', '-v', 'error', '-y', '-f', 's16le', '-ar', str(rate), '-ac', '1', '-i', '-', '-bitexact',
                    '-compression_level', '12', str(FOLDER / 'audio.flac')], input=samples.tobytes(), check=True)


def make_imu():
    """Three seconds at 100 Hz: walking (accelerometer in m/s2), then a turn to the left (gyroscope in rad/s)."""
    random = np.random.default_rng(2)
    t = np.arange(300) / 100
    step = 2 * np.pi * 1.9 * t
    turning = np.exp(-((t - 2.0) / 0.35) ** 2)
    columns = [1000 * t, 0.6 * np.sin(step), 0.9 * np.sin(step / 2), 9.81 + 2.2 * np.cos(step) + 0.7 * np.cos(2 * step),
               0.25 * np.sin(step), 0.2 * np.cos(step / 2), 1.9 * turning + 0.1 * np.sin(step / 2)]
    noise = 0.03 * random.normal(size=(len(t), 6))
    rows = [f'{row[0]:.0f},' + ','.join(f'{value:.3f}' for value in row[1:] + n) for row, n in zip(np.stack(columns, 1), noise)]
    (FOLDER / 'imu.csv').write_text('time_ms,ax,ay,az,gx,gy,gz\n' + '\n'.join(rows) + '\n')


def make_fmri():
    """One repeat of 15,724 voxels: noise smoothed over its neighbours, of unit variance."""
    random = np.random.default_rng(3)
    weights = np.hanning(41)
    field = np.convolve(random.normal(size=15724 + 40), weights, mode='valid')
    np.save(FOLDER / 'fmri.npy', (field / field.std()).astype(np.float16)[None])


if __name__ == '__main__':
    make_pictures()
    make_video()
    make_points()
    make_audio()
    make_imu()
    make_fmri()
