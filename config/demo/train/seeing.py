"""The encoder learns to see, and is frozen then, as CLIP is in the paper. It is taught by CLIP's contrast of pictures and
captions, and, since a small world has few captions, by what is to be seen at every patch."""

import itertools
import math
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import data
import language
from learning import learn, n_workers, wait_for_others
from network import N_TOKENS, OWN_TOKENIZER


class Sight(nn.Module):
    """The encoder and what teaches it: CLIP's contrast of picture and caption, and what is to be seen at every patch."""

    def __init__(self, visual, n_vocab):
        super().__init__()
        width = visual.class_embedding.numel()
        self.visual = visual
        self.words = nn.EmbeddingBag(n_vocab, 64, mode='sum')
        self.of_text = nn.Sequential(nn.Linear(64, 128), nn.GELU(), nn.Linear(128, 64))
        self.of_picture = nn.Linear(width, 64)
        self.scale = nn.Parameter(torch.tensor(2.0))
        self.shape, self.colour, self.map = nn.Linear(width, 9), nn.Linear(width, 13), nn.Linear(width, 4)
        self.ink, self.place = nn.Linear(width, 16), nn.Linear(width, 3)

    def contrast(self, first, captions):
        """Symmetric cross entropy; equal captions share the target."""
        words = self.words(torch.tensor(list(itertools.chain(*captions))),
                           torch.tensor(np.cumsum([0] + [len(c) for c in captions[:-1]])))
        words = F.normalize(self.of_text(words), dim=-1)
        pictures = F.normalize(self.of_picture(first), dim=-1)
        scores = self.scale.exp() * pictures @ words.T
        keys = [tuple(c) for c in captions]
        same = torch.tensor([[float(a == b) for b in keys] for a in keys])
        same = same / same.sum(-1, keepdim=True)
        return -0.5 * ((same * scores.log_softmax(-1)).sum(-1).mean() + (same * scores.T.log_softmax(-1)).sum(-1).mean())


def patch_means(pictures):
    """[B, 3, 224, 224] normalised -> mean of each patch in -1..1, [B, 256, 3]"""
    rgb = pictures * torch.from_numpy(data.STD) + torch.from_numpy(data.MEAN)
    return F.avg_pool2d(rgb, 14).flatten(2).transpose(1, 2) * 2 - 1


WINDOW = 8  # patches on each side of what the encoder looks at first


def draw_windows(labels, rng):
    """First row and column of a window per scene, [n, 2]: around some patch of an object where there is one."""
    corners = []
    for label in labels:
        places = np.argwhere(label[..., 0])
        at = places[rng.integers(len(places))] if len(places) else rng.integers(0, 16, 2)
        corners.append([rng.integers(max(0, i - WINDOW + 1), min(16 - WINDOW, i) + 1) for i in at])
    return np.array(corners)


def patches_of(corners):
    """Numbers of the patches in each window, [n, WINDOW * WINDOW]."""
    steps = np.arange(WINDOW)
    return ((corners[:, :1] + steps)[:, :, None] * 16 + (corners[:, 1:] + steps)[:, None, :]).reshape(len(corners), -1)


def cut_windows(pictures, corners):
    """[n, 3, 224, 224] -> [n, 3, 14 * WINDOW, 14 * WINDOW]"""
    side = 14 * WINDOW
    return np.stack([picture[:, 14 * r:14 * r + side, 14 * c:14 * c + side]
                     for picture, (r, c) in zip(pictures, corners)])


def draw_batch(scenes, maps, rng, n, n_map, is_window):
    """n scenes and n_map maps of each kind: pictures u8, labels [B, L, 21] (see world/image.py; ink last), numbers of the
    patches [B, L], numbers of the scenes."""
    chosen = np.sort(rng.integers(0, scenes.n, n))
    pictures = np.concatenate([scenes.rows[chosen]] + [
        kind.rows[np.sort(rng.integers(0, kind.n, n_map)), 1] for kind in maps])
    ink = scenes.ink[chosen].reshape(n, 16, 4, 16, 4).transpose(0, 1, 3, 2, 4).reshape(n, 16, 16, 16)
    labels = np.zeros((len(pictures), 16, 16, 21), np.uint8)
    labels[:n] = np.concatenate([scenes.labels[chosen], ink], -1)
    kept = np.tile(np.arange(256), (len(pictures), 1))
    if is_window:
        corners = draw_windows(labels, rng)
        pictures, kept = cut_windows(pictures, corners), patches_of(corners)
    labels = np.take_along_axis(labels.reshape(len(labels), 256, 21), kept[..., None], 1).astype(np.int64)
    return pictures, torch.from_numpy(labels), torch.from_numpy(kept), chosen


def map_targets(pictures, n, n_map):
    """[B, L, 4]: what a map says at each patch, depth and normal; 0 in all other pictures."""
    means = patch_means(pictures)
    targets = torch.zeros(*means.shape[:2], 4)
    targets[n:n + n_map, :, 0] = means[n:n + n_map].mean(-1)
    targets[n + n_map:, :, 1:] = means[n + n_map:]
    return targets


def patch_losses(sight, patches, labels, targets):
    """Of each patch: shape and colour of its object, where that object is, its ink; what a map says."""
    is_object = labels[..., :1] > 0
    weights = torch.ones(13)
    weights[0] = 0.05  # nine of ten patches are background
    shape, colour = sight.shape(patches).flatten(0, 1), sight.colour(patches).flatten(0, 1)
    off = is_object * (sight.place(patches) - labels[..., 2:5] / 255)
    return {'shape': F.cross_entropy(shape, labels[..., 0].flatten(), weights[:9]),
            'colour': F.cross_entropy(colour, labels[..., 1].flatten(), weights),
            'ink': 2 * F.binary_cross_entropy_with_logits(sight.ink(patches), labels[..., 5:] / 255),
            'place': 20 * off.square().sum() / is_object.sum(),
            'map': 10 * F.mse_loss(sight.map(patches), targets)}


def learn_to_see(training, model):
    """First windows, so that a step holds many objects, then whole pictures."""
    sight = Sight(model.clip['visual'], training.vocabulary.n)
    scenes, maps = training.scenes['image'], [training.scenes[m] for m in ('depth', 'normal')]
    captions = [training.vocabulary.encode(language.caption(facts)) for facts in scenes.facts]

    def look(step, n, n_map, is_window):
        n, n_map = (8, 2) if training.is_smoke else (n, n_map)
        pictures, labels, kept, chosen = draw_batch(scenes, maps, training.rng(1 + is_window, step), n, n_map, is_window)
        pictures = data.normalise(pictures)
        weights = torch.full(kept.shape, math.log(N_TOKENS['image'] / kept.shape[1]))
        x = sight.visual(model.tokens('image', pictures), sight.visual.positional_embedding, kept, weights)
        losses = patch_losses(sight, x[:, 1:], labels, map_targets(pictures, n, n_map))
        if not is_window:
            losses['contrast'] = 0.5 * sight.contrast(x[:n, 0], [captions[i] for i in chosen])
        return losses

    learn(training, 'windows', sight, '', training.steps(4200), 4e-3, lambda step: look(step, 80, 4, True))
    learn(training, 'encoder', sight, '', training.steps(800), 2e-3, lambda step: look(step, 24, 3, False))


def keep_features(training, model):
    """Pictures go through the frozen encoder once; later stages begin from its output. Films to learn from do so twice, the
    second time in a mirror: there are few of them."""
    for scenes in [*training.scenes.values(), *training.checked.values()]:
        if scenes.modality in OWN_TOKENIZER:
            continue
        scenes.features = features_of(training, model, scenes, 'features', lambda pictures: pictures)
    films = training.scenes['video']
    films.mirror(features_of(training, model, films, 'mirrored', lambda pictures: pictures[..., ::-1]))


def features_of(training, model, scenes, name, view):
    path = scenes.folder / f'{scenes.modality}.{name}.npy'
    if not path.exists():
        write_features(training, model, scenes, path, view)
    return np.load(path, mmap_mode='r')


def write_features(training, model, scenes, path, view):
    """The workers take turns. view: what is done to pictures before."""
    start = time.time()
    part = path.with_suffix('.part.npy')
    if training.worker == 0:
        data.open_rows(part, scenes.n, (1 + N_TOKENS[scenes.modality], model.sizes['clip_width']), np.float16)
    wait_for_others()
    rows = np.load(part, mmap_mode='r+')
    with torch.no_grad():
        for first in range(32 * training.worker, scenes.n, 32 * n_workers()):
            some = np.arange(first, min(first + 32, scenes.n))
            rows[some] = seen(model, scenes, some, view).half().numpy()
    rows.flush()
    wait_for_others()
    if training.worker == 0:
        part.rename(path)
    wait_for_others()
    training.say(f'{path.stem}: features of {scenes.n} scenes in {time.time() - start:.0f} s')


def seen(model, scenes, numbers, view):
    """Features of pictures. Many of a film's are the same: the three crops of a square one, the frames of one that stands
    still or blinks."""
    if scenes.modality != 'video':
        return model.features(scenes.modality, data.normalise(view(scenes.rows[numbers])))[0]
    rows = []
    for film in scenes.rows[numbers]:
        pictures = [picture.tobytes() for picture in film]
        different = list(dict.fromkeys(pictures))
        shown = film[[pictures.index(picture) for picture in different]]
        features = model.features('image', data.normalise(view(shown)))[0]
        rows.append(features[[different.index(picture) for picture in pictures]].mean(0, keepdim=True))
    return torch.cat(rows)
