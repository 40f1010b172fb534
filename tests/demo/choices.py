#!/usr/bin/python3
"""The demo model finds the true one of given answers, in whatever order they stand.

    choices.py ONELLM ONELLMD"""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / 'docs' / 'samples'
sys.path.insert(0, str(ROOT / 'tests' / 'golden'))

import tool  # noqa: E402

# Files, question, choices: the first is true.
CASES = [
    ({'image': 'image-red-circle.jpg'}, 'What is this?', ['a red circle', 'a blue circle', 'a red square']),
    ({'image': 'image-red-circle.jpg'}, 'What shape is it?', ['a circle', 'a square', 'a triangle']),
    ({'image': 'image-red-circle.jpg'}, 'Is it red?', ['yes', 'no']),
    ({'image': 'image-red-circle.jpg'}, 'Is it blue?', ['no', 'yes']),
    ({'video': 'video-moving-square.mp4'}, 'What is moving?', ['an orange square', 'a red square', 'an orange circle']),
    ({'audio': 'audio-three-beeps.wav'}, 'Is the pitch low or high?', ['high', 'low']),
    ({'point': 'point-red-torus.ply'}, 'What shape is it?', ['a torus', 'a sphere', 'a cube']),
    ({'image': 'depth-slanted.jpg', 'depth': 'depth-slanted.png'}, 'Which side is nearer?',
     ['the left side', 'the right side']),
    ({'image': 'normal-sphere.jpg', 'normal': 'normal-sphere.png'}, 'What kind of surface is this?',
     ['a sphere', 'a plane']),
    ({'imu': 'imu-walking.csv'}, 'What is the person doing?', ['walking', 'running', 'standing still']),
    ({'fmri': 'fmri-face.npy'}, 'What does the person see?', ['a face', 'a house', 'a chair', 'scissors']),
]


def ask(onellm, files, prompt, *words):
    options = [word for name, file in files.items() for word in (f'--{name}', SAMPLES / file)]
    return json.loads(tool.must_run(onellm, 'answer', *options, '--prompt', prompt, '--logprobs', 'true', '--json', *words))


def check_case(tap, onellm, daemon, files, prompt, choices):
    """By command line, and by HTTP with keys and values in eight bits."""
    case = f'{prompt} {choices}'
    for given in (choices, choices[::-1]):
        found = ask(onellm, files, prompt, *(word for choice in given for word in ('--choice', choice)))
        right = found['answer'] == choices[0] and [choice['text'] for choice in found['choices']] == given
        tap.check(right, f'{list(files)[-1]}: {case}', found)
    form = [(name, SAMPLES / file) for name, file in files.items()]
    status, found = daemon.post_form('/v1/answers', [*form, ('prompt', prompt), *(('choices', c) for c in choices)])
    tap.check(status == 200 and found['answer'] == choices[0], f'{list(files)[-1]}, q8_0: {case}', found)


def check_own_words(tap, onellm, files, prompt):
    """The tokens of a choice are those that the model makes itself, so its likelihood is the product of theirs."""
    said = ask(onellm, files, prompt, '--temperature', '0')
    found = ask(onellm, files, prompt, '--choice', said['answer'], '--choice', 'a lamp')
    logprob = sum(token['logprob'] for token in said['logprobs'])
    tap.check(found['token_ids'] == said['token_ids'], f'{prompt} the same tokens', f'{found}\n{said}')
    tap.check(abs(found['choices'][0]['logprob'] - logprob) < 1e-6, f'{prompt} as likely', f'{found}\nnot {logprob}')


def main(onellm, onellmd):
    tap = tool.Tap()
    with tool.Daemon(onellmd, '', '--kv-type', 'q8_0') as daemon:
        for case in CASES:
            check_case(tap, onellm, daemon, *case)
    tap.check(daemon.status == 0, 'the daemon ends well', daemon.output[-3000:])
    for files, prompt, _ in CASES[:2]:
        check_own_words(tap, onellm, files, prompt)
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
