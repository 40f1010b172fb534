"""Normal maps made with ImageMagick: one colour for a plane, a formula for a sphere; and two arrays of unit vectors.
Red is x to the right, green y up, blue z towards the viewer."""

import numpy as np

from case import CAPTION, Case
from drawn_maps import draw_cases
from expected import NO, YES, facing, surface


def plane(way):
    return surface('plane') + facing(way)


def ball(radius, ground):
    """Formulae of a sphere of this radius (of half a side) on a canvas of one colour: x, y, z to red, green, blue."""
    x, y = f'((i-w/2)/(h/2)/{radius})', f'((h/2-j)/(h/2)/{radius})'
    inside = f'({x}*{x}+{y}*{y}<1)'
    height = f'sqrt(max(0,1-{x}*{x}-{y}*{y}))'
    channels = [f'{inside}?({value}+1)/2:u' for value in (x, y, height)]
    return (f'xc:"{ground}" -channel R -fx "{channels[0]}" -channel G -fx "{channels[1]}" '
            f'-channel B -fx "{channels[2]}" +channel')


PHOTOS = {
    'clay.jpg': '-seed 6 plasma:gray60-gray40 -quality 85',
    'lit.png': 'gradient:white-gray30 -depth 8',
    'cloth.jpg': '-seed 8 plasma:tomato-steelblue -blur 0x2 -quality 80',
}

# name: (size, arguments of convert, photo or None, questions)
MAPS = {
    'roof_left.png': (
        '320x240', '"xc:rgb(38,128,218)"', 'clay.jpg',
        [('What does the normal map show?', plane('left')), ('Which way does the surface face?', facing('left'))]),
    'slope_left.jpg': (
        '256x256', '"xc:rgb(28,118,202)" -quality 92', None,
        [(CAPTION, plane('left')), ('Is this a sphere?', NO)]),
    'roof_right.png': (
        '320x320', '"xc:rgb(218,128,218)" -attenuate 0.2 -seed 3 +noise gaussian -depth 8', 'lit.png',
        [('In which direction does the plane face?', facing('right')), ('What is this?', plane('right'))]),
    'slope_right.png': (
        '400x300', '"xc:rgb(200,136,231)"', None,
        [('Where does it face?', facing('right')), ('Is it flat or round?', surface('plane'))]),
    'floor.png': (
        '320x240', '"xc:rgb(128,230,204)"', 'clay.jpg',
        [('Which way is the surface facing?', facing('up')), ('Does it face up?', YES)]),
    'ramp.png': (
        '512x512', '"xc:rgb(121,205,228)" -depth 16', None,
        [('Describe the surface.', plane('up')), ('Is the plane facing down?', NO)]),
    'ceiling.png': (
        '300x300', '"xc:rgb(128,30,210)"', 'cloth.jpg',
        [('What is shown here?', plane('down')), ('Which direction is it facing?', facing('down'))]),
    'overhang.jpg': (
        '320x240', '"xc:rgb(136,48,224)" -quality 88', None,
        [(CAPTION, plane('down')), ('Does the surface face up or down?', facing('down'))]),
    'wall.png': (
        '320x240', '"xc:rgb(128,128,255)"', 'lit.png',
        [('What do you see?', plane('viewer')), ('Is this surface flat?', YES)]),
    'poster.png': (
        '400x400', '"xc:rgb(133,124,254)" -attenuate 0.15 -seed 9 +noise gaussian -depth 8', None,
        [('Which way does the plane face?', facing('viewer')), ('Is it a ball?', NO)]),
    'globe.png': (
        '200x200', f'{ball(0.8, "rgb(128,128,255)")} -depth 8', 'cloth.jpg',
        [('What shape is it?', surface('sphere')), ('Is the surface flat?', NO)]),
    'marble.png': (
        '240x180', f'{ball(0.6, "black")} -depth 8', None,
        [('What is this?', surface('sphere')), ('Do you see a sphere?', YES)]),
    'moon.png': (
        '160x160', f'{ball(0.95, "rgb(128,128,128)")} -depth 16', 'clay.jpg',
        [('Is this a plane or a sphere?', surface('sphere')), (CAPTION, surface('sphere'))]),
    'bubble.jpg': (
        '220x220', f'{ball(0.7, "rgb(128,128,255)")} -blur 0x2 -quality 85', None,
        [('Describe what the normals show.', surface('sphere')), ('Is it round?', YES)]),
}


def tilted():
    vector = np.array([-0.6, 0.0, 0.8], np.float32)
    return np.broadcast_to(vector, (90, 120, 3))


def dome():
    y, x = np.mgrid[1:-1:128j, -1:1:128j]
    inside = x * x + y * y < 0.64
    z = np.sqrt(np.clip(0.64 - x * x - y * y, 0, None))
    ball_normals = np.stack([x, y, z], -1) / 0.8
    return np.where(inside[..., None], ball_normals, [0.0, 0.0, 1.0]).astype(np.float32)


# name: (function that gives the array, questions)
ARRAYS = {
    'tilted.npy': (tilted, [('Which way does it face?', facing('left')), ('Is it a plane?', YES)]),
    'dome.npy': (dome, [('What does this map of normals show?', surface('sphere')),
                      ('Is the surface a plane?', NO)]),
}


def make(folder):
    found = draw_cases('normal', MAPS, PHOTOS, folder)
    for name, (values, asks) in ARRAYS.items():
        path = folder / f'normal_{name}'
        np.save(path, values())
        found.append(Case('normal', name, [('normal', path)], asks))
    return found
