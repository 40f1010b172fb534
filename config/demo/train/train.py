#!/usr/bin/python3
"""Trains the demo model from nothing, as the paper trains OneLLM; README.md in this folder tells the story.

    train.py --work DIR [--output DIR] [--seed N] [--until STAGE] [--smoke]

DIR keeps scenes and finished stages: run again after an interruption, it goes on where it was. The result is an official
checkpoint in OUTPUT (default DIR/checkpoint): consolidated.00-of-01.pth, params.json, arch.json, tokenizer.model."""

import argparse
import ctypes
import datetime
import json
import os
import signal
import sys
import tempfile
from pathlib import Path

for name in ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS'):
    os.environ[name] = '1'  # each of the workers has one core; read when the libraries are loaded

import torch
from torch import distributed, multiprocessing

import data
import language
import text
from answering import DECODER, PROJECTION, SEED_OF_CHECK, check, learn_to_answer, learn_to_read
from learning import Training
from network import MODALITIES
from seeing import keep_features, learn_to_see

N_PIECES = 1024
SCENES = {'image': 42000, 'video': 9000, 'audio': 10000, 'point': 9000, 'depth': 5000, 'normal': 5000, 'imu': 30000,
          'fmri': 8000}
N_BEEPS = 5000  # besides: to count takes more examples than anything else
N_CHECKED = 200  # scenes per modality by which stages are judged

N_WORKERS = 2  # on any number of cores, so that the result is the same

# What a worker does in a step of each stage: scenes per modality, how many of their tokens take part, and the share that is
# asked about; how many of the questions compare, at first; rows with records instead of media, with two media, with none; the
# weight of the records; which parts learn.
STAGES = {
    'images': {'steps': 500, 'mix': {'image': 40}, 'kept': {'image': 112}, 'asked': 0.2, 'record': 1, 'learns': PROJECTION,
               'rate': 6e-3},
    'sounds': {'steps': 430, 'mix': {'image': 14, 'video': 30, 'audio': 24, 'point': 32},
               'kept': {'image': 112, 'video': 112, 'audio': 160, 'point': 64}, 'asked': 0.04, 'record': 1,
               'learns': PROJECTION, 'rate': 6e-3},
    'senses': {'steps': 700, 'mix': {'image': 8, 'video': 26, 'audio': 22, 'point': 30, 'depth': 6, 'normal': 4, 'imu': 20,
                                      'fmri': 3},
               'kept': {'image': 112, 'video': 112, 'audio': 160, 'point': 64, 'depth': 64, 'normal': 64, 'imu': 64},
               'asked': 0.04, 'record': 1, 'learns': PROJECTION, 'rate': 6e-3},
    'questions': {'steps': 1040, 'mix': {'image': 19, 'video': 20, 'audio': 13, 'point': 13, 'depth': 5, 'normal': 2, 'imu': 8,
                                         'fmri': 2},
                  'kept': {'image': 112, 'video': 112, 'audio': 160, 'point': 64, 'depth': 64, 'normal': 64, 'imu': 96},
                  'asked': 0.25, 'comparing': 0.5, 'record': 0.5, 'read': 4, 'pairs': 3, 'none': 1,
                  'learns': PROJECTION + DECODER, 'rate': 3e-3},
    'answers': {'steps': 400, 'mix': {'image': 17, 'video': 15, 'audio': 9, 'point': 8, 'depth': 3, 'normal': 1, 'imu': 7,
                                      'fmri': 2},
                'kept': {'image': 160, 'video': 144, 'audio': 256, 'point': 192, 'depth': 128, 'normal': 128, 'imu': 192},
                'asked': 0.45, 'comparing': 0.4, 'record': 0.5, 'read': 4, 'pairs': 4, 'none': 1,
                'learns': PROJECTION + DECODER, 'rate': 2e-3},
}
AVERAGED = ('questions', 'answers')
NAMES = ('reading', 'seeing', *STAGES)  # of all stages, in their order


def grow_experts(training, model, router='soft-sigmoid', n_experts=None):
    """K experts that begin as copies of the one that learned images; the other tokenizers begin as its own, too."""
    grown = training.new_model(n_experts, router)
    state = grown.state_dict()
    for name, value in model.state_dict().items():
        if name.startswith('resample_layers.0.'):
            for e in range(grown.sizes['num_experts']):
                state[name.replace('layers.0.', f'layers.{e}.', 1)] = value
        elif not name.startswith('routers.') or 'fc1' in name:
            state[name] = value
    grown.load_state_dict(state)
    grown.begin_senses()
    return grown


def average(training, model):
    """The mean of what the last stages ended in is right more often than each of them (Wortsman et al. 2022)."""
    states = [torch.load(training.work / f'{name}.pt') for name in AVERAGED]
    model.load_state_dict({key: sum(state[key] for state in states) / len(states) for key in states[0]})


def write_checkpoint(training, model, folder):
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(model.official_state(), folder / 'consolidated.00-of-01.pth')
    (folder / 'params.json').write_text(json.dumps(model.params()) + '\n')
    (folder / 'arch.json').write_text(json.dumps(model.sizes, indent=1) + '\n')
    (folder / 'tokenizer.model').write_bytes((training.work / 'tokenizer.model').read_bytes())
    training.say(f'checkpoint in {folder}')


def prepare(training):
    """Makes scenes and vocabulary unless they are there."""
    parts = {m: [(24 if training.is_smoke else n, {})] for m, n in SCENES.items()}
    parts['audio'].append((8 if training.is_smoke else N_BEEPS, {'sound': 'beeps'}))
    data.make_all(training.work / 'scenes', parts, training.seed, training.say)
    data.make_all(training.work / 'checked', {m: [(8 if training.is_smoke else N_CHECKED, {})] for m in MODALITIES},
                  SEED_OF_CHECK, training.say)
    path = training.work / 'tokenizer.model'
    if not path.exists():
        text.train_vocabulary(language.corpus(4000 if training.is_smoke else 60000, training.rng(4)), N_PIECES, path)


def open_world(training):
    """What prepare() made."""
    for modality in MODALITIES:
        training.scenes[modality] = data.Scenes(training.work / 'scenes', modality)
        training.checked[modality] = data.Scenes(training.work / 'checked', modality)
    training.vocabulary = text.Vocabulary(training.work / 'tokenizer.model')


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
        if learn_to_answer(training, model, name, STAGES[name]):
            check(training, model, name, STAGES[name]['mix'])
    return model


def learn_until(training, last=None):
    """The model after a stage, or after all of them."""
    model = training.new_model(n_experts=1)
    for name in NAMES:
        model = learn_stage(training, model, name)
        if name == last:
            break
    return model


def run_worker(number, address, arguments, job):
    libc = ctypes.CDLL(None)
    libc.prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG: workers do not outlive who started them
    libc.mallopt(-1, 1 << 30)  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD: large tensors are kept, not given back to the
    libc.mallopt(-3, 1 << 30)  # system and mapped anew in every step, which is half of the time otherwise
    distributed.init_process_group('gloo', init_method=address, rank=number, world_size=N_WORKERS,
                                   timeout=datetime.timedelta(days=7))  # a machine may sleep, and go on
    training = Training(arguments.work, arguments.seed, arguments.smoke, number)
    open_world(training)
    job(training, arguments)
    distributed.barrier()  # nobody hangs up while another still listens
    distributed.destroy_process_group()


def run_workers(arguments, job):
    """Runs job(training, arguments) in every worker."""
    prepare(Training(arguments.work, arguments.seed, arguments.smoke))
    with tempfile.TemporaryDirectory() as folder:
        multiprocessing.spawn(run_worker, (f'file://{folder}/workers', arguments, job), N_WORKERS)


def train(training, arguments):
    model = learn_until(training, arguments.until)
    if not arguments.until and training.worker == 0:
        average(training, model)
        write_checkpoint(training, model, arguments.output or arguments.work / 'checkpoint')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--work', type=Path, required=True)
    parser.add_argument('--output', type=Path)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--until', metavar='STAGE', choices=NAMES, help='stop when this is done: ' + ', '.join(NAMES))
    parser.add_argument('--smoke', action='store_true', help='a few steps of everything, to see that it works')
    run_workers(parser.parse_args(), train)


if __name__ == '__main__':
    sys.exit(main())
