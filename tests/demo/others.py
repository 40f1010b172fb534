#!/usr/bin/python3
"""Other people's files: pictures, films, sounds, clouds and measurements that were made by other programs with other
habits than the generators that the demo model learned from, with questions in other words. Nothing is shared with
those.

    others.py FOLDER        makes the files and prints the questions

The programs behind them are ImageMagick, ffmpeg, sox, espeak-ng and awk."""

import shutil
import sys
from pathlib import Path

import brains
import clouds
import depths
import films
import motions
import normals
import pictures
import sounds
import together
from case import spoken

MODALITIES = {'image': pictures, 'video': films, 'audio': sounds, 'point': clouds, 'depth': depths, 'normal': normals,
              'imu': motions, 'fmri': brains}
GROUPS = [*MODALITIES, 'two media', 'same question']
PROGRAMS = [pictures.PROGRAM, 'ffmpeg', 'sox', 'espeak-ng', 'awk']


def missing_programs():
    return [program for program in PROGRAMS if not shutil.which(program)]


def make(folder):
    """Makes every file below the folder; returns the cases."""
    cases = []
    for modality, module in MODALITIES.items():
        below = Path(folder) / modality
        below.mkdir(parents=True, exist_ok=True)
        cases += module.make(below)
    return cases + together.make(cases)


def main():
    for case in make(sys.argv[1]):
        print(f"{case.group}: {', '.join(str(path) for _, path in case.files)}")
        for question, expected in case.asks:
            print(f'    {spoken(question)}   {expected}')


if __name__ == '__main__':
    main()
