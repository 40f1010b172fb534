#!/usr/bin/python3
"""The demo model answers about the sample files as their README says, and every command of the README does what stands
behind it.

    samples.py ONELLM ONELLMD"""

import json
import re
import shlex
import sys
from collections import namedtuple
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / 'docs' / 'samples'
sys.path.insert(0, str(ROOT / 'tests' / 'golden'))

import tool  # noqa: E402
from expected import (  # noqa: E402
    colour, in_order, layout, matches, motion, movement, place, shape, sight, solid, sound, surface, thing)
from scoring import same_text  # noqa: E402

MODEL = ROOT / 'config' / 'demo' / 'demo.gguf'
MODEL_BYTES_MAX = 8 << 20
SAMPLES_BYTES_MAX = 2 << 20

# files    of one question: the sample itself, then the picture that belongs to it
# n_kb     of all files together, as documented
Sample = namedtuple('Sample', 'files question truth n_kb')

# The first sample of each modality: what it must be called when all are asked the same.
SAME_QUESTION = 'What is this?'
SAME_EXPECTED = {
    'image-red-circle.jpg': thing('red', 'circle'),
    'video-moving-square.mp4': thing('orange', 'square') + movement('sideways'),
    'audio-rising-tone.flac': sound('rising'),
    'point-red-torus.ply': solid('torus') + colour('red'),
    'depth-slanted.png': layout('slanted') + place('left'),
    'normal-sphere.png': surface('sphere'),
    'imu-walking.csv': motion('walking'),
    'fmri-face.npy': sight('face'),
}

# Two samples in one question, and what is said of the first and then of the second.
PAIRS = [
    ('image-red-circle.jpg', 'audio-rising-tone.flac', 'Describe both.', in_order('red circle', 'rising tone')),
    ('audio-rising-tone.flac', 'image-red-circle.jpg', 'Describe both.', in_order('rising tone', 'red circle')),
    ('image-three-stars.png', 'point-red-torus.ply', 'What are these two?', in_order('blue stars', 'red torus')),
    ('imu-walking.csv', 'fmri-house.csv', 'Describe the two recordings.', in_order('walking', 'house')),
    ('image-red-circle.jpg', 'image-three-stars.png', 'What shape is in the first picture?', shape('circle')),
]


def page(name):
    return (ROOT / name).read_text(encoding='utf-8')


def read_samples():
    """The rows of the table in the samples' README."""
    found = []
    for line in page('docs/samples/README.md').splitlines():
        cells = [cell.strip() for cell in line.strip('|').split('|')]
        files = re.findall(r'\]\(([^)]+)\)', cells[0])
        if files:
            found.append(Sample(files, cells[2], cells[3], sum(map(int, re.findall(r'\d+', cells[4])))))
    return found


def options(sample):
    """The sample as the command line takes it: a picture stands before the map that belongs to it."""
    name, *pictures = sample.files
    parts = [*(('image', picture) for picture in pictures), (name.split('-')[0], name)]
    return [word for part, file in parts for word in (f'--{part}', SAMPLES / file)]


def ask(onellm, files, question):
    output = tool.must_run(onellm, 'answer', *files, '--prompt', question, '--temperature', 0, '--json')
    return json.loads(output)['answer']


def check_sizes(tap, samples):
    files = [SAMPLES / name for sample in samples for name in sample.files]
    for sample in samples:
        size = sum((SAMPLES / name).stat().st_size for name in sample.files)
        rounding = 500 * len(sample.files)
        tap.check(size <= 1000 * sample.n_kb + rounding, f'{sample.files[0]}: {size} bytes, {sample.n_kb} KB')
    total = sum(file.stat().st_size for file in files)
    tap.check(total <= SAMPLES_BYTES_MAX, f'all samples: {total} bytes of {SAMPLES_BYTES_MAX}')
    others = {file.name for file in SAMPLES.iterdir()} - {file.name for file in files} - {'README.md', 'make.py'}
    tap.check(not others, 'there are no other samples', others)
    size = MODEL.stat().st_size
    tap.check(size <= MODEL_BYTES_MAX, f'{MODEL.name}: {size} bytes of {MODEL_BYTES_MAX}')


def check_answers(tap, onellm, samples):
    files = {sample.files[0]: options(sample) for sample in samples}
    for sample in samples:
        answer = ask(onellm, files[sample.files[0]], sample.question)
        tap.check(same_text(sample.truth)(answer), f'{sample.files[0]}: {sample.question} {sample.truth}', answer)
    for name, expected in SAME_EXPECTED.items():
        answer = ask(onellm, files[name], SAME_QUESTION)
        tap.check(matches(expected, answer), f'{name}: {SAME_QUESTION} {expected}', answer)
    for first, second, question, expected in PAIRS:
        answer = ask(onellm, files[first] + files[second], question)
        tap.check(matches(expected, answer), f'{first} + {second}: {question} {expected}', answer)


# ---- what the documentation tells people to type ----

def read_commands():
    """[(line, words, true answer)] of README.md."""
    found = []
    for line in page('README.md').splitlines():
        match = re.fullmatch(r'    ((?:curl|build/core/cli/onellm answer) .*\S) +# (.*)', line)
        if match:
            found.append((match[1], shlex.split(match[1]), match[2]))
    return found


def run_command(words, onellm, url):
    """What the command answers here."""
    if words[0] != 'curl':
        return tool.must_run(onellm, *words[1:], cwd=ROOT)
    words = [word.replace('localhost:8080', url) for word in words]
    output = tool.must_run(*words, '--silent', '--show-error', '--fail-with-body', cwd=ROOT)
    return json.loads(output)['answer']


def check_commands(tap, onellm, onellmd, samples):
    for name in ('README.md', 'docs/HTTP_API.md'):
        dead = [path for path in re.findall(r'docs/samples/[\w.-]+', page(name)) if not (ROOT / path).is_file()]
        tap.check(not dead, f'the samples that {name} names exist', dead)
    commands = read_commands()
    for program in ('curl', 'build/core/cli/onellm'):
        asked = ' '.join(line for line, words, _ in commands if words[0] == program)
        missing = [file for sample in samples for file in sample.files if f'docs/samples/{file}' not in asked]
        tap.check(not missing, f'README.md asks about every sample with {program}', missing)
    with tool.Daemon(onellmd, '') as daemon:
        for line, words, truth in commands:
            answer = run_command(words, onellm, f'127.0.0.1:{daemon.port}')
            tap.check(same_text(truth)(answer), f'{line}  {truth}', answer)
    tap.check(daemon.status == 0, 'the daemon ends well', daemon.output[-3000:])


def check_small_cache(tap, onellmd, samples):
    """Keys and values in eight bits are good enough."""
    files = {sample.files[0]: options(sample) for sample in samples}
    with tool.Daemon(onellmd, '', '--kv-type', 'q8_0') as daemon:
        for name, expected in SAME_EXPECTED.items():
            forms = [f'{part[2:]}=@{file}' for part, file in zip(files[name][::2], files[name][1::2])]
            words = ['curl', 'localhost:8080/v1/answers', *(w for form in forms for w in ('-F', form)), '-F',
                     f'prompt={SAME_QUESTION}']
            answer = run_command(words, None, f'127.0.0.1:{daemon.port}')
            tap.check(matches(expected, answer), f'{name}, --kv-type q8_0: {SAME_QUESTION} {expected}', answer)


def main():
    onellm, onellmd = (Path(program).resolve() for program in sys.argv[1:])
    tap = tool.Tap()
    samples = read_samples()
    tap.check(len(samples) == 16, f'{len(samples)} samples')
    check_sizes(tap, samples)
    try:
        check_answers(tap, onellm, samples)
        check_commands(tap, onellm, onellmd, samples)
        check_small_cache(tap, onellmd, samples)
    except tool.Failed as failure:
        tap.check(False, 'every program does what it is asked', failure)
    return tap.finish()


if __name__ == '__main__':
    sys.exit(main())
