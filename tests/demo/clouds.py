"""Point clouds as people write them who have a formula and an afternoon: grids on surfaces, poles where they come, any
unit and origin, PLY in three encodings with other columns among those that matter, XYZ, CSV, PCD and NPY."""

import io
import math
import random
import struct
from pathlib import Path

import numpy as np

from case import CAPTION, Case, run
from expected import COLOURLESS, NO, YES, colour, solid

SCRIPTS = Path(__file__).parent / 'scripts'


def grid(n, m):
    """(u, v) in 0..1; u goes all round, v from end to end."""
    return [(i / n, j / (m - 1)) for j in range(m) for i in range(n)]


def round_and_round(u):
    return math.cos(2 * math.pi * u), math.sin(2 * math.pi * u)


def globe(n, m):
    return [(math.sin(math.pi * v) * round_and_round(u)[0], math.sin(math.pi * v) * round_and_round(u)[1],
             math.cos(math.pi * v)) for u, v in grid(n, m)]


def golden_sphere(n):
    """A spiral from pole to pole, evenly spaced."""
    return [(math.sqrt(1 - z * z) * math.cos(2.39996323 * i), math.sqrt(1 - z * z) * math.sin(2.39996323 * i), z)
            for i, z in ((i, 1 - (2 * i + 1) / n) for i in range(n))]


def disc(n, m, radius, z):
    return [(radius * v * round_and_round(u)[0], radius * v * round_and_round(u)[1], z) for u, v in grid(n, m) if v > 0]


def tube(n, m, radius, height):
    return [(radius * round_and_round(u)[0], radius * round_and_round(u)[1], height * v) for u, v in grid(n, m)]


def can(n, m, radius, height):
    return tube(n, m, radius, height) + disc(n, m // 4, radius, 0) + disc(n, m // 4, radius, height)


def hat(n, m, radius, height):
    return ([(radius * v * round_and_round(u)[0], radius * v * round_and_round(u)[1], height * (1 - v))
             for u, v in grid(n, m)] + disc(n, m // 3, radius, 0))


def box_of_dust(n, side, seed):
    """A cube's six faces, each strewn with points."""
    draw = random.Random(seed)
    faces = [(axis, end) for axis in range(3) for end in (0, side)]
    points = []
    for i in range(n):
        axis, end = faces[i % 6]
        point = [draw.uniform(0, side) for _ in range(3)]
        point[axis] = end
        points.append(tuple(point))
    return points


def tyre(n, m, big, small):
    return [((big + small * math.cos(2 * math.pi * v)) * round_and_round(u)[0],
             (big + small * math.cos(2 * math.pi * v)) * round_and_round(u)[1], small * math.sin(2 * math.pi * v))
            for u, v in grid(n, m)]


def floor(n, m, width, length):
    return [(width * i / (n - 1), length * j / (m - 1), 0.0) for i in range(n) for j in range(m)]


def moved(points, by):
    return [tuple(a + b for a, b in zip(point, by)) for point in points]


def stood_up(points):
    """The y axis up instead of z."""
    return [(x, z, -y) for x, y, z in points]


def leant(points, degrees):
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return [(x, c * y - s * z, s * y + c * z) for x, y, z in points]


def shaken(points, amount, seed):
    draw = random.Random(seed)
    return [tuple(a + draw.gauss(0, amount) for a in point) for point in points]


def shuffled(points, seed):
    return random.Random(seed).sample(points, len(points))


# Files.

def plain_text(points, rgb=None, separator=' ', first_line=''):
    tail = '' if rgb is None else separator + separator.join(map(str, rgb))
    return (first_line + ''.join(separator.join(f'{a:.5f}' for a in point) + tail + '\n' for point in points)).encode()


def ply_header(encoding, n, properties, extra=''):
    return (f'ply\nformat {encoding} 1.0\ncomment by hand\nelement vertex {n}\n'
            + ''.join(f'property {text}\n' for text in properties) + f'{extra}end_header\n')


def ply_text(points, rgb):
    """With colours as floats in 0..1."""
    names = ['float x', 'float y', 'float z', 'float red', 'float green', 'float blue']
    lines = ''.join('%g %g %g %g %g %g\n' % (*point, *rgb) for point in points)
    return (ply_header('ascii', len(points), names) + lines).encode()


def ply_text_mesh(points):
    """Without colours, with a few triangles behind the points."""
    faces = ''.join(f'3 {i} {i + 1} {i + 2}\n' for i in range(0, 60, 3))
    header = ply_header('ascii', len(points), ['float x', 'float y', 'float z'],
                        'element face 20\nproperty list uchar int vertex_indices\n')
    return (header + ''.join('%.6f %.6f %.6f\n' % point for point in points) + faces).encode()


def ply_binary(points, rgb, order='<'):
    encoding = 'binary_little_endian' if order == '<' else 'binary_big_endian'
    names = ['float x', 'float y', 'float z', 'uchar red', 'uchar green', 'uchar blue', 'float quality']
    body = b''.join(struct.pack(order + '3f3Bf', *point, *rgb, 0.5) for point in points)
    return ply_header(encoding, len(points), names).encode() + body


def ply_lit(points, rgb):
    """Brighter to one side, as if under a lamp."""
    heights = [point[0] + point[2] for point in points]
    low, high = min(heights), max(heights)
    names = ['double x', 'double y', 'double z', 'uchar red', 'uchar green', 'uchar blue']
    lights = [0.65 + 0.35 * (height - low) / (high - low) for height in heights]
    lines = ''.join('%.9f %.9f %.9f %d %d %d\n' % (*point, *(int(light * c) for c in rgb))
                    for point, light in zip(points, lights))
    return (ply_header('ascii', len(points), names) + lines).encode()


def numpy_array(points, rgb=None):
    rows = [(*point, *(rgb or ())) for point in points]
    file = io.BytesIO()
    np.save(file, np.array(rows, np.float32))
    return file.getvalue()


def awk(script, **variables):
    settings = [word for name, value in variables.items() for word in ('-v', f'{name}={value}')]
    return run('awk', *settings, '-f', SCRIPTS / script)


# name: (function that gives the file's content, questions)
CLOUDS = {
    'globe.ply': (
        lambda: awk('uv_sphere.awk', rings=40, sectors=60, radius=25, colour='200 30 30'),
        [('What is this?', solid('sphere') + colour('red')), ('What colour is the object?', colour('red')),
         ('Is it a cube?', NO)]),
    'marble.ply': (
        lambda: awk('uv_sphere.awk', rings=30, sectors=50, radius=0.01),
        [('What shape is the object?', solid('sphere')), ('What colour is it?', COLOURLESS),
         ('Describe the object.', solid('sphere') + COLOURLESS)]),
    'planet.xyz': (
        lambda: plain_text(moved(shaken(golden_sphere(3000), 0.01, 3), (100, -50, 7)), (30, 60, 220)),
        [(CAPTION, solid('sphere') + colour('blue')), ('What colour are the points?', colour('blue'))]),
    'bread_ring.xyz': (
        lambda: awk('doughnut.awk', big=2, small=0.6, n=64, m=32, colour='0.9 0.8 0.1'),
        [('What is it?', solid('torus') + colour('yellow')), ('Which shape do the points make?', solid('torus'))]),
    'tyre.npy': (
        lambda: numpy_array(stood_up(tyre(90, 30, 0.35, 0.14)), (0.05, 0.05, 0.05)),
        [('What object is this?', solid('torus') + colour('black')), ('Is this a sphere?', NO)]),
    'washer.ply': (
        lambda: ply_text_mesh(leant(tyre(100, 24, 10, 3), 30)),
        [('What is the shape of this object?', solid('torus')), ('Does the object have a colour?', NO)]),
    'party_hat.ply': (
        lambda: awk('ice_cone.awk', height=10, radius=4, steps=45, around=48, colour='30 160 60 255'),
        [('Describe the point cloud.', solid('cone') + colour('green')), ('Is it a cone?', YES)]),
    'road_cone.ply': (
        lambda: ply_lit(hat(70, 36, 0.3, 0.7), (255, 120, 0)),
        [('What kind of object is it?', solid('cone') + colour('orange')), ('Tell me its colour.', colour('orange'))]),
    'funnel.txt': (
        lambda: plain_text(stood_up(hat(60, 40, 5, 9)), separator='\t'),
        [('What is the shape?', solid('cone')), ('Is it a cylinder?', NO)]),
    'dice.pcd': (
        lambda: awk('dice.awk', n=16, side=100, rgb=0xFFFFFF),
        [('What is that?', solid('cube') + colour('white')), ('What is its shape?', solid('cube'))]),
    'brick.ply': (
        lambda: ply_binary(box_of_dust(4000, 2.5, 8), (140, 70, 20)),
        [('What do you see?', solid('cube') + colour('brown')), ('Is the object red?', NO)]),
    'crate.csv': (
        lambda: plain_text(leant(box_of_dust(2400, 1, 9), 25), separator=',', first_line='x,y,z\n'),
        [('Which shape is this?', solid('cube')), ('Is this a torus?', NO)]),
    'can.ply': (
        lambda: ply_binary(can(64, 40, 33, 115), (128, 128, 128), '>'),
        [('What is this object?', solid('cylinder') + colour('grey')), ('What form does it have?', solid('cylinder'))]),
    'pipe.pcd': (
        lambda: ('VERSION .7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\nWIDTH 2400\nHEIGHT 1\n'
                 'POINTS 2400\nDATA ascii\n').encode() + plain_text(tube(60, 40, 0.5, 2.2)),
        [('What is shown by these points?', solid('cylinder')), ('Is there any colour?', NO)]),
    'log.xyz': (
        lambda: plain_text(shuffled(leant(can(50, 60, 2, 8), 90), 4), (0.0, 0.8, 0.85)),
        [('Name the object.', solid('cylinder') + colour('cyan')), ('Which colour has the object?', colour('cyan'))]),
    'table.ply': (
        lambda: ply_text(floor(50, 40, 160, 90), (1.0, 0.4, 0.7)),
        [('What can you say about the points?', solid('plane') + colour('pink')), ('Is it flat?', YES)]),
    'wall.npy': (
        lambda: numpy_array(shaken(leant(floor(60, 60, 4, 3), 90), 0.01, 5)),
        [('What is the shape of the cloud?', solid('plane')), ('Is this a sphere?', NO)]),
    'sheet.xyz': (
        lambda: plain_text(leant(floor(45, 45, 2, 2), 40), (128, 0, 128), first_line='// one sheet, tilted\n'),
        [('What is this?', solid('plane') + colour('purple')), ('colour?', colour('purple'))]),
    'green_ball.pcd': (
        lambda: ('# .PCD v.7\nVERSION .7\nFIELDS x y z rgb\nSIZE 4 4 4 4\nTYPE F F F U\nCOUNT 1 1 1 1\nWIDTH 2013\n'
                 'HEIGHT 1\nPOINTS 2013\nDATA ascii\n').encode() + plain_text(globe(61, 33), (0x10C020,)),
        [('What do these points show?', solid('sphere') + colour('green')), ('Is the sphere green?', YES)]),
    'yellow_box.ply': (
        lambda: ply_lit(box_of_dust(6000, 30, 12), (255, 225, 20)),
        [('Describe what you see.', solid('cube') + colour('yellow')), ('Is it yellow?', YES)]),
}


def make(folder):
    found = []
    for name, (content, asks) in CLOUDS.items():
        path = folder / name
        path.write_bytes(content())
        found.append(Case('point', name, [('point', path)], asks))
    return found
