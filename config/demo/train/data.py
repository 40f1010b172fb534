"""Scenes of the world as arrays on disk, so that training reads and never waits for a generator.

    DIR/<modality>.npy          inputs, one row per scene (pictures u8 and not yet normalised)
    DIR/point.offsets.npy       point clouds have different sizes: rows of point.npy where each begins
    DIR/point.groups.npy        numbers of the neighbours of each centre
    DIR/image.labels.npy        shape, colour and place of the object in each patch
    DIR/image.ink.npy           share of ink in each sixteenth of a patch
    DIR/<modality>.traces.npy   more to be learned from videos, sounds, clouds and motion, see trace() in world/
    DIR/<modality>.facts.json   what is true of each scene"""

import importlib
import json
import multiprocessing
import os
import time

import numpy as np
import torch

from network import N_TRACED as TRACES
from world import video
from world.point import rotation

MEAN = np.array([0.48145466, 0.4578275, 0.40821073], np.float32).reshape(3, 1, 1)
STD = np.array([0.26862954, 0.26130258, 0.27577711], np.float32).reshape(3, 1, 1)
CHUNK = 64
SHAPES = {'image': (3, 224, 224), 'video': (15, 3, 224, 224), 'audio': (128, 1024), 'depth': (2, 3, 224, 224),
          'normal': (2, 3, 224, 224), 'imu': (6, 400), 'fmri': (512,)}
TYPES = {'image': np.uint8, 'video': np.uint8, 'depth': np.uint8, 'normal': np.uint8, 'audio': np.float16,
         'imu': np.float32, 'fmri': np.float32}


def scene_rng(modality, seed, number):
    """Every scene has a generator of its own, so the order in which they are made does not matter."""
    return np.random.default_rng([*modality.encode(), seed, number])


def make_chunk(job):
    """Inputs, facts, labels and traces of the scenes first .. last-1."""
    modality, seed, first, last, wanted = job
    world = importlib.import_module(f'world.{modality}')
    inputs, facts, extra, traces = [], [], [], []
    for number in range(first, last):
        scene = world.make(scene_rng(modality, seed, number), **wanted)
        inputs.append(world.tensor(scene))
        facts.append(scene['facts'])
        if modality == 'image':
            extra.append(world.labels(scene))
        if modality in TRACES and modality != 'point':
            traces.append(world.trace(scene))
    if modality == 'point':
        extra = world.groups_of_many(inputs)
        traces = [world.trace(cloud, groups) for cloud, groups in zip(inputs, extra)]
    return first, inputs, facts, extra, traces


def open_rows(path, n, shape, dtype):
    return np.lib.format.open_memmap(path, 'w+', dtype, (n, *shape))


def make_scenes(folder, modality, parts, seed, pool, say):
    """Makes scenes of a modality; parts: pairs of how many, and what is wanted of those (arguments of make() in world/)."""
    start = time.time()
    jobs, n = [], 0
    for some, wanted in parts:
        first, n = n, n + some
        jobs += [(modality, seed, at, min(at + CHUNK, n), wanted) for at in range(first, n, CHUNK)]
    all_facts = [None] * n
    rows = labels = ink = groups = None
    clouds, traces = [None] * n, [None] * n
    if modality != 'point':
        rows = open_rows(folder / f'{modality}.npy', n, SHAPES[modality], TYPES[modality])
    if modality == 'image':
        labels = open_rows(folder / 'image.labels.npy', n, (16, 16, 5), np.uint8)
        ink = open_rows(folder / 'image.ink.npy', n, (64, 64), np.uint8)
    if modality == 'point':
        groups = open_rows(folder / 'point.groups.npy', n, (1024, 32), np.uint16)
    for first, inputs, facts, extra, some in pool.imap_unordered(make_chunk, jobs):
        traces[first:first + len(some)] = some
        for i, (x, fact) in enumerate(zip(inputs, facts)):
            all_facts[first + i] = fact
            if modality == 'point':
                clouds[first + i] = np.asarray(x, np.float32)
                groups[first + i] = extra[i]
            else:
                rows[first + i] = x
            if modality == 'image':
                labels[first + i], ink[first + i] = extra[i]
    if modality == 'point':
        np.save(folder / 'point.offsets.npy', np.cumsum([0] + [len(cloud) for cloud in clouds]))
        np.save(folder / 'point.npy', np.concatenate(clouds).astype(np.float32))
    if modality in TRACES:
        np.save(folder / f'{modality}.traces.npy', np.stack(traces))
    (folder / f'{modality}.facts.json').write_text(json.dumps(all_facts))
    say(f'{modality}: {n} scenes in {time.time() - start:.0f} s')


def make_all(folder, parts, seed, say):
    """Makes the scenes that are not there; parts: of each modality, see make_scenes()."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [modality for modality in parts if not (folder / f'{modality}.facts.json').exists()]
    if not missing:
        return
    with multiprocessing.get_context('spawn').Pool(os.cpu_count()) as pool:
        for modality in missing:
            make_scenes(folder, modality, parts[modality], seed, pool, say)


def normalise(pictures):
    """u8 [..., 3, height, width] -> the encoder's input"""
    return torch.from_numpy((pictures.astype(np.float32) / 255 - MEAN) / STD)


class Rows:
    """Rows of two arrays, one behind the other."""

    def __init__(self, first, second):
        self.first, self.second = first, second

    def __getitem__(self, numbers):
        n = len(self.first)
        is_first = numbers < n
        rows = np.empty((len(numbers), *self.first.shape[1:]), self.first.dtype)
        rows[is_first], rows[~is_first] = self.first[numbers[is_first]], self.second[numbers[~is_first] - n]
        return rows


class Scenes:
    """The scenes of one modality: facts and inputs as tensors."""

    def __init__(self, folder, modality):
        self.modality, self.folder = modality, folder
        self.facts = json.loads((folder / f'{modality}.facts.json').read_text())
        self.n = len(self.facts)
        self.features = self.traces = None
        name = folder / f'{modality}.npy'
        self.rows = np.load(name, mmap_mode='r') if name.exists() else None
        if modality == 'point':
            self.offsets = np.load(folder / 'point.offsets.npy')
            self.groups = np.load(folder / 'point.groups.npy', mmap_mode='r')
        if modality == 'image':
            self.labels = np.load(folder / 'image.labels.npy', mmap_mode='r')
            self.ink = np.load(folder / 'image.ink.npy', mmap_mode='r')
        if modality in TRACES:
            self.traces = np.load(folder / f'{modality}.traces.npy')

    def mirror(self, features):
        """Behind every film there is what it is in a mirror, of which these are the features."""
        self.features = Rows(self.features, features)
        self.facts = self.facts * 2
        self.traces = np.concatenate([self.traces, video.mirrored(self.traces)])
        self.n *= 2

    def draw(self, rng, n):
        """Numbers of n scenes to learn from, in order."""
        return np.sort(rng.integers(0, self.n, n))

    def inputs(self, numbers, rng=None):
        """What OneLLM.features() wants for these scenes; with rng, for scenes like them: clouds turned, half of them any way,
        the others to another side."""
        if self.modality == 'point':
            clouds = [self.rows[self.offsets[i]:self.offsets[i + 1]] for i in numbers]
            padded = np.zeros((len(clouds), max(map(len, clouds)), 6), np.float32)
            for i, cloud in enumerate(clouds):
                padded[i, :len(cloud)] = cloud
                if rng is not None:
                    padded[i, :, :3] = padded[i, :, :3] @ rotation(rng).T.astype(np.float32)
            return torch.from_numpy(padded), torch.from_numpy(self.groups[numbers].astype(np.int64))
        x = self.rows[numbers]
        return normalise(x) if x.dtype == np.uint8 else torch.from_numpy(x.astype(np.float32))
