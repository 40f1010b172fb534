#!/usr/bin/python3
"""Trains the demo model from nothing, as the paper trains OneLLM; README.md in this folder tells the story.

    train.py --work DIR [--output DIR] [--seed N] [--until STAGE] [--smoke]

DIR keeps scenes and finished stages: run again after an interruption, it goes on where it was. The result is an official
checkpoint in OUTPUT (default DIR/checkpoint): consolidated.00-of-01.pth, params.json, arch.json, tokenizer.model."""

import argparse
import ctypes
import json
import os
import sys
from pathlib import Path

# Threads that wait sleep: spinning ones make a step ten times slower as soon as another program wants a core. Read when
# the libraries are loaded.
os.environ.setdefault('OMP_WAIT_POLICY', 'passive')
os.environ.setdefault('OPENBLAS_THREAD_TIMEOUT', '4')

import torch

import data
import language
import text
from answering import DECODER, PROJECTION, SEED_OF_CHECK, check, learn_to_answer, learn_to_read
from learning import Training
from network import MODALITIES
from seeing import keep_features, learn_to_see

N_PIECES = 1024
SCENES = {'image': 30000, 'video': 4000, 'audio': 10000, 'point': 6000, 'depth': 5000, 'normal': 5000, 'imu': 8000,
          'fmri': 8000}
N_CHECKED = 200  # scenes per modality by which stages are judged

# What a step of each stage is made of: scenes per modality; rows with two media and with none; which parts learn.
STAGES = {
    'images': {'steps': 500, 'mix': {'image': 32}, 'learns': PROJECTION, 'rate': 6e-3},
    'sounds': {'steps': 600, 'mix': {'image': 8, 'video': 8, 'audio': 12, 'point': 12}, 'learns': PROJECTION,
               'rate': 6e-3},
    'senses': {'steps': 600, 'mix': {'image': 6, 'video': 5, 'audio': 7, 'point': 7, 'depth': 6, 'normal': 6, 'imu': 8,
                                     'fmri': 6}, 'learns': PROJECTION, 'rate': 6e-3},
    'questions': {'steps': 1000, 'mix': {'image': 7, 'video': 6, 'audio': 8, 'point': 7, 'depth': 5, 'normal': 5,
                                         'imu': 6, 'fmri': 4}, 'pairs': 8, 'none': 2, 'learns': PROJECTION + DECODER,
                  'rate': 4e-3},
}


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
        check(training, model, name, STAGES[name]['mix'])
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
