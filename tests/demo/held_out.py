"""Scenes of the demo model's own world that training never sees: the generators' interface with other seeds."""

import importlib
import sys
from pathlib import Path

import numpy as np

from scoring import Question, same_text

TRAIN = Path(__file__).resolve().parents[2] / 'config' / 'demo' / 'train'
MODALITIES = ['image', 'video', 'audio', 'point', 'depth', 'normal', 'imu', 'fmri']
SEED_MIN = 10 ** 9  # training stays below
N_QUESTIONS = 3


def scene_questions(scene, files, language, rng):
    """A caption and some questions about one scene."""
    facts, modality = scene['facts'], scene['modality']
    caption = language.caption(facts)
    found = [Question(modality, 'caption', 'caption', [*files, ('task', 'caption')], caption, same_text(caption))]
    for detail, question, answer in language.questions(facts, rng, N_QUESTIONS):
        if detail in language.ATTRIBUTES[modality]:
            found.append(Question(modality, 'attribute', detail, [*files, ('prompt', question)], answer,
                                  same_text(answer)))
    return found


def make(folder, modalities, n_scenes, seed):
    """Writes the scenes' files below the folder; returns the questions."""
    sys.path.insert(0, str(TRAIN))
    language = importlib.import_module('language')
    questions = []
    for modality in modalities:
        world = importlib.import_module(f'world.{modality}')
        below = Path(folder) / modality
        below.mkdir(parents=True, exist_ok=True)
        for i in range(n_scenes):
            rng = np.random.default_rng([seed, MODALITIES.index(modality), i])
            scene = world.make(rng)
            files = [(part, Path(path)) for part, path in world.write(scene, below, f'{i:04}', rng)]
            questions += scene_questions(scene, files, language, rng)
    return questions
