#!/usr/bin/python3
"""Trains the demo model from nothing, as the paper trains OneLLM; README.md in this folder tells the story.

    train.py --work DIR [--output DIR] [--seed N] [--until STAGE] [--smoke]

DIR keeps scenes and finished stages: run again after an interruption, it goes on where it was. The result is an official
checkpoint in OUTPUT (default DIR/checkpoint): consolidated.00-of-01.pth, params.json, arch.json, tokenizer.model."""

import argparse
import ctypes
import itertools
import json
import math
import os
import sys
import time
from pathlib import Path

# Threads that wait sleep: spinning ones make a step ten times slower as soon as another program wants a core. Read when
# the libraries are loaded.
os.environ.setdefault('OMP_WAIT_POLICY', 'passive')
os.environ.setdefault('OPENBLAS_THREAD_TIMEOUT', '4')

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import data
import language
import network
import text
from network import MODALITIES, OWN_TOKENIZER
from optimizer import Muon

N_PIECES = 1024
N_KEPT = {'audio': 400, 'point': 320}  # tokens that take part in training; the others are dropped at random
SCENES = {'image': 30000, 'video': 4000, 'audio': 10000, 'point': 6000, 'depth': 5000, 'normal': 5000, 'imu': 8000,
          'fmri': 8000}
N_ASKED = 7  # questions about each scene
N_CHECKED = 200  # scenes per modality by which stages are judged
SEED_OF_CHECK = 7_000_000
FIRST, SECOND, THIRD = ('image',), ('video', 'audio', 'point'), ('depth', 'normal', 'imu', 'fmri')

# What a step of each stage is made of: scenes per modality; rows with two media and with none; which parts learn.
PROJECTION = ('clip_proj', 'resample_', 'routers', 'start_tag', 'end_tag', 'conv1', 'positional_embedding')
DECODER = ('tok_embeddings', 'layers', 'norm', 'output')
STAGES = {
    'images': {'steps': 500, 'mix': {'image': 32}, 'learns': PROJECTION, 'rate': 1.5e-3},
    'sounds': {'steps': 600, 'mix': {'image': 8, 'video': 8, 'audio': 12, 'point': 12}, 'learns': PROJECTION,
               'rate': 1.5e-3},
    'senses': {'steps': 600, 'mix': {'image': 6, 'video': 5, 'audio': 7, 'point': 7, 'depth': 6, 'normal': 6, 'imu': 8,
                                     'fmri': 6}, 'learns': PROJECTION, 'rate': 1.5e-3},
    'questions': {'steps': 1000, 'mix': {'image': 7, 'video': 6, 'audio': 8, 'point': 7, 'depth': 5, 'normal': 5,
                                         'imu': 6, 'fmri': 4}, 'pairs': 8, 'none': 2, 'learns': PROJECTION + DECODER,
                  'rate': 1e-3},
}


class Training:
    """What every stage needs: folders, scenes, vocabulary, log."""

    def __init__(self, work, seed, is_smoke):
        self.work, self.seed, self.is_smoke = work, seed, is_smoke
        work.mkdir(parents=True, exist_ok=True)
        self.start = time.time()
        self.scenes, self.checked = {}, {}
        self.vocabulary = None

    def say(self, line):
        line = f'{time.strftime("%H:%M:%S")} {line}'
        print(line, flush=True)
        with open(self.work / 'log.txt', 'a') as log:
            log.write(line + '\n')

    def steps(self, n):
        return max(2, n // 200) if self.is_smoke else n

    def rng(self, *numbers):
        return np.random.default_rng([self.seed, *numbers])

    def new_model(self, n_experts=None, router='soft-sigmoid'):
        torch.manual_seed(self.seed)
        sizes = dict(network.SIZES, **({'num_experts': n_experts} if n_experts else {}))
        return network.OneLLM(self.vocabulary.n, sizes, router)


# ---- steps that can be taken up again ----

IN_BLOCKS = ('.attn.', '.mlp.', '.attention.', '.feed_forward.')  # matrices that Muon moves


def optimizers_of(module, rate):
    """For the parameters that learn. Tokenizers sum up to hundreds of inputs, so that a step at the common rate would
    change what they say by more than it is: theirs falls with the number of inputs."""
    matrices, groups = [], {}
    for name, parameter in module.named_parameters():
        if not parameter.requires_grad:
            continue
        if parameter.dim() == 2 and any(part in name for part in IN_BLOCKS):
            matrices.append(parameter)
            continue
        share = min(1, 16 / parameter[0].numel()) if 'conv1' in name and parameter.dim() > 1 else 1
        groups.setdefault((share, 0.02 if parameter.dim() > 1 else 0), []).append(parameter)
    groups = [{'params': some, 'share': share, 'weight_decay': decay} for (share, decay), some in groups.items()]
    found = [torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98))]
    if matrices:
        found.append(Muon([{'params': matrices, 'share': 1}], lr=rate, weight_decay=0.02))
    return found


def learn(training, name, module, parameters, n_steps, rate, loss_of_step):
    """AdamW with a warm-up and a cosine; saved every few minutes. loss_of_step(step) -> (loss, {name: number})."""
    path, part = training.work / f'{name}.pt', training.work / f'{name}.part.pt'
    if path.exists():
        module.load_state_dict(torch.load(path))
        return
    for parameter in module.parameters():
        parameter.requires_grad_(False)
    parameters = list(parameters)
    for parameter in parameters:
        parameter.requires_grad_(True)
    optimizers = optimizers_of(module, rate)
    n_warm = min(100, n_steps // 10 + 1)
    first = 0
    if part.exists():
        saved = torch.load(part)
        module.load_state_dict(saved['module'])
        for optimizer, state in zip(optimizers, saved['optimizers']):
            optimizer.load_state_dict(state)
        first = saved['step']
    saved_at = said_at = time.time()
    sums, n_summed = {}, 0
    for step in range(first, n_steps):
        torch.manual_seed(training.seed * 1_000_003 + step)
        done = max(0, step - n_warm) / max(1, n_steps - n_warm)
        for group in (group for optimizer in optimizers for group in optimizer.param_groups):
            group['lr'] = rate * group['share'] * min((step + 1) / n_warm, 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))
        loss, numbers = loss_of_step(step)
        module.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        for optimizer in optimizers:
            optimizer.step()
        n_summed += 1
        for key, value in dict(numbers, loss=loss.item()).items():
            sums[key] = sums.get(key, 0) + value
        if time.time() - said_at > 30 or step == n_steps - 1:
            training.say(f'{name} {step + 1}/{n_steps} ' +
                         ' '.join(f'{key} {value / n_summed:.3f}' for key, value in sums.items()) +
                         f' {(time.time() - said_at) / n_summed:.2f} s')
            sums, n_summed, said_at = {}, 0, time.time()
        if time.time() - saved_at > 120:
            torch.save({'module': module.state_dict(), 'optimizers': [optimizer.state_dict() for optimizer in optimizers],
                        'step': step + 1}, part)
            saved_at = time.time()
    torch.save(module.state_dict(), path)
    part.unlink(missing_ok=True)


# ---- the encoder learns to see ----

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


def learn_to_see(training, model):
    """First windows, so that a step holds many objects, then whole pictures."""
    sight = Sight(model.clip['visual'], training.vocabulary.n)
    scenes, maps = training.scenes['image'], [training.scenes[m] for m in ('depth', 'normal')]
    captions = [training.vocabulary.encode(language.caption(facts)) for facts in scenes.facts]
    shape_weights, colour_weights = torch.ones(9), torch.ones(13)
    shape_weights[0] = colour_weights[0] = 0.05

    def look(rng, n, n_map, is_window):
        """Features of n scenes and 2 * n_map maps, and their losses."""
        chosen = np.sort(rng.integers(0, scenes.n, n))
        chosen_maps = [np.sort(rng.integers(0, kind.n, n_map)) for kind in maps]
        pictures = np.concatenate([scenes.rows[chosen]] +
                                  [kind.rows[numbers, 1] for kind, numbers in zip(maps, chosen_maps)])
        ink = scenes.ink[chosen].reshape(n, 16, 4, 16, 4).transpose(0, 1, 3, 2, 4).reshape(n, 16, 16, 16)
        labels = np.concatenate([scenes.labels[chosen], ink], -1)
        labels = np.concatenate([labels, np.zeros((2 * n_map, 16, 16, 21), np.uint8)])
        kept = np.tile(np.arange(256), (n + 2 * n_map, 1))
        if is_window:
            corners = draw_windows(labels, rng)
            pictures, kept = cut_windows(pictures, corners), patches_of(corners)
        labels = torch.from_numpy(np.take_along_axis(labels.reshape(len(labels), 256, 21), kept[..., None], 1)
                                  .astype(np.int64))
        pictures = data.normalise(pictures)
        visual = sight.visual
        x = visual(model.tokens('image', pictures), visual.positional_embedding, torch.from_numpy(kept))
        patches = x[:, 1:]
        means = patch_means(pictures)
        targets = torch.zeros(*means.shape[:2], 4)
        targets[n:n + n_map, :, 0] = means[n:n + n_map].mean(-1)
        targets[n + n_map:, :, 1:] = means[n + n_map:]
        is_object = labels[..., :1] > 0
        losses = {'shape': F.cross_entropy(sight.shape(patches).flatten(0, 1), labels[..., 0].flatten(), shape_weights),
                  'colour': F.cross_entropy(sight.colour(patches).flatten(0, 1), labels[..., 1].flatten(),
                                            colour_weights),
                  'ink': 2 * F.binary_cross_entropy_with_logits(sight.ink(patches), labels[..., 5:] / 255),
                  'place': 20 * (is_object * (sight.place(patches) - labels[..., 2:5] / 255)).square().sum() /
                           is_object.sum(),
                  'map': 10 * F.mse_loss(sight.map(patches), targets)}
        return x[:n, 0], chosen, losses

    def loss_of_window_step(step):
        _, _, losses = look(training.rng(5, step), *((8, 2) if training.is_smoke else (160, 8)), True)
        return sum(losses.values()), {key: value.item() for key, value in losses.items()}

    def loss_of_step(step):
        first, chosen, losses = look(training.rng(1, step), *((8, 2) if training.is_smoke else (48, 6)), False)
        losses['contrast'] = 0.5 * sight.contrast(first, [captions[i] for i in chosen])
        return sum(losses.values()), {key: value.item() for key, value in losses.items()}

    learn(training, 'windows', sight, sight.parameters(), training.steps(2000), 4e-3, loss_of_window_step)
    learn(training, 'encoder', sight, sight.parameters(), training.steps(800), 1e-3, loss_of_step)


def keep_features(training, model):
    """Pictures go through the frozen encoder once; later stages begin from its output."""
    for scenes in [*training.scenes.values(), *training.checked.values()]:
        if scenes.modality in OWN_TOKENIZER:
            continue
        path = scenes.folder / f'{scenes.modality}.features.npy'
        if not path.exists():
            start = time.time()
            rows = []
            with torch.no_grad():
                for first in range(0, scenes.n, 32):
                    rows.append(seen(model, scenes, np.arange(first, min(first + 32, scenes.n))).half().numpy())
            np.save(path, np.concatenate(rows))
            training.say(f'{scenes.modality}: features of {scenes.n} scenes in {time.time() - start:.0f} s')
        scenes.features = np.load(path, mmap_mode='r')


def seen(model, scenes, numbers):
    """Features of pictures. The three crops of a square film are the same picture."""
    if scenes.modality != 'video':
        return model.features(scenes.modality, scenes.inputs(numbers))
    rows = []
    for number in numbers:
        frames = scenes.inputs([number])[:, ::3] if is_square(scenes.rows[number]) else scenes.inputs([number])
        rows.append(model.features('video', frames))
    return torch.cat(rows)


def is_square(film):
    return np.array_equal(film[0], film[1]) and np.array_equal(film[0], film[2])


# ---- the decoder learns to read ----

def decoder_loss(model, rows, media=()):
    """Mean cross entropy of the targets of rows; media: (row, place, [32, dim]). Also the right ones per row."""
    ids, positions, targets, mask = text.pack_rows(rows)
    x = model.tok_embeddings(ids)
    if media:
        where = torch.tensor([[row, 1 + text.MEDIUM * place] for row, place, _ in media])
        index = where[:, 1:] + torch.arange(text.MEDIUM)
        x = x.index_put((where[:, :1].expand_as(index), index), torch.stack([m for _, _, m in media]))
    states = model.decode(x, positions, mask)
    is_target = targets != text.NO_TARGET
    scores = model.output(states[is_target])
    return F.cross_entropy(scores, targets[is_target]), scores, is_target, targets[is_target]


def learn_to_read(training, model):
    """Descriptions in words and questions about them: the language model before it has any senses."""
    def loss_of_step(step):
        rng = training.rng(2, step)
        rows = []
        for _ in range(6 if training.is_smoke else 48):
            modality = MODALITIES[rng.integers(len(MODALITIES))]
            facts = language.random_facts(modality, rng)
            asked = [[(question, answer)] for _, question, answer in language.questions(facts, rng, 5)]
            rows.append(text.lay_out_row(training.vocabulary, 0, asked, description=language.description(facts, rng),
                                         read_all=rng.random() < 0.3))
        return decoder_loss(model, rows)[0], {}

    parameters = [p for name, p in model.named_parameters() if name.startswith(DECODER)]
    learn(training, 'reading', model, parameters, training.steps(700), 2e-3, loss_of_step)


# ---- the projection learns to connect, and all of it to answer ----

def media_of(model, scenes, numbers, n_kept=None):
    """[n, 32, dim]: what the decoder gets of these scenes."""
    if scenes.features is not None:
        features = torch.from_numpy(scenes.features[numbers].astype(np.float32))
    else:
        features = model.features(scenes.modality, scenes.inputs(numbers), n_kept)
    return model.tagged(scenes.modality, model.embeddings(scenes.modality, features))


def conversations(asked, rng):
    """Every question begins its own conversation, but now and then two or three make one."""
    pairs = [(question, answer) for _, question, answer in asked]
    ret = []
    while pairs:
        n = 1 if rng.random() < 0.8 else int(rng.integers(2, 4))
        ret.append(pairs[:n])
        pairs = pairs[n:]
    return ret


def some_system(rng):
    return text.SYSTEM if rng.random() < 0.95 else ('', 'You are a helpful assistant.', 'Answer briefly.')[rng.integers(3)]


def learn_to_answer(training, model, name, stage):
    vocabulary = training.vocabulary

    def loss_of_step(step):
        rng = training.rng(3, list(STAGES).index(name), step)
        rows, media, facts = [], [], []
        for modality, n in stage['mix'].items():
            scenes = training.scenes[modality]
            numbers = np.sort(rng.integers(0, scenes.n, 1 if training.is_smoke else n))
            for number, medium in zip(numbers, media_of(model, scenes, numbers, N_KEPT.get(modality))):
                facts.append(scenes.facts[number])
                asked = language.questions(facts[-1], rng, N_ASKED)
                media.append((len(rows), 0, medium))
                rows.append(text.lay_out_row(vocabulary, 1, conversations(asked, rng), some_system(rng)))
        for _ in range(stage.get('pairs', 0)):
            a, b = rng.integers(0, len(facts), 2)
            if facts[a]['modality'] == 'image' and facts[b]['modality'] in ('depth', 'normal'):
                a, b = b, a  # a picture in front of a map would be its RGB plane, not a medium of its own
            media += [(len(rows), 0, media[a][2]), (len(rows), 1, media[b][2])]
            asked = language.questions_of_two(facts[a], facts[b], rng, N_ASKED)
            rows.append(text.lay_out_row(vocabulary, 2, conversations(asked, rng)))
        for _ in range(stage.get('none', 0)):
            asked = language.questions_of_none(rng, N_ASKED)
            rows.append(text.lay_out_row(vocabulary, 0, conversations(asked, rng), some_system(rng)))
        return decoder_loss(model, rows, media)[0], {}

    parameters = [p for key, p in model.named_parameters() if key.startswith(stage['learns'])]
    learn(training, name, model, parameters, training.steps(stage['steps']), stage['rate'], loss_of_step)


def check(training, model, title):
    """Share of answers that greedy decoding gives exactly, per modality, on scenes that no stage has seen."""
    results = {}
    with torch.no_grad():
        for modality, scenes in training.checked.items():
            rng = np.random.default_rng(SEED_OF_CHECK)
            counts = {}
            for first in range(0, scenes.n, 20):
                numbers = np.arange(first, min(first + 20, scenes.n))
                rows, media, kinds = [], [], []
                for number, medium in zip(numbers, media_of(model, scenes, numbers)):
                    facts = scenes.facts[number]
                    asked = language.questions(facts, rng, N_ASKED)
                    asked.append(('caption', f'Provide a one-sentence caption for the provided {modality}.',
                                  language.caption(facts)))
                    media.append((len(rows), 0, medium))
                    rows.append(text.lay_out_row(training.vocabulary, 1, [[(q, a)] for _, q, a in asked]))
                    kinds.append([kind for kind, _, _ in asked])
                _, scores, is_target, targets = decoder_loss(model, rows, media)
                right = torch.ones(is_target.shape, dtype=torch.bool)
                right[is_target] = scores.argmax(-1) == targets
                for row, (ids, segments, _, _) in enumerate(rows):
                    segments = np.array(segments)
                    for i, kind in enumerate(kinds[row], 1):
                        ok = bool(right[row, :len(segments)][torch.from_numpy(segments == i)].all())
                        total = counts.setdefault(kind, [0, 0])
                        total[0] += ok
                        total[1] += 1
            attribute = [counts[k] for k in language.ATTRIBUTES[modality] if k in counts]
            share = 100 * sum(a for a, _ in attribute) / max(1, sum(b for _, b in attribute))
            caption = 100 * counts['caption'][0] / counts['caption'][1]
            results[modality] = {'attributes': share, 'captions': caption,
                                 'kinds': {k: [a, b] for k, (a, b) in counts.items()}}
            training.say(f'  {title} {modality:7} attributes {share:5.1f} % captions {caption:5.1f} %  ' + ' '.join(
                f'{kind} {100 * a / b:.0f}' for kind, (a, b) in sorted(counts.items())))
    path = training.work / 'accuracy.json'
    known = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(dict(known, **{title: results}), indent=1))
    return results


def grow_experts(training, model, router='soft-sigmoid'):
    """K experts that begin as copies of the one that learned images."""
    grown = training.new_model(router=router)
    state = grown.state_dict()
    for name, value in model.state_dict().items():
        if name.startswith('resample_layers.0.'):
            for e in range(grown.sizes['num_experts']):
                state[name.replace('layers.0.', f'layers.{e}.', 1)] = value
        elif not name.startswith('routers.') or 'fc1' in name:
            state[name] = value
    grown.load_state_dict(state)
    return grown


def write_checkpoint(training, model, folder):
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(model.official_state(), folder / 'consolidated.00-of-01.pth')
    (folder / 'params.json').write_text(json.dumps(model.params()) + '\n')
    (folder / 'arch.json').write_text(json.dumps(model.sizes, indent=1) + '\n')
    (folder / 'tokenizer.model').write_bytes((training.work / 'tokenizer.model').read_bytes())
    training.say(f'checkpoint in {folder}')


def prepare(training):
    """Scenes and vocabulary."""
    counts = {m: 24 if training.is_smoke else n for m, n in SCENES.items()}
    data.make_all(training.work / 'scenes', counts, training.seed, training.say)
    data.make_all(training.work / 'checked', {m: 8 if training.is_smoke else N_CHECKED for m in MODALITIES},
                  SEED_OF_CHECK, training.say)
    for modality in MODALITIES:
        training.scenes[modality] = data.Scenes(training.work / 'scenes', modality)
        training.checked[modality] = data.Scenes(training.work / 'checked', modality)
    path = training.work / 'tokenizer.model'
    if not path.exists():
        text.train_vocabulary(language.corpus(4000 if training.is_smoke else 60000, training.rng(4)), N_PIECES, path)
    training.vocabulary = text.Vocabulary(path)


def learn_stage(training, model, name):
    """The model after a stage, which is taken from the folder when it was finished before."""
    if name == 'seeing':
        learn_to_see(training, model)
        keep_features(training, model)
    elif name == 'reading':
        learn_to_read(training, model)
    else:
        if name == 'sounds':
            model = grow_experts(training, model)
        learn_to_answer(training, model, name, STAGES[name])
        check(training, model, name)
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--work', type=Path, required=True)
    parser.add_argument('--output', type=Path)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--until', metavar='STAGE', help='stop when this is done: seeing, reading, ' + ', '.join(STAGES))
    parser.add_argument('--smoke', action='store_true', help='a few steps of everything, to see that it works')
    arguments = parser.parse_args()
    training = Training(arguments.work, arguments.seed, arguments.smoke)
    prepare(training)
    model = training.new_model(n_experts=1)
    for name in ('seeing', 'reading', *STAGES):
        model = learn_stage(training, model, name)
        if name == arguments.until:
            return
    write_checkpoint(training, model, arguments.output or arguments.work / 'checkpoint')


if __name__ == '__main__':
    libc = ctypes.CDLL(None)
    libc.mallopt(-1, 1 << 30)  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD: large tensors are kept, not given back to the
    libc.mallopt(-3, 1 << 30)  # system and mapped anew in every step, which is half of the time otherwise
    sys.exit(main())
