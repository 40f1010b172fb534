"""Made-up brain responses: eight things that are seen, each with a pattern over 16 regions of 32 voxels.

The patterns are rows of a Hadamard matrix, so any two of them agree in half of the regions: no region alone tells what
is seen. A recording is the pattern times a gain, on a baseline, under noise, repeated up to eight times."""

import os

import numpy as np

from .drawing import chance, pick

THINGS = ('a face', 'a house', 'a cat', 'a bottle', 'a chair', 'a shoe', 'scissors', 'a scrambled picture')
REGIONS, VOXELS_PER_REGION = 16, 32
N_VOXELS = REGIONS * VOXELS_PER_REGION

REPEATS_MAX = 8
NOTHING_SHARE = 0.06
DEAD_SHARE = 0.25  # of the recordings have voxels without a signal


def pattern(thing):
    """thing  number in THINGS -> [N_VOXELS] of -1 and 1"""
    regions = [(-1) ** bin((thing + 1) & region).count('1') for region in range(REGIONS)]
    return np.repeat(np.array(regions, np.float32), VOXELS_PER_REGION)


def make(rng):
    thing = None if chance(rng, NOTHING_SHARE) else int(rng.integers(len(THINGS)))
    gain = np.exp(rng.uniform(np.log(0.5), np.log(2)))
    sigma = gain * rng.uniform(0.05, 1.2)
    baseline = rng.uniform(-1, 1) * rng.integers(2) + rng.normal(0, 0.2 * rng.random(), N_VOXELS)
    signal = baseline if thing is None else baseline + gain * pattern(thing)
    values = signal + rng.normal(0, sigma, (rng.integers(1, REPEATS_MAX + 1), N_VOXELS))
    if chance(rng, DEAD_SHARE):
        values[:, rng.random(N_VOXELS) < rng.uniform(0, 0.03)] = 0
    return {'modality': 'fmri', 'facts': {'modality': 'fmri', 'sees': None if thing is None else THINGS[thing]},
            'raw': values.astype(np.float32)}


def tensor(scene):
    return scene['raw'].mean(0)


def write_npy(repeats, path, rng):
    """One row per repeat; a single repeat also as a vector or a small volume."""
    if len(repeats) == 1:
        repeats = pick(rng, (repeats, repeats[0], repeats[0].reshape(8, 8, 8)))
    np.save(path, repeats.astype((np.float32, np.float64, np.float16)[rng.choice(3, p=[0.6, 0.3, 0.1])]))


def write_table(repeats, path, rng):
    """One line per repeat; a single repeat also as one number per line."""
    if len(repeats) == 1 and chance(rng, 0.3):
        repeats = repeats.T
    names = [f'v{i}' for i in range(repeats.shape[1])]
    separator = ',;\t'[rng.choice(3, p=[0.7, 0.15, 0.15])]
    header = separator.join(names) if chance(rng, 0.4) and len(names) > 1 else ''
    np.savetxt(path, repeats, fmt=f'%.{rng.integers(3, 7)}f', delimiter=separator, header=header, comments='')


def write(scene, folder, stem, rng):
    writer, ending = pick(rng, ((write_npy, 'npy'), (write_table, 'csv')))
    path = os.path.join(folder, f'{stem}.{ending}')
    writer(scene['raw'], path, rng)
    return [('fmri', path)]
