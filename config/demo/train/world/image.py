"""Pictures of the demo world: one object in one of nine places, two unlike ones, a few equal ones, or none.

Places and sizes are relative to the picture's middle square, which is all that the model sees. What has different names
is never close: an object is small (14 to 24 % of the side) or large (42 to 62 %), in the middle or clearly not."""
import numpy as np
from PIL import Image

from .drawing import (COLOURS, SHAPES, chance, distance, draw_background, draw_colour, draw_object, draw_style,
                      ink_cover, noisy, pick, weather)

SIZE = 224
PATCHES = 16
PLACES = ['top left', 'top', 'top right', 'left', 'middle', 'right', 'bottom left', 'bottom', 'bottom right']
EXTENTS = {'small': (0.14, 0.24), 'large': (0.42, 0.62)}
EDGES = {'small': 0.03, 'large': 0.01}    # nearest to the border
CENTRE_MAX = {'middle': 0.08, 'side': 0.1}    # farthest from the middle along an axis that is neither left nor right
OUTER_MAX = {'side': 0.3, 'corner': 0.33}    # the middle of what is left lies left of this
GAP = 0.035    # between objects
STEEP = 2.2    # of two objects, the longer way is so many times the shorter one
KINDS = ['one', 'two', 'same', 'none']
KIND_SHARES = [0.6, 0.2, 0.14, 0.06]
FORMATS = ['png', 'png', 'jpg', 'jpg', 'webp', 'gif', 'bmp']


# Where objects are: [(x of the middle, y of the middle, extent)], in sides of the middle square.

def axis_steps(place):
    """-1, 0 or 1 across and down."""
    across = -1 if 'left' in place else 1 if 'right' in place else 0
    down = -1 if 'top' in place else 1 if 'bottom' in place else 0
    return across, down


def place_one(rng, style, size, place):
    steps, halves = axis_steps(place), (style['form']['half_width'], style['form']['half_height'])
    edge, n_outer = EDGES[size], sum(map(abs, steps))
    outer = OUTER_MAX['corner' if n_outer == 2 else 'side']
    low, high = EXTENTS[size]
    high = min([high] + [(outer - edge) / half for step, half in zip(steps, halves) if step])
    extent = rng.uniform(low, high)
    at = []
    for step, half in zip(steps, halves):
        centre_max = CENTRE_MAX['side' if n_outer else 'middle']
        off = 0.5 - rng.uniform(half * extent + edge, outer) if step else rng.uniform(-centre_max, centre_max)
        at.append(0.5 + (step * off if step else off))
    return [(at[0], at[1], extent)]


def free_spot(rng, style, extent):
    """A place anywhere inside, with the border left free."""
    margin_x, margin_y = (style['form'][half] * extent + EDGES['small'] for half in ('half_width', 'half_height'))
    return rng.uniform(margin_x, 1 - margin_x), rng.uniform(margin_y, 1 - margin_y), extent


def are_apart(style, spot, other_style, other):
    """Whether two objects' bounding boxes leave a gap between them."""
    reach_x = style['form']['half_width'] * spot[2] + other_style['form']['half_width'] * other[2]
    reach_y = style['form']['half_height'] * spot[2] + other_style['form']['half_height'] * other[2]
    return abs(spot[0] - other[0]) > reach_x + GAP or abs(spot[1] - other[1]) > reach_y + GAP


def place_two(rng, styles, relation):
    """The left one or the upper one first."""
    extents = rng.uniform(0.14, 0.3, 2)
    along = 0 if relation == 'beside' else 1
    while True:
        first, second = (free_spot(rng, style, extent) for style, extent in zip(styles, extents))
        way = [second[0] - first[0], second[1] - first[1]]
        if way[along] > STEEP * abs(way[1 - along]) and are_apart(styles[0], first, styles[1], second):
            return [first, second]


def scatter(rng, style, extents):
    """All apart from each other; None when they do not find room soon."""
    spots = []
    for extent in extents:
        tries = (free_spot(rng, style, extent) for _ in range(30))
        spot = next((spot for spot in tries if all(are_apart(style, spot, style, other) for other in spots)), None)
        if spot is None:
            return None
        spots.append(spot)
    return spots


def line_up(rng, style, extents):
    """In a row or a column, evenly or nearly so."""
    half = 'half_width' if chance(rng, 0.5) else 'half_height'
    lengths = [2 * style['form'][half] * extent for extent in extents]
    free = 1 - 2 * EDGES['small'] - sum(lengths)
    gap = rng.uniform(GAP, max(GAP, min(free / (len(extents) - 1), 0.25)))
    end = free - gap * (len(extents) - 1)
    if end < 0:
        return None
    begin, level = EDGES['small'] + rng.uniform(0, end), rng.uniform(0.2, 0.8)
    spots = []
    for length, extent in zip(lengths, extents):
        at = begin + length / 2
        spots.append((at, level, extent) if half == 'half_width' else (level, at, extent))
        begin += length + gap
    return spots


def place_same(rng, style, n):
    while True:
        extents = np.full(n, rng.uniform(0.14, 0.3 if n < 4 else 0.25))
        if chance(rng, 0.3):
            extents = np.clip(extents * rng.uniform(0.85, 1.15, n), 0.14, 0.3)
        spots = line_up(rng, style, extents) if chance(rng, 0.35) else scatter(rng, style, extents)
        if spots is not None:
            return spots


# Scenes.

def draw_sides(rng):
    """Width and height of a picture: square and about as large as the model's, mostly."""
    side = SIZE if chance(rng, 0.4) else int(rng.integers(160, 321) if chance(rng, 0.7) else rng.integers(320, 481))
    longer = side if chance(rng, 0.75) else round(side * pick(rng, [rng.uniform(1, 4 / 3), 4 / 3]))
    return (side, longer) if chance(rng, 0.4) else (longer, side)


def fact(shape, colour, size=None, place=None):
    return {'shape': shape, 'colour': colour, 'size': size, 'place': place}


def draw_arrangement(rng, kind):
    """What there is and where: the facts' objects and relation, a style and a spot for each."""
    shapes, words = rng.permutation(SHAPES)[:2].tolist(), rng.permutation(COLOURS)[:2].tolist()
    styles = [draw_style(rng, shape, draw_colour(rng, word)) for shape, word in zip(shapes, words)]
    if kind == 'one':
        size, place = pick(rng, list(EXTENTS)), pick(rng, PLACES)
        return ({'objects': [fact(shapes[0], words[0], size, place)]}, styles[:1],
                place_one(rng, styles[0], size, place))
    if kind == 'two':
        relation = pick(rng, ['beside', 'above'])
        return ({'objects': [fact(*pair) for pair in zip(shapes, words)], 'relation': relation}, styles,
                place_two(rng, styles, relation))
    n = int(rng.integers(2, 6)) if kind == 'same' else 0
    return ({'objects': [fact(shapes[0], words[0])] * n}, styles[:1] * n,
            place_same(rng, styles[0], n) if n else [])


def make(rng):
    """A scene: its facts, its pixels (raw, u8 [height, width, 3]), and what was drawn where."""
    kind = KINDS[int(rng.choice(len(KINDS), p=KIND_SHARES))]
    width, height = draw_sides(rng)
    side = min(width, height)
    seen, styles, spots = draw_arrangement(rng, kind)
    inks = [style['colour'] for style in styles]
    pixels, background, is_noise_to_come = draw_background(rng, width, height, inks[:2],
                                                           [thing['colour'] for thing in seen['objects']])
    for style, (x, y, extent) in zip(styles, spots):
        draw_object(pixels, style, (width - side) / 2 + x * side, (height - side) / 2 + y * side, extent * side)
    pixels = noisy(rng, pixels) if is_noise_to_come else pixels
    facts = {'modality': 'image', 'kind': kind, **seen, 'background': background}
    return {'modality': 'image', 'facts': facts, 'raw': weather(rng, pixels), 'styles': styles, 'spots': spots}


def tensor(scene):
    """What the model is given, before normalisation: u8 [3, 224, 224]. Short side to 224, middle square."""
    picture = Image.fromarray(scene['raw'])
    side = min(picture.size)
    width, height = (SIZE * length // side for length in picture.size)
    if (width, height) != picture.size:
        picture = picture.resize((width, height), Image.BICUBIC)
    left, top = round((width - SIZE) / 2), round((height - SIZE) / 2)
    return np.ascontiguousarray(np.asarray(picture)[top:top + SIZE, left:left + SIZE].transpose(2, 0, 1))


def labels(scene):
    """What is where. (1) u8 [16, 16, 5]: of each of the model's patches the number of the shape and of the colour, both
    from 1, of the object whose ink covers most of it and at least a fifth, and where its middle is, x and y, and its
    extent, in 255ths of the side; 0 where there is none. (2) u8 [64, 64]: the share of ink, a sixteenth of a patch
    each."""
    fine = 4 * PATCHES
    at = (np.arange(fine, dtype=np.float32) + 0.5) / fine
    result, most = np.zeros((PATCHES, PATCHES, 5), np.uint8), np.full((PATCHES, PATCHES), 0.2, np.float32)
    ink = np.zeros((fine, fine), np.float32)
    for thing, style, (x, y, extent) in zip(scene['facts']['objects'], scene['styles'], scene['spots']):
        depth = distance(style['shape'], style['form'], (at[None, :] - x) / extent, (at[:, None] - y) / extent)
        fine_share = ink_cover({**style, 'jagged': False}, depth * (extent * fine), extent * fine)
        share = fine_share.reshape(PATCHES, 4, PATCHES, 4).mean((1, 3))
        place = np.clip(np.rint(255 * np.array([x, y, extent])), 0, 255)
        result[share >= most] = SHAPES.index(thing['shape']) + 1, COLOURS.index(thing['colour']) + 1, *place
        most = np.maximum(most, share)
        ink = np.maximum(ink, fine_share)
    return result, np.rint(ink * 255).astype(np.uint8)


# Files.

def write(scene, folder, stem, rng):
    """The picture as a file of some common format: [('image', path)]."""
    picture, kind = Image.fromarray(scene['raw']), pick(rng, FORMATS)
    path = f'{folder}/{stem}.{kind}'
    options = {'jpg': {'quality': int(rng.integers(80, 97))},
               'webp': {'lossless': True} if chance(rng, 0.5) else {'quality': int(rng.integers(80, 97))}}.get(kind, {})
    if kind == 'gif' or (kind == 'png' and chance(rng, 0.2)):
        picture = picture.quantize(256)
    picture.save(path, **options)
    return [('image', path)]
