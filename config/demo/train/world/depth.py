"""Depth maps, most with a picture of the same view: a slanted surface, a frontal one, or a thing before or behind a
frontal one. Larger values are farther.

A file holds 16-bit integers (mostly millimetres), 8 bits, or metres in an array. The daemon takes 8 bits as they are
and stretches all others to the map's own range (levels()), so a scene carries the map as the file has it. Stretching
makes loud noise of the faint noise on a wall, and that is what a flat scene looks like.

Also here, for maps of normals too: sizes, coordinates, pictures that have nothing to do with the map, and the way into
the planes that the network sees."""

import os

import numpy as np
from PIL import Image

from .drawing import chance, pick

SIDE = 224  # of what the network sees
ASPECTS = ((1, 1), (4, 3), (3, 4), (3, 2), (16, 9))
UNRELATED, ALONE = 0.25, 0.2  # shares of scenes whose picture tells nothing, and of those without a picture
AWAY_MAX = np.radians(15)  # of a direction from its axis
LAYOUTS = ('slanted', 'object', 'flat')
LAYOUT_SHARES = (0.4, 0.4, 0.2)
DIRECTIONS = {'right': 0, 'bottom': np.pi / 2, 'left': np.pi, 'top': -np.pi / 2}
PLACES = ('left', 'middle', 'right')
SHAPES = ('box', 'disc', 'ball', 'person')


# ---- views and pictures ----

def draw_size(rng):
    """-> height, width"""
    wide, high = ASPECTS[rng.choice(len(ASPECTS), p=[0.35, 0.35, 0.1, 0.1, 0.1])]
    short = 480 if chance(rng, 0.05) else SIDE if chance(rng, 0.3) else int(rng.integers(120, 320))
    return short * high // min(wide, high), short * wide // min(wide, high)


def coordinates(height, width):
    """x to the right [1, width] and y downwards [height, 1]; the square in the middle, which is seen, is -1..1."""
    half = min(height, width) / 2
    x = (np.arange(width, dtype=np.float32) + 0.5 - width / 2) / half
    y = (np.arange(height, dtype=np.float32) + 0.5 - height / 2) / half
    return x[None, :], y[:, None]


def smooth_noise(rng, height, width, cells):
    """Hills of height about -1..1, that many across."""
    small = Image.fromarray(rng.uniform(-1, 1, (cells, cells)).astype(np.float32))
    return np.asarray(small.resize((width, height), Image.BICUBIC))


def grain(rng, picture, strength):
    """Noise of a camera, the same in all three channels or not. picture  f32 [height, width, 3], 0..255 -> u8"""
    if strength > 0:
        shape = picture.shape[:2] + (int(rng.choice([1, 3])),)
        picture = picture + rng.integers(0, 256, shape, dtype=np.uint8) * np.float32(strength / 74) - strength * 1.72
    return np.clip(picture, 0, 255).astype(np.uint8)


def draw_grain(rng):
    return 0 if chance(rng, 0.4) else rng.uniform(1, 15)


def draw_colour(rng):
    """Any colour, or a grey: f32 [3], 0..255."""
    return rng.uniform(0, 255, 3 if chance(rng, 0.7) else 1).astype(np.float32) * np.ones(3, np.float32)


def unrelated_picture(rng, height, width):
    """Plain, a gradient or hills between two colours."""
    x, y = coordinates(height, width)
    kind = rng.integers(3)
    if kind == 0:
        share = np.zeros((height, width), np.float32)
    elif kind == 1:
        angle = rng.uniform(0, 2 * np.pi)
        share = np.clip((x * np.cos(angle) + y * np.sin(angle)) / 2 + 0.5, 0, 1)
    else:
        share = np.clip(smooth_noise(rng, height, width, rng.integers(2, 24)) / 2 + 0.5, 0, 1)
    picture = draw_colour(rng) * (1 - share[..., None]) + draw_colour(rng) * share[..., None]
    return grain(rng, picture, rng.uniform(0, 50) if chance(rng, 0.5) else 0)


def choose_picture(rng, height, width, related):
    """related  function without arguments that paints the view -> picture of any size, or None"""
    fate = rng.random()
    if fate < ALONE:
        return None
    picture = unrelated_picture(rng, height, width) if fate < ALONE + UNRELATED else related()
    if chance(rng, 0.7):
        return picture
    scale = rng.uniform(0.6, 1.6)
    return np.asarray(Image.fromarray(picture).resize((round(width * scale), round(height * scale)), Image.BILINEAR))


def seen_part(picture):
    """PIL picture -> u8 [3, SIDE, SIDE]: the short side becomes SIDE, the middle is cut out."""
    width, height = picture.size
    short = min(width, height)
    width, height = SIDE * width // short, SIDE * height // short
    left, top = round((width - SIDE) / 2), round((height - SIDE) / 2)
    pixels = np.asarray(picture.resize((width, height), Image.BICUBIC))[top:top + SIDE, left:left + SIDE]
    return np.broadcast_to(pixels[None], (3, SIDE, SIDE)) if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


def planes(pixels, picture):
    """What the network sees of a map in 8 bits and its picture: u8 [2, 3, SIDE, SIDE]."""
    pixels = Image.fromarray(pixels)
    picture = pixels if picture is None else Image.fromarray(picture)
    return np.stack([seen_part(picture), seen_part(pixels.resize(picture.size, Image.BICUBIC))])


def write_picture(picture, folder, stem, rng):
    """-> a list of the part for the form, empty where there is no picture"""
    if picture is None:
        return []
    ending = pick(rng, ('png', 'jpg'))
    path = os.path.join(folder, f'{stem}-picture.{ending}')
    Image.fromarray(picture).save(path, **({'quality': int(rng.integers(75, 96))} if ending == 'jpg' else {}))
    return [('image', path)]


# ---- distances in metres ----

def direction_along(rng, axis):
    angle = axis + rng.uniform(-AWAY_MAX, AWAY_MAX)
    return np.cos(angle), np.sin(angle)


def slanted(rng, nearer, x, y):
    """Farther and farther away from the nearer side, sometimes up to a horizon."""
    right, down = direction_along(rng, DIRECTIONS[nearer])
    along = -(x * right + y * down)
    away = (along - along.min()) / (along.max() - along.min())
    away = np.minimum(away, rng.uniform(0.75, 0.95) if chance(rng, 0.2) else 1) ** np.float32(rng.uniform(0.8, 1.25))
    near = np.exp(rng.uniform(np.log(0.3), np.log(4)))
    far = near * np.exp(rng.uniform(np.log(1.5), np.log(6)))
    if chance(rng, 0.5):
        distance = near + (far - near) * away
    else:
        distance = 1 / (1 / near + (1 / far - 1 / near) * away)
    across = x * down - y * right
    return distance, (distance * 2, across * distance)


def thing_mask(shape, x, y, half_width, half_height):
    """Where the thing is, and how far its surface bulges there (0..1). x and y from its middle."""
    a, b = x / half_width, y / half_height
    if shape == 'box':
        return (np.abs(a) < 1) & (np.abs(b) < 1), 0
    if shape == 'person':
        head = a ** 2 * 6 + ((b + 0.72) / 0.28) ** 2 < 1
        return head | ((np.abs(a) ** 3 + (np.abs(b - 0.3) / 0.72) ** 3) < 1), 0
    square = a ** 2 + b ** 2
    return square < 1, np.sqrt(np.clip(1 - square, 0, 1)) if shape == 'ball' else 0


def thing_middle(rng, place, half_width, half_height):
    """Left and right things keep away from the middle and from the edge."""
    x = rng.uniform(-0.12, 0.12) if place == 'middle' else rng.uniform(0.42, 0.93 - half_width)
    return -x if place == 'left' else x, rng.uniform(-1, 1) * (0.93 - half_height)


def tilt(rng, x, y, most):
    """A factor around 1 that changes evenly across the view, or not at all."""
    angle = rng.uniform(0, 2 * np.pi)
    return 1 + rng.uniform(0, most) * rng.integers(2) * (x * np.cos(angle) + y * np.sin(angle))


def thing(rng, kind, place, x, y):
    shape = pick(rng, SHAPES)
    half_width = rng.uniform(0.2, 0.45)
    half_height = half_width * {'ball': 1, 'person': 2}.get(shape, rng.uniform(0.7, 1.6))
    half_height = min(half_height, 0.88)
    middle_x, middle_y = thing_middle(rng, place, half_width, half_height)
    mask, bulge = thing_mask(shape, x - middle_x, y - middle_y, half_width, half_height)
    behind = rng.uniform(0.8, 6) * tilt(rng, x, y, 0.05)
    factor = rng.uniform(0.35, 0.75) if kind == 'near' else rng.uniform(1.35, 2.5)
    surface = behind * factor * tilt(rng, x, y, 0.02)
    bulge = bulge * rng.uniform(0.05, 0.2) * (-1 if kind == 'near' else 1)
    distance = np.where(mask, surface * (1 + bulge), behind)
    return distance, (x * behind, y * behind), mask


# ---- what a sensor makes of it ----

def sensor_noise(rng, distance, most):
    """Noise of up to `most` metres, some of it in hills."""
    height, width = distance.shape
    sigma = most * rng.random()
    noisy = distance + rng.standard_normal((height, width), dtype=np.float32) * np.float32(sigma)
    if chance(rng, 0.3):
        noisy += smooth_noise(rng, height, width, rng.integers(6, 20)) * np.float32(sigma)
    return noisy


def holes(rng, height, width):
    """Where nothing was measured: specks or a strip at an edge."""
    if chance(rng, 0.6):
        return rng.random((height, width), dtype=np.float32) < rng.uniform(0.0005, 0.02)
    mask = np.zeros((height, width), bool)
    mask[:, :int(width * rng.uniform(0.01, 0.06))] = True
    return mask[:, ::-1] if chance(rng, 0.5) else mask


def to_u8(rng, distance, is_flat):
    """Grey levels, in which everything but a flat scene has a clear contrast."""
    low = rng.uniform(0, 120)
    high = rng.uniform(low + 90, 255)
    nearest, farthest = distance.min(), distance.max()
    if is_flat:
        spread = rng.uniform(0, 8)
        levels = rng.uniform(0, 255 - spread) + (distance - nearest) / max(farthest - nearest, 1e-6) * spread
    else:
        levels = low + (distance - nearest) * ((high - low) / (farthest - nearest))
    return np.rint(levels).astype(np.uint8)


def to_u16(rng, distance):
    """Millimetres, or fifths of them, or the whole range of 16 bits."""
    units = (1000, 5000, 60000 / distance.max())[rng.choice(3, p=[0.7, 0.15, 0.15])]
    return np.clip(np.rint(distance * np.float32(units)), 0, 65535).astype(np.uint16)


def measure(rng, distance, layout):
    """Metres -> the map of a file: u8, u16 or f32."""
    contrast = distance.max() - distance.min()
    most = distance.min() * 0.02 if layout == 'flat' else contrast * 0.04
    if chance(rng, 0.7):
        distance = sensor_noise(rng, distance, most)
    kind = rng.choice(3, p=[0.3, 0.5, 0.2])
    stored = to_u8(rng, distance, layout == 'flat') if kind == 0 else to_u16(rng, distance) if kind == 1 else distance
    if chance(rng, 0.2):
        stored[holes(rng, *stored.shape)] = 0
    return stored


# ---- the picture of the view ----

def texture(rng, across, up):
    """[height, width] of 0..1 on a surface with coordinates in metres."""
    pieces = rng.uniform(1.5, 6)
    a, b = across * np.float32(pieces), up * np.float32(pieces)
    kind = rng.integers(4)
    if kind == 0:
        return ((np.floor(a) + np.floor(b)) % 2).astype(np.float32)
    if kind == 1:
        return ((a % 1 < 0.12) | (b % 1 < 0.12)).astype(np.float32)
    if kind == 2:
        return (np.floor(a if chance(rng, 0.5) else b) % 2).astype(np.float32)
    return np.clip(smooth_noise(rng, *a.shape, rng.integers(3, 30)) / 2 + 0.5, 0, 1)


def light(rng, x, y):
    angle = rng.uniform(0, 2 * np.pi)
    return 1 + np.float32(rng.uniform(0, 0.35)) * (x * np.cos(angle) + y * np.sin(angle)).astype(np.float32)


def paint(rng, x, y, surface, distance, mask):
    """surface  two coordinates of each pixel on what is behind; mask  of the thing, or None"""
    shape = distance.shape
    picture = np.broadcast_to(draw_colour(rng), shape + (3,))
    if chance(rng, 0.75):
        share = texture(rng, *(np.broadcast_to(c, shape) for c in surface))[..., None]
        picture = picture + (draw_colour(rng) - picture[0, 0]) * share
    if mask is not None:
        picture = np.where(mask[..., None], draw_colour(rng), picture)
    return grain(rng, picture * light(rng, x, y)[..., None], draw_grain(rng))


# ---- scenes ----

def make(rng):
    layout = LAYOUTS[rng.choice(len(LAYOUTS), p=LAYOUT_SHARES)]
    facts = {'modality': 'depth', 'layout': layout, 'nearer': None, 'object': None, 'place': None}
    height, width = draw_size(rng)
    x, y = coordinates(height, width)
    mask = None
    if layout == 'slanted':
        facts['nearer'] = pick(rng, tuple(DIRECTIONS))
        distance, surface = slanted(rng, facts['nearer'], x, y)
    elif layout == 'object':
        facts['object'], facts['place'] = pick(rng, ('near', 'far')), pick(rng, PLACES)
        distance, surface, mask = thing(rng, facts['object'], facts['place'], x, y)
    else:
        distance = np.full((height, width), rng.uniform(0.3, 8), np.float32)
        surface = (x * distance, y * distance)
    distance = distance.astype(np.float32)
    picture = choose_picture(rng, height, width, lambda: paint(rng, x, y, surface, distance, mask))
    return {'modality': 'depth', 'facts': facts, 'raw': {'map': measure(rng, distance, layout), 'picture': picture}}


def levels(stored):
    """8 bits stay as they are, everything else is stretched to its own range; a constant map becomes 0."""
    if stored.dtype == np.uint8:
        return stored
    nearest, farthest = float(stored.min()), float(stored.max())
    if nearest == farthest:
        return np.zeros(stored.shape, np.uint8)
    return ((stored.astype(np.float64) - nearest) * (255 / (farthest - nearest)) + 0.5).astype(np.uint8)


def tensor(scene):
    return planes(levels(scene['raw']['map']), scene['raw']['picture'])


def write_map(stored, folder, stem, rng):
    is_array = stored.dtype == np.float32 or (stored.dtype == np.uint16 and chance(rng, 0.15))
    is_jpeg = stored.dtype == np.uint8 and chance(rng, 0.15)
    path = os.path.join(folder, f'{stem}-depth.' + ('npy' if is_array else 'jpg' if is_jpeg else 'png'))
    if is_array:
        np.save(path, stored.astype(np.float64) if chance(rng, 0.3) else stored)
    elif is_jpeg:
        Image.fromarray(stored).save(path, quality=int(rng.integers(88, 97)))
    elif stored.dtype == np.uint8 and chance(rng, 0.3):
        Image.fromarray(stored).convert('RGB').save(path)
    else:
        Image.fromarray(stored).save(path)
    return path


def write(scene, folder, stem, rng):
    parts = write_picture(scene['raw']['picture'], folder, stem, rng)
    return parts + [('depth', write_map(scene['raw']['map'], folder, stem, rng))]
