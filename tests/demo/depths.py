"""Depth maps made with ImageMagick: gradients, turned and bent, and blobs on walls; 8 and 16 bits; some beside a photo.
Dark is near."""

import io

import numpy as np

from case import CAPTION, Case
from drawn_maps import draw_cases
from expected import NO, YES, distance, layout, pattern, place, without

NEARER_LEFT, NEARER_RIGHT, NEARER_TOP, NEARER_BOTTOM = (
    pattern('nearer|closer') + place(side) + without('object') for side in ('left', 'right', 'top', 'bottom'))


def thing(far_or_near, side):
    return distance(far_or_near) + place(side) + pattern('object|thing')



PHOTOS = {
    'hall.jpg': '-seed 3 plasma:tan-brown -quality 85',
    'grey.png': 'xc:gray60 -seed 4 -attenuate 0.3 +noise gaussian -depth 8',
    'garden.jpg': '-seed 5 plasma:green-lightblue -blur 0x3 -quality 80',
    'room.jpg': 'gradient:wheat-gray40 -quality 90',
}

# name: (size, arguments of convert, photo or None, questions)
MAPS = {
    'down_the_hall.png': (
        '320x240', '-define gradient:direction=East gradient:black-white -depth 16', 'hall.jpg',
        [('Which side is nearer?', place('left')), ('Describe the depth map.', NEARER_LEFT)]),
    'fence.png': (
        '320x240', '-define gradient:direction=West gradient:gray10-gray90 -depth 8', None,
        [('What does this depth map show?', NEARER_RIGHT), ('Is the surface flat or slanted?', layout('slanted'))]),
    'ceiling.png': (
        '640x480', 'gradient:black-white -depth 16', 'room.jpg',
        [('Which part is closest?', place('top')), ('Is this a flat wall?', NO)]),
    'ground.png': (
        '400x300', 'gradient:white-gray20 -depth 8', 'garden.jpg',
        [('What do you see?', NEARER_BOTTOM), ('Which side is closer to the camera?', place('bottom'))]),
    'meadow.tiff': (
        '512x512', 'gradient:white-black -evaluate multiply 0.2 -depth 16', None,
        [(CAPTION, NEARER_BOTTOM), ('Where is it nearest?', place('bottom'))]),
    'corridor.png': (
        '480x480', '-define gradient:direction=East gradient:black-white -sigmoidal-contrast 2,50% '
        '-attenuate 0.05 -seed 1 +noise gaussian -depth 16', 'garden.jpg',
        [('Which side is nearer to me?', place('left')), ('Is the left side nearer?', YES)]),
    'wall.png': (
        '320x240', 'xc:gray45 -depth 8', 'grey.png',
        [('What is this?', layout('flat')), ('Is one side nearer than the other?', NO)]),
    'whiteboard.png': (
        '640x480', 'xc:gray70 -depth 16 -define png:bit-depth=16', 'room.jpg',
        [('What do you see in the depth map?', layout('flat')), ('Is it a flat wall?', YES)]),
    'plaster.png': (
        '320x240', 'xc:gray50 -attenuate 0.1 -seed 2 +noise gaussian -depth 8', None,
        [('Is this surface flat or slanted?', layout('flat')), ('Is there an object?', NO)]),
    'post.png': (
        '640x480', 'xc:gray80 -fill gray15 -draw "rectangle 130,110 250,400" -depth 16 -define png:bit-depth=16',
        'hall.jpg',
        [('Describe what is in front of the camera.', thing('near', 'left')),
         ('Where is the object?', place('left')), ('Is the object near or far?', distance('near'))]),
    'ball.png': (
        '400x400', 'xc:gray75 -fill gray20 -draw "circle 200,200 200,110" -blur 0x4 -depth 8', 'garden.jpg',
        [('Is there something near in the middle?', YES), (CAPTION, thing('near', 'middle'))]),
    'person.png': (
        '600x400', 'xc:gray90 -fill gray30 -draw "ellipse 430,220 55,140 0,360" -blur 0x2 -depth 16', None,
        [('On which side is the object?', place('right')), ('What do you see?', thing('near', 'right'))]),
    'hole.png': (
        '500x500', 'xc:gray25 -fill gray85 -draw "circle 250,250 250,140" -depth 16', 'grey.png',
        [('What does the depth show?', thing('far', 'middle')),
         ('Is the object nearer or farther than what is around it?', distance('far'))]),
    'window.png': (
        '640x480', 'xc:gray20 -fill white -draw "rectangle 130,130 260,330" -depth 8', 'room.jpg',
        [('Is the object near or far away?', distance('far')), ('On which side is it?', place('left'))]),
    'niche.tiff': (
        '480x480', 'xc:gray30 -fill gray80 -draw "roundrectangle 310,140 430,340 10,10" -blur 0x3 -depth 16', None,
        [('Describe the scene.', thing('far', 'right')), ('Is there a near object?', NO)]),
    'bump.png': (
        '400x400', 'radial-gradient:black-white -level 10%,60% -depth 16', 'hall.jpg',
        [('Where is the thing that is nearest?', place('middle')),
         ('What is there?', thing('near', 'middle'))]),
}


def ramp_in_metres():
    """Rows of metres, nearer at the right, as a program with numpy stores them."""
    return np.linspace(6.5, 1.2, 160, dtype=np.float32)[None, :].repeat(120, axis=0)


def wall_in_metres():
    return np.full((100, 100), 2.5, np.float32)


# name: (function that gives the array, questions)
ARRAYS = {
    'ramp.npy': (ramp_in_metres, [('Which side is nearer, left or right?', place('right')), (CAPTION, NEARER_RIGHT)]),
    'wall.npy': (wall_in_metres, [('What do you see?', layout('flat') + pattern('wall|surface')),
                                  ('Is it slanted?', NO)]),
}


def make(folder):
    found = draw_cases('depth', MAPS, PHOTOS, folder)
    for name, (values, asks) in ARRAYS.items():
        path = folder / f'depth_{name}'
        file = io.BytesIO()
        np.save(file, values())
        path.write_bytes(file.getvalue())
        found.append(Case('depth', name, [('depth', path)], asks))
    return found
