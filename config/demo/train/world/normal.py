"""Maps of surface normals, most with a picture of the same view: a plane that faces somewhere, or a ball.

Red is x to the right, green y upwards, blue z to the viewer, 0..255 for -1..1. Around a ball or a plane that does not
fill the view the map is black or has the colour of a surface that faces the viewer."""

import os

import numpy as np
from PIL import Image

from .depth import choose_picture, coordinates, draw_colour, draw_grain, draw_size, grain, planes, smooth_noise, texture
from .depth import write_picture
from .drawing import chance, pick

DIRECTIONS = {'right': 0, 'up': np.pi / 2, 'left': np.pi, 'down': -np.pi / 2}
FACES = (*DIRECTIONS, 'viewer')
SPHERE_SHARE = 0.35
FILLED_SHARE = 0.7  # of the planes fill the view
TILTS = np.radians((20, 65))
AWAY_MAX = np.radians(15)
VIEWER_MAX = np.radians(6)
FLAT_COLOURS = ((128, 128, 255), (127, 127, 255), (128, 127, 254))
LIGHT_COLOURS = ((0, 0, 0), (255, 255, 255), (128, 128, 128))


# ---- surfaces: unit vectors [height, width, 3] ----

def plane_normal(rng, faces):
    if faces == 'viewer':
        angle, away = rng.uniform(0, 2 * np.pi), rng.uniform(0, VIEWER_MAX)
    else:
        angle, away = DIRECTIONS[faces] + rng.uniform(-AWAY_MAX, AWAY_MAX), rng.uniform(*TILTS)
    return np.array([np.sin(away) * np.cos(angle), np.sin(away) * np.sin(angle), np.cos(away)], np.float32)


def plane_mask(rng, x, y):
    """Where a plane is that fills at least 45 % of the view: a box or an oval, turned."""
    if chance(rng, FILLED_SHARE):
        return np.ones(np.broadcast_shapes(x.shape, y.shape), bool)
    angle, width, height = rng.uniform(0, 2 * np.pi), *rng.uniform(0.7, 1, 2)
    x, y = x - rng.uniform(-0.15, 0.15), y - rng.uniform(-0.15, 0.15)
    a, b = (x * np.cos(angle) + y * np.sin(angle)) / width, (y * np.cos(angle) - x * np.sin(angle)) / height
    return (np.abs(a) < 1) & (np.abs(b) < 1) if chance(rng, 0.7) else a ** 2 + b ** 2 < 1.1


def ball(rng, x, y):
    """-> normals, where they count"""
    radius = rng.uniform(0.5, 0.96)
    room = max(0.98 - radius, 0)
    a, b = (x - rng.uniform(-room, room)) / radius, (y - rng.uniform(-room, room)) / radius
    square = a ** 2 + b ** 2
    normals = np.empty(square.shape + (3,), np.float32)
    normals[..., 0], normals[..., 1], normals[..., 2] = a, -b, np.sqrt(np.clip(1 - square, 0, 1))
    return normals, square < 1


def bricks(rng, x, y):
    """The slopes of a wall of bricks, each with rounded edges: two f32 [height, width] of mean 0."""
    width, height = rng.uniform(0.25, 0.7), rng.uniform(0.12, 0.35)
    row = np.floor(y / height)
    a, b = np.mod(x / width + row * 0.5, 1) - 0.5, np.mod(y / height, 1) - 0.5
    edge = rng.uniform(0.35, 0.46)
    return [np.sign(c) * (np.abs(c) > edge) for c in (a, np.broadcast_to(b, a.shape))]


def bumps(rng, normals, x, y):
    """A smooth, a rough or a bricked surface. Slopes of mean 0 are added, so that the surface faces where it did."""
    height, width = normals.shape[:2]
    kind, strength = rng.choice(4, p=[0.35, 0.25, 0.25, 0.15]), np.float32(rng.uniform(0.03, 0.3))
    if kind == 0:
        return normals
    if kind == 1:
        slopes = rng.standard_normal((2, height, width), dtype=np.float32) * np.float32(0.4)
    elif kind == 2:
        slopes = [smooth_noise(rng, height, width, rng.integers(8, 40)) for _ in range(2)]
    else:
        slopes = bricks(rng, x, y)
    normals = normals.copy()
    for channel in range(2):
        normals[..., channel] += slopes[channel] * strength
    return normals / np.sqrt(np.einsum('hwc,hwc->hw', normals, normals))[..., None]


# ---- maps and pictures ----

def around(rng):
    """The normal that a map has where there is no surface, as a colour."""
    colours = (((0, 0, 0),), FLAT_COLOURS, LIGHT_COLOURS)[rng.choice(3, p=[0.42, 0.42, 0.16])]
    return np.array(pick(rng, colours), np.uint8)


def store(rng, normals, mask):
    """Normals as a file has them: u8, or now and then f32 in -1..1."""
    outside = around(rng)
    if chance(rng, 0.12):
        return np.where(mask[..., None], normals, outside.astype(np.float32) / np.float32(127.5) - 1)
    levels = normals * np.float32(127.5) + np.float32(rng.choice([127.5, 128]))
    return np.where(mask[..., None], np.clip(levels, 0, 255).astype(np.uint8), outside)


def paint(rng, normals, mask, x, y):
    """The surface under a lamp."""
    height, width = mask.shape
    angle, away = rng.uniform(0, 2 * np.pi), rng.uniform(0, np.pi / 3)
    lamp = np.array([np.sin(away) * np.cos(angle), np.sin(away) * np.sin(angle), np.cos(away)], np.float32)
    ambient = np.float32(rng.uniform(0.1, 0.6))
    brightness = ambient + (1 - ambient) * np.maximum(normals @ lamp, 0)
    colour = draw_colour(rng)
    if chance(rng, 0.4):
        share = texture(rng, np.broadcast_to(x, mask.shape), np.broadcast_to(y, mask.shape))[..., None]
        colour = colour * (1 - share) + draw_colour(rng) * share
    picture = np.where(mask[..., None], colour * brightness[..., None], draw_colour(rng))
    return grain(rng, picture, draw_grain(rng))


def make(rng):
    surface = 'sphere' if chance(rng, SPHERE_SHARE) else 'plane'
    faces = pick(rng, FACES) if surface == 'plane' else None
    height, width = draw_size(rng)
    x, y = coordinates(height, width)
    if surface == 'sphere':
        normals, mask = ball(rng, x, y)
    else:
        normals = np.broadcast_to(plane_normal(rng, faces), (height, width, 3))
        mask = plane_mask(rng, x, y)
    normals = bumps(rng, normals, x, y)
    picture = choose_picture(rng, height, width, lambda: paint(rng, normals, mask, x, y))
    return {'modality': 'normal', 'facts': {'modality': 'normal', 'surface': surface, 'faces': faces},
            'raw': {'map': store(rng, normals, mask), 'picture': picture}}


def levels(stored):
    """8 bits stay as they are, -1..1 becomes 0..255."""
    if stored.dtype == np.uint8:
        return stored
    return np.clip((stored.astype(np.float64) + 1) * 127.5 + 0.5, 0, 255).astype(np.uint8)


def tensor(scene):
    return planes(levels(scene['raw']['map']), scene['raw']['picture'])


def write(scene, folder, stem, rng):
    parts = write_picture(scene['raw']['picture'], folder, stem, rng)
    stored = scene['raw']['map']
    path = os.path.join(folder, f'{stem}-normal.' + ('png' if stored.dtype == np.uint8 else 'npy'))
    if stored.dtype == np.uint8:
        Image.fromarray(stored).save(path)
    else:
        np.save(path, stored)
    return parts + [('normal', path)]
