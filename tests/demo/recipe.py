#!/usr/bin/python3
"""The recipe of the demo model works: its generators compute the inputs that the daemon computes from their files, and a
training of a few steps ends in a checkpoint that converts and answers. Needs what config/demo/train/README.md lists.

    recipe.py ONELLM"""

import importlib
import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
TRAIN = ROOT / 'config' / 'demo' / 'train'
sys.path[:0] = [str(ROOT / 'tests' / 'golden'), str(TRAIN)]

from tool import Failed, Tap, encode, must_run  # noqa: E402

PICTURES = ('image', 'video', 'depth', 'normal')
# Largest mean difference, in the units of the input: files may be lossy (JPEG, MP3, H.264), numbers in text are rounded.
LIMITS = {'image': 0.12, 'video': 0.2, 'audio': 0.06, 'point': 1e-3, 'depth': 0.12, 'normal': 0.12, 'imu': 1e-3, 'fmri': 1e-3}
N_SCENES = 4


def check_inputs(tap, onellm, model, folder):
    """Scenes through the generators' own preprocessing, and through their files and the tool."""
    import data
    for modality, limit in LIMITS.items():
        world = importlib.import_module(f'world.{modality}')
        worst = 0
        for number in range(N_SCENES):
            scene = world.make(data.scene_rng(modality, 11, number))
            expected = world.tensor(scene)
            expected = data.normalise(expected).numpy() if modality in PICTURES else np.asarray(expected, np.float32)
            files = world.write(scene, str(folder), f'{modality}-{number}', np.random.default_rng(number))
            options = [word for part, path in files for word in ('--' + part, path)]
            found = encode(onellm, model, options, 'input', folder)
            if found.size != expected.size:
                worst = np.inf
                break
            worst = max(worst, float(np.abs(found.reshape(expected.shape) - expected).mean()))
        tap.check(worst <= limit, f'{modality}: the daemon sees what training sees', f'differs by {worst} > {limit}')


def check_training(tap, onellm, folder):
    """The whole recipe in small: interrupted once, taken up again, converted, asked."""
    work = folder / 'work'
    command = [sys.executable, TRAIN / 'train.py', '--work', work, '--smoke']
    first = subprocess.run([*command, '--until', 'seeing'], capture_output=True, text=True, timeout=600)
    tap.check(first.returncode == 0 and (work / 'encoder.pt').exists(), 'training stops where it is told to',
              first.stderr[-2000:])
    second = subprocess.run(command, capture_output=True, text=True, timeout=600)
    taken_up = 'scenes in' not in second.stdout and 'windows' not in second.stdout and 'reading' not in second.stdout
    tap.check(second.returncode == 0 and taken_up, 'training goes on where it was', second.stderr[-2000:] + second.stdout)
    checkpoint, model = work / 'checkpoint', folder / 'smoke.gguf'
    must_run(onellm, 'convert', '--checkpoint', checkpoint / 'consolidated.00-of-01.pth', '--params',
             checkpoint / 'params.json', '--arch', checkpoint / 'arch.json', '--tokenizer',
             checkpoint / 'tokenizer.model', '--type', 'f16', '--output', model)
    tap.check(model.stat().st_size < 8 << 20, f'the model is small: {model.stat().st_size} bytes')
    return model


def main():
    onellm, tap = sys.argv[1], Tap()
    for module in ('numpy', 'torch', 'scipy', 'PIL', 'sentencepiece'):
        if not importlib.util.find_spec(module):
            tap.skip('the recipe of the demo model works', f'no module {module}: deploy/install-packages recipe')
            return tap.finish()
    with tempfile.TemporaryDirectory() as folder:
        try:
            model = check_training(tap, onellm, Path(folder))
            check_inputs(tap, onellm, model, Path(folder))
        except Failed as failure:
            tap.check(False, 'every program does what it is asked', failure)
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())
