"""Point clouds of six shapes, as programs and scanners write them.

A shape is sampled with its normals in a pose of its own (axis along z, about one unit large), at random, on the grid
that a program would walk (rings, squares, or turns around a torus), on a shaken grid, or throughout its volume. Some
clouds keep only the points that a viewer on one side sees. Then come noise, a few outliers, a pose and the scale of
some file. A few clouds have no shape.

For the network, points are gathered into groups: centres far from each other, and the nearest neighbours of each."""

import os

import numpy as np
import torch
from scipy.spatial import cKDTree

from .drawing import COLOURS, chance, draw_colour, pick

SHAPES = ('sphere', 'cube', 'cylinder', 'cone', 'torus', 'plane')
N_MIN, N_USUAL, N_MAX = 1024, 4096, 8192
SHAPELESS_SHARE, UNCOLOURED_SHARE, VOLUME_SHARE, SCAN_SHARE = 0.04, 0.25, 0.1, 0.15
COLOUR_UNKNOWN = 0.5
UNKNOWN_MARGIN = 14  # a grey shade is at least so far (of 255) from what stands for a missing colour
BATCH = 64


# ---- two coordinates on a surface, in 0..1 ----

def grid_sides(rng, n, ratio):
    """How many columns and rows about n points have, where a side is `ratio` times as long as the other."""
    ratio = ratio * np.exp(rng.uniform(-0.5, 0.5))
    columns = max(int(round(np.sqrt(n * ratio))), 3)
    return columns, max(int(round(n / columns)), 3)


def spread(rng, how, n, ratio, closed=False):
    """About n pairs u, v. closed: u runs around, so its last column is not its first one again (in most files)."""
    if how == 'random':
        return rng.random(n), rng.random(n)
    columns, rows = grid_sides(rng, n, ratio)
    u, v = np.meshgrid(np.arange(columns) / (columns if closed and chance(rng, 0.8) else columns - 1),
                       np.arange(rows) / (rows - 1))
    u, v = u.ravel(), v.ravel()
    if how == 'shaken':
        u, v = u + rng.uniform(-0.5, 0.5, u.size) / columns, v + rng.uniform(-0.5, 0.5, v.size) / rows
        u, v = (u % 1 if closed else np.clip(u, 0, 1)), np.clip(v, 0, 1)
    return u, v


def shares(n, areas):
    """n points shared out among surfaces by their areas."""
    return np.maximum((n * np.asarray(areas) / np.sum(areas)).astype(int), 9)


def around(u):
    return np.cos(2 * np.pi * u), np.sin(2 * np.pi * u)


def disc(rng, how, n, z, facing):
    """A disc of radius 1, as rings around its middle; points, normals."""
    u, v = spread(rng, how, n, 3, closed=True)
    radius = v if how == 'grid' and chance(rng, 0.5) else np.sqrt(v)
    x, y = around(u)
    return np.stack([radius * x, radius * y, np.full(u.size, z)], 1), np.tile([0, 0, facing], (u.size, 1))


# ---- surfaces: points and normals, f64 [n, 3] each ----

def spiral(n):
    """Points of a sphere along a spiral, all equally far from each other."""
    z = 1 - 2 * (np.arange(n) + 0.5) / n
    x, y = around(np.arange(n) * (3 - np.sqrt(5)) / 2)
    ring = np.sqrt(1 - z ** 2)
    return np.stack([ring * x, ring * y, z], 1)


def sphere(rng, how, n):
    if how == 'shaken':
        points = spiral(n)
        return points, points
    u, v = spread(rng, how, n, 2, closed=True)
    polar = np.arccos(1 - 2 * v) if how == 'random' else np.pi * v
    x, y = around(u)
    points = np.stack([np.sin(polar) * x, np.sin(polar) * y, np.cos(polar)], 1)
    return points, points


def cube(rng, how, n):
    points, normals = [], []
    for axis in range(3):
        for side in (-1, 1):
            u, v = spread(rng, how, n // 6, 1)
            face = np.stack([np.full(u.size, side), 2 * u - 1, 2 * v - 1], 1)
            points.append(np.roll(face, axis, 1))
            normals.append(np.tile(np.roll([side, 0, 0], axis), (u.size, 1)))
    return np.concatenate(points) * rng.uniform(0.95, 1.05, 3), np.concatenate(normals)


def cylinder(rng, how, n):
    half = rng.uniform(0.8, 3)
    has_caps = chance(rng, 0.85)
    n_side, n_cap = shares(n, (4 * half, 1)) if has_caps else (n, 0)
    u, v = spread(rng, how, n_side - n_cap if has_caps else n, np.pi / half, closed=True)
    x, y = around(u)
    zero = np.zeros(u.size)
    parts = [(np.stack([x, y, (2 * v - 1) * half], 1), np.stack([x, y, zero], 1))]
    if has_caps:
        parts += [disc(rng, how, n_cap, side * half, side) for side in (-1, 1)]
    return tuple(np.concatenate(part) for part in zip(*parts))


def cone(rng, how, n):
    height = 2 * rng.uniform(0.8, 2.5)
    slope = np.hypot(1, height)
    has_base = chance(rng, 0.6)
    n_side, n_base = shares(n, (slope, 1)) if has_base else (n, 0)
    u, v = spread(rng, how, n_side, 2, closed=True)
    radius = np.sqrt(v) if how == 'random' or chance(rng, 0.2) else v
    x, y = around(u)
    parts = [(np.stack([radius * x, radius * y, height * (1 - radius)], 1),
              np.stack([x * height, y * height, np.ones(u.size)], 1) / slope)]
    if has_base:
        parts.append(disc(rng, how, n_base, 0, -1))
    return tuple(np.concatenate(part) for part in zip(*parts))


def torus(rng, how, n):
    tube = rng.uniform(0.2, 0.45)
    u, v = spread(rng, how, n, 1 / tube, closed=True)
    if how == 'random' and chance(rng, 0.5):
        # As dense inside as outside: more of the random points lie where a turn is longer.
        keep = rng.random(u.size) < (1 + tube * np.cos(2 * np.pi * v)) / (1 + tube)
        u, v = u[keep], v[keep]
    x, y = around(u)
    outwards, up = around(v)
    normals = np.stack([outwards * x, outwards * y, up], 1)
    return np.stack([x, y, np.zeros(u.size)], 1) + tube * normals, normals


def plane(rng, how, n):
    ratio = rng.uniform(1, 2.5)
    if chance(rng, 0.1):
        points, normals = disc(rng, how, n, 0, 1)
    else:
        u, v = spread(rng, how, n, ratio)
        points = np.stack([2 * u - 1, 2 * v - 1, np.zeros(u.size)], 1)
        normals = np.tile([0, 0, 1], (u.size, 1))
    return points * (ratio, 1, 1), normals


SURFACES = {'sphere': sphere, 'cube': cube, 'cylinder': cylinder, 'cone': cone, 'torus': torus, 'plane': plane}


def volume(rng, shape, n):
    """A cube or a ball full of points, at random or on a grid."""
    wanted = n if shape == 'cube' else n * 6 / np.pi
    if chance(rng, 0.5):
        side = max(int(round(wanted ** (1 / 3))), 11)
        axis = np.linspace(-1, 1, side)
        points = np.stack(np.meshgrid(axis, axis, axis, indexing='ij'), -1).reshape(-1, 3)
    else:
        points = rng.uniform(-1, 1, (int(wanted), 3))
    return points if shape == 'cube' else points[(points ** 2).sum(1) <= 1]


def shapeless(rng, n):
    """A blob, a few heaps, or a path that wanders about."""
    kind = rng.integers(3)
    if kind == 0:
        return rng.standard_normal((n, 3))
    if kind == 1:
        heaps = rng.uniform(-4, 4, (rng.integers(3, 9), 3))
        return heaps[rng.integers(len(heaps), size=n)] + rng.standard_normal((n, 3)) * rng.uniform(0.2, 0.8)
    return np.cumsum(rng.standard_normal((n, 3)), 0)


# ---- scans ----

def viewer(rng, shape):
    """From where a scan is taken: not from where a shape shows a flat end only."""
    while True:
        direction = rng.standard_normal(3)
        direction /= np.linalg.norm(direction)
        if shape == 'cylinder' and abs(direction[2]) > 0.8 or shape == 'cone' and not -0.3 < direction[2] < 0.8:
            continue
        if shape == 'cube' and np.sort(np.abs(direction))[0] < 0.25:
            continue
        return direction * rng.uniform(4, 12)


def sample(rng, shape, n):
    """-> points, normals (None within a volume)"""
    if shape is None:
        return shapeless(rng, n), None
    if shape in ('cube', 'sphere') and chance(rng, VOLUME_SHARE):
        return volume(rng, shape, n), None
    how = pick(rng, ('random', 'random', 'grid', 'grid', 'shaken'))
    if not chance(rng, SCAN_SHARE):
        return SURFACES[shape](rng, how, n)
    points, normals = SURFACES[shape](rng, how, 2 * n)
    eye = viewer(rng, shape)
    seen = ((eye - points) * normals).sum(1) > 0
    # A plane has no back. Where too little is seen, all of it is kept.
    return (points, normals) if shape == 'plane' or seen.sum() < N_MIN else (points[seen], normals[seen])


def draw_points(rng, shape):
    """At least N_MIN and at most N_MAX of them."""
    n = int(np.exp(rng.uniform(np.log(N_MIN * 1.1), np.log(N_USUAL))))
    n = int(rng.integers(N_USUAL, N_MAX)) if chance(rng, 0.05) else n
    points, normals = sample(rng, shape, n)
    while len(points) < N_MIN:
        n = n * 5 // 4
        points, normals = sample(rng, shape, n)
    kept = slice(None)
    if len(points) > N_MAX:
        kept = np.sort(rng.permutation(len(points))[:N_MAX])
    elif chance(rng, 0.5):
        kept = rng.permutation(len(points))
    return points[kept], None if normals is None else normals[kept]


# ---- noise, pose and colours ----

def rotation(rng):
    """Along the axes for half of the clouds, else any; [3, 3]."""
    if chance(rng, 0.5):
        return np.eye(3)[rng.permutation(3)] * rng.choice([-1, 1], (3, 1))
    q, r = np.linalg.qr(rng.standard_normal((3, 3)))
    return q * np.sign(np.diag(r))


def disturb(rng, points):
    """Noise of up to 2 % of the size, and a few points that are elsewhere."""
    size = np.abs(points - points.mean(0)).max()
    if chance(rng, 0.6):
        points = points + rng.standard_normal(points.shape) * (size * rng.uniform(0, 0.02))
    if chance(rng, 0.1):
        points = points.copy()
        which = rng.integers(len(points), size=rng.integers(1, max(len(points) // 200, 2)))
        points[which] = points.mean(0) + rng.uniform(-1.5, 1.5, (which.size, 3)) * size
    return points


def place(rng, points):
    """Into the coordinates of some file: from millimetres to hundreds, around the origin or elsewhere."""
    scale = 10 ** rng.uniform(-3, 2.5) if chance(rng, 0.6) else 1
    offset = rng.uniform(-5, 5, 3) if chance(rng, 0.5) else np.zeros(3)
    return (points + offset) * scale


def cloud_colour(rng, word):
    """A shade of the word, but no grey that could be a missing colour."""
    colour = draw_colour(rng, word)
    while word == 'grey' and np.abs(colour - 255 * COLOUR_UNKNOWN).max() < UNKNOWN_MARGIN:
        colour = draw_colour(rng, word)
    return colour


def paint(rng, word, points, normals):
    """One colour, in half of the clouds lit from a side or noisy; u8 [n, 3]."""
    colours = np.tile(cloud_colour(rng, word), (len(points), 1))
    if normals is not None and chance(rng, 0.35):
        lamp = rng.standard_normal(3)
        dark = rng.uniform(0.05, 0.25)
        colours *= 1 - dark / 2 + dark / 2 * (normals @ (lamp / np.linalg.norm(lamp)))[:, None]
    if chance(rng, 0.35):
        colours += rng.standard_normal((len(points), pick(rng, (1, 3)))) * rng.uniform(1, 13)
    return np.clip(np.rint(colours), 0, 255).astype(np.uint8)


# ---- scenes ----

def make(rng):
    shape = None if chance(rng, SHAPELESS_SHARE) else pick(rng, SHAPES)
    word = None if chance(rng, UNCOLOURED_SHARE) else pick(rng, COLOURS)
    points, normals = draw_points(rng, shape)
    turn = rotation(rng)
    points = place(rng, disturb(rng, points @ turn.T))
    return {'modality': 'point', 'facts': {'modality': 'point', 'shape': shape, 'colour': word},
            'raw': {'points': points, 'colours': None if word is None else paint(rng, word, points, normals)}}


def tensor(scene):
    """Points around their centre, the farthest at distance 1; colours in 0..1."""
    points = scene['raw']['points'].astype(np.float32).astype(np.float64)
    colours = scene['raw']['colours']
    points -= points.mean(0)
    points /= np.sqrt((points ** 2).sum(1).max())
    result = np.full((len(points), 6), COLOUR_UNKNOWN, np.float32)
    result[:, :3] = points
    if colours is not None:
        result[:, 3:] = colours.astype(np.float32) / 255
    return result


# ---- groups ----

def farthest(clouds, n_centres):
    """Each next centre is the point farthest from all before. clouds  list of [n, 6] -> int64 [clouds, n_centres]"""
    n_points = max(len(cloud) for cloud in clouds)
    # A cloud is filled up with its first point, which is a centre from the start and never the farthest again.
    padded = np.stack([np.concatenate([c[:, :3], np.tile(c[:1, :3], (n_points - len(c), 1))]) for c in clouds])
    x, y, z = torch.from_numpy(np.ascontiguousarray(padded.transpose(2, 0, 1)))
    nearest = torch.full(x.shape, torch.inf)
    distance, square = torch.empty_like(x), torch.empty_like(x)
    centres = torch.zeros((len(clouds), n_centres), dtype=torch.int64)
    for i in range(1, n_centres):
        last = centres[:, i - 1:i]
        torch.sub(x, x.gather(1, last), out=distance)
        distance.square_()
        for axis in (y, z):
            torch.sub(axis, axis.gather(1, last), out=square)
            distance.addcmul_(square, square)
        torch.minimum(nearest, distance, out=nearest)
        centres[:, i] = nearest.argmax(1)
    return centres.numpy()


def groups_of_many(clouds, n_centres=1024, n_neighbours=32):
    """clouds  list of f32 [n, 6] -> u16 [clouds, n_centres, n_neighbours], numbers of points"""
    result = np.empty((len(clouds), n_centres, n_neighbours), np.uint16)
    by_size = np.argsort([len(cloud) for cloud in clouds], kind='stable')
    for first in range(0, len(clouds), BATCH):
        batch = by_size[first:first + BATCH]
        for number, centres in zip(batch, farthest([clouds[i] for i in batch], n_centres)):
            points = clouds[number][:, :3]
            result[number] = cKDTree(points).query(points[centres], n_neighbours)[1]
    return result


def groups(points, n_centres=1024, n_neighbours=32):
    return groups_of_many([points], n_centres, n_neighbours)[0]


# ---- what the shape of a cloud is made of ----

def axes_of(points):
    """[..., n, 3] -> variances along the three main axes, from least to greatest [..., 3], and the axes [..., 3, 3]"""
    off = points - points.mean(-2, keepdims=True)
    variances, axes = np.linalg.eigh(np.swapaxes(off, -1, -2) @ off / points.shape[-2])
    return np.maximum(variances, 1e-12), axes


def trace(cloud, groups):
    """Numbers that stay when a cloud [n, 6] is turned, f32 [17]: how far it reaches along its main axes, how lopsided and
    how heavy-tailed it is there; the distances from its centre (mean, deviation, least); and of the planes that its groups
    [centres, neighbours] lie in nearly: how much normals prefer the main directions, how much four-sided symmetry they
    have (a ball 1/5, a cube 1/3), how thick the groups are."""
    points = cloud[:, :3].astype(np.float64)
    variances, axes = axes_of(points)
    along = (points - points.mean(0)) @ axes
    radius = np.sqrt((points ** 2).sum(1))
    thickness, directions = axes_of(points[groups[::4]])
    normals = directions[..., 0]
    preferred = np.linalg.eigvalsh(normals.T @ normals / len(normals))
    return np.array([*np.sqrt(variances), *np.abs((along ** 3).mean(0)) ** (1 / 3), *(along ** 4).mean(0) ** (1 / 4),
                     radius.mean(), radius.std(), np.quantile(radius, 0.02), *preferred,
                     ((normals @ normals.T) ** 4).mean(), np.sqrt(thickness[:, 0] / thickness.sum(1)).mean()], np.float32)


# ---- files ----

def decimals_for(points):
    """Digits behind the point that keep a two-thousandth of the size."""
    return int(max(np.ceil(np.log10(2000 / np.ptp(points, 0).max())), 0)) + 1


def write_rows(path, head, points, colours, separator=' '):
    """Text: one point per line, colours as they are given."""
    decimals = decimals_for(points)
    row = separator.join([f'%.{decimals}f'] * 3)
    columns = points
    if colours is not None:
        row += separator + separator.join(['%d' if colours.dtype == np.uint8 else '%.4f'] * 3)
        columns = np.concatenate([points, colours], 1)
    with open(path, 'w', encoding='ascii') as file:
        file.write(head)
        np.savetxt(file, columns, fmt=row)


def ply_header(encoding, n, colours, position='float'):
    lines = ['ply', f'format {encoding} 1.0', f'element vertex {n}']
    lines += [f'property {position} {axis}' for axis in 'xyz']
    if colours is not None:
        lines += [f'property uchar {channel}' for channel in ('red', 'green', 'blue')]
    return '\n'.join(lines + ['end_header', ''])


def write_ply_text(path, points, colours, rng):
    write_rows(path, ply_header('ascii', len(points), colours), points, colours)


def write_ply_binary(path, points, colours, rng):
    order, encoding = pick(rng, (('<', 'binary_little_endian'), ('>', 'binary_big_endian')))
    width, position = pick(rng, ((4, 'float'), (8, 'double')))
    fields = [('position', f'{order}f{width}', 3)] + ([] if colours is None else [('colour', 'u1', 3)])
    rows = np.empty(len(points), fields)
    rows['position'] = points
    if colours is not None:
        rows['colour'] = colours
    with open(path, 'wb') as file:
        file.write(ply_header(encoding, len(points), colours, position).encode() + rows.tobytes())


def write_pcd(path, points, colours, rng):
    """Text or binary; a colour is packed into an integer, 0xRRGGBB."""
    n, has_colour, is_text = len(points), colours is not None, chance(rng, 0.5)
    head = '\n'.join(['# .PCD v0.7 - Point Cloud Data file format', 'VERSION 0.7', 'FIELDS x y z' + ' rgb' * has_colour,
                      'SIZE 4 4 4' + ' 4' * has_colour, 'TYPE F F F' + ' U' * has_colour,
                      'COUNT 1 1 1' + ' 1' * has_colour, f'WIDTH {n}', 'HEIGHT 1', 'VIEWPOINT 0 0 0 1 0 0 0',
                      f'POINTS {n}', 'DATA ' + ('ascii' if is_text else 'binary'), ''])
    packed = np.empty((n, 0)) if not has_colour else (colours.astype(np.uint32) @ np.array([65536, 256, 1], np.uint32))
    if is_text:
        row = ' '.join([f'%.{decimals_for(points)}f'] * 3 + ['%d'] * has_colour)
        np.savetxt(path, np.column_stack([points, packed]), fmt=row, header=head[:-1], comments='')
        return
    rows = np.empty(n, [('position', '<f4', 3)] + [('colour', '<u4')] * has_colour)
    rows['position'] = points
    if has_colour:
        rows['colour'] = packed
    with open(path, 'wb') as file:
        file.write(head.encode() + rows.tobytes())


def file_colours(rng, colours):
    """For files that do not say what their colours' range is: 0..255 (if that can be seen) or 0..1."""
    if colours is None or (colours.max() > 1 and chance(rng, 0.6)):
        return colours
    return colours.astype(np.float32) / 255


def write_text(path, points, colours, rng):
    write_rows(path, '', points, file_colours(rng, colours), pick(rng, ' ,\t'))


def write_array(path, points, colours, rng):
    columns = points if colours is None else np.concatenate([points, file_colours(rng, colours)], 1)
    np.save(path, columns.astype(pick(rng, (np.float32, np.float64))))


WRITERS = ((write_ply_text, 'ply'), (write_ply_binary, 'ply'), (write_pcd, 'pcd'), (write_text, 'xyz'),
           (write_array, 'npy'))


def write(scene, folder, stem, rng):
    writer, ending = pick(rng, WRITERS)
    path = os.path.join(folder, f'{stem}.{ending}')
    writer(path, scene['raw']['points'], scene['raw']['colours'], rng)
    return [('point', path)]
