#!/usr/bin/python3
"""Compares what the paper's ablation compares (table 6 of the CVPR 2024 paper), at the size of the demo model:

    ablations.py --work DIR [--steps N] [--seed N]

DIR is one in which train.py has passed its images stage. From there, with the decoder frozen, each variant connects all
eight modalities with the same number of scenes of each, and is judged by scenes that nothing has seen. Variants that are
finished stay in DIR/ablations; the table is printed as Markdown."""

import argparse
import sys
from pathlib import Path

import numpy as np

import train
from answering import PROJECTION, check, learn_to_answer
from network import MODALITIES

N_SCENES = 8  # of each modality in a worker's step
# name: (experts, router, one model for all modalities?)
VARIANTS = {
    'soft router (sigmoid), joint': (3, 'soft-sigmoid', True),
    'soft router (sigmoid), separate': (3, 'soft-sigmoid', False),
    'soft router (softmax), joint': (3, 'soft-softmax', True),
    'sparse router, joint': (3, 'sparse', True),
    'constant router, joint': (3, 'constant', True),
    'one expert, joint': (1, 'soft-sigmoid', True),
}


def learn_variant(training, images, name, n_steps):
    """{modality: accuracy} of a variant."""
    n_experts, router, is_joint = VARIANTS[name]
    results = {}
    for modalities in [MODALITIES] if is_joint else [(m,) for m in MODALITIES]:
        title = '-'.join((name if is_joint else f'{name} {modalities[0]}').replace(',', '').split())
        model = train.grow_experts(training, images, router, n_experts)
        stage = {'steps': n_steps, 'mix': dict.fromkeys(modalities, N_SCENES), 'kept': train.STAGES['senses']['kept'],
                 'asked': 0.2, 'record': 1, 'learns': PROJECTION, 'rate': 6e-3}
        learn_to_answer(training, model, title, stage)
        results.update(check(training, model, title, modalities))
    return results


def compare(training, arguments):
    images = train.learn_until(training, 'images')
    training.work = arguments.work / 'ablations'
    training.work.mkdir(exist_ok=True)
    rows = {name: learn_variant(training, images, name, arguments.steps) for name in VARIANTS}
    if training.worker > 0:
        return
    print('| variant | ' + ' | '.join(MODALITIES) + ' | mean |')
    print('|---' * (len(MODALITIES) + 2) + '|')
    for name, results in rows.items():
        shares = [results[m]['attributes'] for m in MODALITIES]
        print(f'| {name} | ' + ' | '.join(f'{share:.1f}' for share in [*shares, np.mean(shares)]) + ' |')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--work', type=Path, required=True)
    parser.add_argument('--steps', type=int, default=250)
    parser.add_argument('--seed', type=int, default=1)
    parser.set_defaults(smoke=False)
    train.run_workers(parser.parse_args(), compare)


if __name__ == '__main__':
    sys.exit(main())
