"""Shapes, colours and backgrounds: what pictures and films of the demo world are drawn with.

A shape is a signed distance: negative inside, zero on its edge, in units of the object's extent (the longer side of
its upright bounding box, whose middle is the origin). Fill, outline, hollow stroke and soft shadow are all thresholds
of it. How one object looks is a `style`, drawn once by `draw_style`; where it is and how large is said when it is
drawn. A film draws the same style in many places.

A colour's name covers a region of HSV; between regions lies a gap, from which no object takes its colour. The regions
hold the CSS colours that people would call so."""
import colorsys
import io
import math

import numpy as np
from PIL import Image, ImageFilter

SHAPES = ['circle', 'oval', 'square', 'rectangle', 'triangle', 'diamond', 'star', 'cross']
COLOURS = ['red', 'green', 'blue', 'yellow', 'orange', 'purple', 'pink', 'brown', 'black', 'white', 'grey', 'cyan']

# What people type when they mean the colour.
NAMED = {
    'red': ['ff0000', 'ff0000', 'dc143c', 'e00000', 'ee2222'],
    'green': ['008000', '00ff00', '228b22', '32cd32', '006400', '2e8b57', '3cb371', '00aa00'],
    'blue': ['0000ff', '0000ff', '000080', '0000cd', '4169e1', '1e90ff', '00008b'],
    'yellow': ['ffff00', 'ffff00', 'ffd700', 'ffee00'],
    'orange': ['ffa500', 'ffa500', 'ff8c00', 'ff8000', 'ff7f00'],
    'purple': ['800080', '800080', '9400d3', '8a2be2', '9932cc', 'a020f0', '4b0082', '663399'],
    'pink': ['ffc0cb', 'ffc0cb', 'ff69b4', 'ffb6c1', 'ff1493'],
    'brown': ['a52a2a', '8b4513', 'a0522d', '964b00', '654321', '7b3f00'],
    'black': ['000000'],
    'white': ['ffffff'],
    'grey': ['808080', '808080', 'a9a9a9', '696969', 'c0c0c0', '999999'],
    'cyan': ['00ffff', '00ffff', '00ced1', '40e0d0', '00e5ee'],
}
# Boxes of hue (degrees, may begin below 0), saturation and value; one that stands twice is drawn twice as often.
REGIONS = {
    'red': [((-10, 7), (0.85, 1), (0.75, 1))],
    'green': [((95, 147), (0.6, 1), (0.36, 1)), ((108, 126), (0.4, 0.6), (0.6, 0.95))],
    'blue': [((208, 245), (0.7, 1), (0.5, 1))],
    'yellow': [((50, 62), (0.65, 1), (0.9, 1))],
    'orange': [((26, 40), (0.88, 1), (0.94, 1))],
    'purple': [((264, 288), (0.6, 1), (0.42, 0.95)), ((288, 303), (0.75, 1), (0.4, 0.6))],
    'pink': [((325, 351), (0.25, 0.6), (0.94, 1)), ((324, 332), (0.6, 0.93), (0.96, 1))],
    'brown': 3 * [((17, 31), (0.6, 1), (0.36, 0.6))] + [((-1, 3), (0.7, 0.77), (0.58, 0.66))],
    'black': [((0, 360), (0, 0.3), (0, 0.09))],
    'white': [((0, 360), (0, 0.02), (0.97, 1))],
    'grey': [((0, 360), (0, 0.04), (0.4, 0.77))],
    'cyan': [((174, 186), (0.7, 1), (0.78, 1))],
}
NAMED_SHARE = 0.5
CLEAR = 21     # distance in Lab below which two colours are not well told apart
NOISY_CLEAR = 36


def pick(rng, values):
    """One of the values, all equally likely."""
    return values[int(rng.integers(len(values)))]


def chance(rng, share):
    """True in this share of the draws."""
    return rng.random() < share


# Colours.

def hsv_colour(rng, boxes):
    """A colour from one of the boxes: f32 [3], 0..255."""
    hue, saturation, value = (rng.uniform(*bounds) for bounds in pick(rng, boxes))
    return 255 * np.array(colorsys.hsv_to_rgb(hue / 360 % 1, saturation, value), np.float32)


def draw_colour(rng, word):
    """A shade that everybody calls by this word: f32 [3], 0..255."""
    if chance(rng, NAMED_SHARE):
        return np.frombuffer(bytes.fromhex(pick(rng, NAMED[word])), np.uint8).astype(np.float32)
    return hsv_colour(rng, REGIONS[word])


def lab(colour):
    """CIE Lab of an sRGB colour (0..255): equal distances look about equally different."""
    linear = [value / 255 / 12.92 if value <= 10.31 else ((value / 255 + 0.055) / 1.055) ** 2.4
              for value in map(float, colour)]
    red, green, blue = linear
    white_parts = ((0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505,
                   0.2126 * red + 0.7152 * green + 0.0722 * blue,
                   (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089)
    x, y, z = (part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116 for part in white_parts)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def are_clear(colour, others, distance=CLEAR):
    """Whether a colour is well told apart from all the others."""
    own = lab(colour)
    return all(math.dist(own, lab(other)) >= distance for other in others)


# Shapes. Each has a form: its free proportions, an angle, and what brings it to an extent of 1.

def box_points(width, height):
    return [(-width, -height), (width, -height), (width, height), (-width, height)]


def star_points(inner):
    """Ten corners around the middle, tip of radius 1 upwards."""
    return [((inner if i % 2 else 1) * math.sin(math.pi * i / 5), -(inner if i % 2 else 1) * math.cos(math.pi * i / 5))
            for i in range(10)]


def corner_points(shape, form):
    """Corners before turning (a circle and an oval have none)."""
    width, height = form['width'], form['height']
    if shape in ('square', 'rectangle'):
        return box_points(width, height)
    if shape == 'diamond':
        return [(0, -height), (width, 0), (0, height), (-width, 0)]
    if shape == 'triangle':
        return [(0, -height), (width, height), (-width, height)]
    if shape == 'cross':
        return box_points(form['arm'], 1) + box_points(1, form['arm'])
    return star_points(form['inner'])


def bounds(shape, form):
    """Left, top, right, bottom after turning, before scaling."""
    cosine, sine = math.cos(form['angle']), math.sin(form['angle'])
    if shape in ('circle', 'oval'):
        x, y = (math.hypot(form['width'] * cosine, form['height'] * sine),
                math.hypot(form['width'] * sine, form['height'] * cosine))
        return -x, -y, x, y
    points = corner_points(shape, form)
    across = [cosine * x - sine * y for x, y in points]
    down = [sine * x + cosine * y for x, y in points]
    return min(across), min(down), max(across), max(down)


def draw_angle(rng, shape):
    """How far an object is turned: mostly not at all."""
    if shape in ('triangle', 'star'):
        any_way = math.pi * rng.uniform(-1, 1) if chance(rng, 0.6) else math.pi / 2 * rng.integers(1, 4)
        return float(any_way) if chance(rng, 0.28) else draw_tilt(rng, 10)
    if shape in ('rectangle', 'oval'):
        return draw_tilt(rng, 12) if chance(rng, 0.8) else math.pi * rng.uniform(-1, 1)
    return draw_tilt(rng, 6 if shape == 'diamond' else 11)


def draw_tilt(rng, degrees_max):
    return 0.0 if chance(rng, 0.6) else math.radians(rng.uniform(-degrees_max, degrees_max))


def draw_form(rng, shape):
    """The proportions of an object. half_width, half_height: of its upright bounding box, in units of the extent."""
    ratio = {'rectangle': rng.uniform(1.5, 2.6), 'oval': rng.uniform(1.5, 2.6), 'triangle': rng.uniform(0.85, 1.3),
             'diamond': rng.uniform(1, 1.6)}.get(shape, 1.0)
    is_wide = shape in ('rectangle', 'oval') and chance(rng, 0.5)
    form = {'width': ratio if is_wide else 1.0, 'height': 1.0 if is_wide else ratio, 'angle': draw_angle(rng, shape),
            'arm': rng.uniform(0.26, 0.4), 'inner': rng.uniform(0.37, 0.5),
            'rounding': rng.uniform(0.04, 0.22) if chance(rng, 0.15) else 0.0}
    left, top, right, bottom = bounds(shape, form)
    scale = max(right - left, bottom - top)
    return {**form, 'scale': scale, 'x': (left + right) / 2, 'y': (top + bottom) / 2,
            'half_width': (right - left) / scale / 2, 'half_height': (bottom - top) / scale / 2}


def box_distance(x, y, width, height, rounding=0.0):
    across, down = np.abs(x) - (width - rounding), np.abs(y) - (height - rounding)
    if rounding == 0:
        return np.maximum(across, down)
    return np.hypot(np.maximum(across, 0), np.maximum(down, 0)) + np.minimum(np.maximum(across, down), 0) - rounding


def oval_distance(x, y, width, height):
    """To first order, which is exact enough near the edge."""
    level = np.sqrt((x / width) ** 2 + (y / height) ** 2)
    slope = np.sqrt((x / width ** 2) ** 2 + (y / height ** 2) ** 2)
    return (level - 1) * (level + 1e-6) / (slope + 1e-6)


def star_distance(x, y, inner):
    """Mirrors everything into one tenth of the star, where its edge is one line."""
    cosine, sine = math.cos(math.pi / 5), math.sin(math.pi / 5)
    x, y = np.abs(x), -y
    for side in (1, -1):
        behind = 2 * np.maximum(side * cosine * x - sine * y, 0)
        x, y = x - behind * side * cosine, y + behind * sine
    x = np.abs(x)
    edge_x, edge_y = inner * sine, inner * cosine - 1
    return ((x * -edge_y) + (y - 1) * edge_x) / math.hypot(edge_x, edge_y)


def distance(shape, form, x, y):
    """Signed distance to the edge at points x [1, n], y [m, 1] in units of the extent: f32 [m, n]."""
    scale = form['scale']
    x, y = x * scale + form['x'], y * scale + form['y']
    if form['angle']:
        cosine, sine = math.cos(form['angle']), math.sin(form['angle'])
        x, y = cosine * x + sine * y, cosine * y - sine * x
    width, height = form['width'], form['height']
    if shape == 'circle':
        result = np.sqrt(x * x + y * y) - 1
    elif shape == 'oval':
        result = oval_distance(x, y, width, height)
    elif shape in ('square', 'rectangle'):
        result = box_distance(x, y, width, height, form['rounding'])
    elif shape == 'diamond':
        result = (np.abs(x) / width + np.abs(y) / height - 1) * (width * height / math.hypot(width, height))
    elif shape == 'triangle':
        length = math.hypot(2 * height, width)
        result = np.maximum((np.abs(x) * 2 * height - (y + height) * width) / length, y - height)
    elif shape == 'cross':
        result = np.minimum(box_distance(x, y, form['arm'], 1), box_distance(x, y, 1, form['arm']))
    else:
        result = star_distance(x, y, form['inner'])
    return result / scale


# One object.

def thinnest(shape, form):
    """How far the inside lies from the edge at most, about, in units of the extent."""
    return {'star': 0.9 * form['inner'], 'cross': form['arm'], 'triangle': 0.55}.get(shape, 0.9) / form['scale']


def draw_style(rng, shape, colour):
    """How one object looks, wherever it is: shape, form, colour, and a few of the ornaments that change neither."""
    form = draw_form(rng, shape)
    style = {'shape': shape, 'form': form, 'colour': colour, 'stroke': None, 'outline': None, 'outline_px': 0.0,
             'shadow': None, 'shading': None, 'jagged': chance(rng, 0.2)}
    if chance(rng, 0.12):
        thin = thinnest(shape, form)
        style['stroke'] = min(max(rng.uniform(0.35, 0.55) * thin, rng.uniform(0.08, 0.1)), 0.75 * thin)
    elif chance(rng, 0.3):
        dark, light = np.zeros(3, np.float32), np.full(3, 255, np.float32)
        style['outline'] = pick(rng, [ink for ink in (dark, light) if are_clear(ink, [colour])])
        style['outline_px'] = rng.uniform(0.8, 4)
    if chance(rng, 0.13):
        style['shadow'] = {'x': rng.uniform(-0.09, 0.09), 'y': rng.uniform(0.01, 0.09),
                           'softness': rng.uniform(0.02, 0.2), 'strength': rng.uniform(0.15, 0.45)}
    if style['stroke'] is None and chance(rng, 0.25):
        style['shading'] = {'kind': pick(rng, ['slope', 'slope', 'highlight']), 'angle': rng.uniform(-math.pi, math.pi),
                            'strength': rng.uniform(0.05, 0.2)}
    return style


def cover(distance_px, jagged):
    """The share of each pixel inside the edge."""
    if jagged:
        return (distance_px < 0).astype(np.float32)
    return np.clip(0.5 - distance_px, 0, 1)


def ink_cover(style, distance_px, size):
    """The share of each pixel that the object covers, its outline included."""
    covered = cover(distance_px, style['jagged'])
    if style['stroke'] is None:
        return covered
    return covered - cover(distance_px + style['stroke'] * size, style['jagged'])


def shaded(style, colour, x, y):
    """The object's colour at points in units of its extent: f32 [3] or [m, n, 3]."""
    shading = style['shading']
    if shading is None:
        return colour
    across, down = math.cos(shading['angle']), math.sin(shading['angle'])
    if shading['kind'] == 'slope':
        return colour * (1 + shading['strength'] * 2 * np.clip(across * x + down * y, -0.5, 0.5))[..., None]
    light = np.exp(-8 * ((x - 0.15 * across) ** 2 + (y - 0.15 * down) ** 2))[..., None]
    return colour + (255 - colour) * (1.6 * shading['strength'] * light)


def window(pixels, style, x, y, size, margin):
    """The part of the picture under an object: slices of it, and its points around the object in pixels."""
    height, width = pixels.shape[:2]
    reach_x, reach_y = style['form']['half_width'] * size + margin, style['form']['half_height'] * size + margin
    left, right = max(0, int(x - reach_x)), min(width, int(x + reach_x) + 1)
    top, bottom = max(0, int(y - reach_y)), min(height, int(y + reach_y) + 1)
    across = np.arange(left, right, dtype=np.float32)[None, :] + np.float32(0.5 - x)
    down = np.arange(top, bottom, dtype=np.float32)[:, None] + np.float32(0.5 - y)
    return (slice(top, bottom), slice(left, right)), across, down


def blend(pixels, where, colour, share):
    """Mixes a colour into a part of a u8 picture, in place."""
    under = pixels[where].astype(np.float32)
    under += share[..., None] * (colour - under)
    pixels[where] = np.clip(under + 0.5, 0, 255)


def draw_shadow(pixels, style, x, y, size):
    shadow = style['shadow']
    x, y, softness = x + shadow['x'] * size, y + shadow['y'] * size, max(shadow['softness'] * size, 1)
    where, across, down = window(pixels, style, x, y, size, softness)
    depth = distance(style['shape'], style['form'], across / size, down / size) * size
    share = np.clip(0.5 - depth / softness, 0, 1)
    if style['stroke'] is not None:
        share = share - np.clip(0.5 - (depth + style['stroke'] * size) / softness, 0, 1)
    blend(pixels, where, np.zeros(3, np.float32), shadow['strength'] * share)


def draw_object(pixels, style, x, y, size):
    """Draws an object with its bounding box's middle at pixel (x, y) and an extent of `size` pixels, in place.

    pixels  u8 [height, width, 3]; what lies outside is left away"""
    if style['shadow'] is not None:
        draw_shadow(pixels, style, x, y, size)
    where, across, down = window(pixels, style, x, y, size, 2)
    depth = distance(style['shape'], style['form'], across / size, down / size) * size
    colour, share = shaded(style, style['colour'], across / size, down / size), ink_cover(style, depth, size)
    if style['outline'] is not None:
        # In pixels of the model's 224; half of the thinnest part stays the object's own colour.
        outline_px = min(style['outline_px'] * min(pixels.shape[:2]) / 224, 0.3 * size *
                         thinnest(style['shape'], style['form']))
        inner = cover(depth + outline_px, style['jagged'])[..., None]
        colour = style['outline'] + inner * (colour - style['outline'])
    blend(pixels, where, colour, share)


# Backgrounds.

def pastel_colour(rng):
    """A pale colour, or a muddy one, that has no name here."""
    box = ((0, 360), (0.08, 0.2), (0.88, 1)) if chance(rng, 0.6) else ((0, 360), (0.15, 0.45), (0.2, 0.85))
    return hsv_colour(rng, [box])


def plain_colour(rng):
    """A plain background: its word (or None), its colour."""
    kind = rng.random()
    if kind < 0.28:
        word = 'white'
    elif kind < 0.42:
        word = 'black'
    elif kind < 0.54:
        return 'grey', hsv_colour(rng, [((0, 360), (0, 0.03), (0.42, 0.86))])
    elif kind < 0.8:
        word = pick(rng, [word for word in COLOURS if word not in ('white', 'black', 'grey')])
    else:
        return None, pastel_colour(rng)
    return word, draw_colour(rng, word)


def clear_colours(rng, n, inks, clear, words):
    """n background colours that the inks stand out from, and the word of the first (None: has none)."""
    colours, word = [], None
    while len(colours) < n:
        name, colour = plain_colour(rng)
        if (name is None or name not in words) and are_clear(colour, inks, clear):
            word = name if not colours else word
            colours.append(colour)
    return colours, word


def slope_image(rng, width, height, first, last):
    """From one colour to another, along a line or outwards: u8 [height, width, 3]."""
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    if chance(rng, 0.3):
        at = np.minimum(np.sqrt(x * x + y * y) / rng.uniform(1, 1.4), 1)
    else:
        angle = pick(rng, [0, 0.5, 1, 1.5]) * math.pi if chance(rng, 0.6) else rng.uniform(-math.pi, math.pi)
        across, down = math.cos(angle), math.sin(angle)
        at = 0.5 + 0.5 * (across * x + down * y) / (abs(across) + abs(down))
    shades = first + (last - first) * np.linspace(0, 1, 256, dtype=np.float32)[:, None]
    return shades.round().astype(np.uint8)[(at * 255).astype(np.uint8)]


def gradient(rng, width, height, inks, words):
    """Two colours well apart; what lies half way between must be clear of the inks, too."""
    while True:
        (first, last), _ = clear_colours(rng, 2, inks, CLEAR, words)
        between = [first + (last - first) * share for share in (0.25, 0.5, 0.75)]
        if are_clear(first, [last], 30) and all(are_clear(colour, inks, CLEAR) for colour in between):
            return slope_image(rng, width, height, first, last)


def blotches(rng, width, height):
    """Smooth noise with spots of some size: f32 [height, width, 1], spread about 1."""
    n = int(rng.integers(6, 40))
    coarse = Image.fromarray(rng.standard_normal((n, n), np.float32))
    return np.asarray(coarse.resize((width, height), Image.BILINEAR))[..., None] * np.float32(1.3)


def add(pixels, change):
    """A u8 picture with something added to every value, cut to 0..255."""
    return np.clip(pixels + change, 0, 255).astype(np.uint8)


def grain(rng, pixels, sigma):
    """Noise of single pixels, in colours or in greys: a new picture."""
    height, width = pixels.shape[:2]
    noise = rng.standard_normal((height, width, 3 if chance(rng, 0.5) else 1), np.float32)
    return add(pixels, noise * np.float32(sigma))


def salt(rng, pixels, share):
    """Single pixels white or black: a new picture."""
    height, width = pixels.shape[:2]
    dice = rng.random((height, width), np.float32)
    result = pixels.copy()
    result[dice < share / 2] = 0
    result[dice > 1 - share / 2] = 255
    return result


def noisy(rng, pixels):
    """A picture under clearly visible noise: a new picture."""
    # Noise of single pixels is averaged away where a large picture becomes 224 pixels wide.
    enlarged = max(1, min(pixels.shape[:2]) / 224)
    kind = pick(rng, ['grain', 'grain', 'blotches', 'salt'])
    if kind == 'grain':
        return grain(rng, pixels, rng.uniform(14, 38) * enlarged)
    if kind == 'salt':
        return salt(rng, pixels, min(rng.uniform(0.04, 0.14) * enlarged, 0.3))
    return add(pixels, blotches(rng, pixels.shape[1], pixels.shape[0]) * np.float32(rng.uniform(14, 30)))


def filled(width, height, colour):
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[:] = np.round(colour)
    return pixels


def texture(rng, pixels):
    """Faint waves, as paper or cloth has: a new picture."""
    height, width = pixels.shape[:2]
    period, angle = rng.uniform(4, 40), rng.uniform(0, math.pi)
    x = np.arange(width, dtype=np.float32)[None, :] * np.float32(2 * math.pi * math.cos(angle) / period)
    y = np.arange(height, dtype=np.float32)[:, None] * np.float32(2 * math.pi * math.sin(angle) / period)
    return add(pixels, np.sin(x + y)[..., None] * np.float32(rng.uniform(1.5, 4)))


def draw_background(rng, width, height, inks, words):
    """A background that objects of these colours and words stand out from.

    Returns pixels u8 [height, width, 3], {'kind', 'colour'}, and whether noise is still to come over everything."""
    kind = rng.random()
    if kind < 0.55:
        (colour,), word = clear_colours(rng, 1, inks, CLEAR, words)
        pixels = filled(width, height, colour)
        pixels = texture(rng, pixels) if chance(rng, 0.08) else pixels
        return pixels, {'kind': 'plain', 'colour': word}, False
    if kind < 0.77:
        return gradient(rng, width, height, inks, words), {'kind': 'gradient', 'colour': None}, False
    (colour,), _ = clear_colours(rng, 1, inks, NOISY_CLEAR, words)
    pixels, is_over_all = filled(width, height, colour), chance(rng, 0.4)
    return (pixels if is_over_all else noisy(rng, pixels)), {'kind': 'noisy', 'colour': None}, is_over_all


# What happens to a picture between the artist and the file.

def compress(pixels, quality):
    """Through JPEG and back."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, 'JPEG', quality=quality)
    return np.asarray(Image.open(file))


def weather(rng, pixels):
    """Slight blur, faint grain, JPEG: each only sometimes."""
    if chance(rng, 0.13):
        pixels = np.asarray(Image.fromarray(pixels).filter(ImageFilter.BoxBlur(rng.uniform(0.4, 1.3))))
    if chance(rng, 0.18):
        pixels = grain(rng, pixels, rng.uniform(0.7, 3.5))
    if chance(rng, 0.5):
        pixels = compress(pixels, int(rng.integers(30, 96)))
    return pixels
