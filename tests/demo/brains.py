"""Brain responses by the documented formula: 512 voxels in 16 regions of 32; category k = 0..7 drives region r up or
down, by the parity of the bits that k + 1 and r share; a gain, a baseline and noise, which repeats average out.

Files as other laboratories store them: NPY in three precisions, a row per repeat, CSV in rows or in a column, NIfTI."""

import io
import random
import struct

import numpy as np

from case import CAPTION, Case
from expected import CANNOT_TELL, EMPTY, NO, YES, pattern, sight

CATEGORIES = ['face', 'house', 'cat', 'bottle', 'chair', 'shoe', 'scissors', 'scrambled']


def response(category, gain, noise, repeats, seed, baseline=0.0):
    """repeats x 512 numbers; no category: noise alone."""
    draw = random.Random(seed)
    code = 0 if category is None else CATEGORIES.index(category) + 1
    regions = [(-1.0 if bin(code & region).count('1') % 2 else 1.0) * (category is not None) for region in range(16)]
    return [[gain * regions[voxel // 32] + draw.gauss(0, noise) + baseline for voxel in range(512)]
            for _ in range(repeats)]


def npy(values, kind):
    file = io.BytesIO()
    np.save(file, np.array(values, kind))
    return file.getvalue()


def csv_rows(values):
    return ''.join(','.join(f'{value:.4f}' for value in row) + '\n' for row in values).encode()


def csv_column(values):
    return ''.join(['response\n'] + [f'{value:.5f}\n' for value in values[0]]).encode()


def nifti(values):
    """One volume of 512 x 1 x 1 voxels in a single file."""
    header = bytearray(352)
    struct.pack_into('<i', header, 0, 348)
    struct.pack_into('<8h', header, 40, 3, 512, 1, 1, 1, 1, 1, 1)
    struct.pack_into('<2h', header, 70, 16, 32)
    struct.pack_into('<8f', header, 76, 1, 3, 3, 3, 0, 0, 0, 0)
    struct.pack_into('<3f', header, 108, 352, 1, 0)
    header[344:348] = b'n+1\0'
    return bytes(header) + struct.pack('<512f', *values[0])


# name: (content, questions)
SCANS = {
    'subject1.npy': (npy(response('face', 1.0, 0.5, 4, 1), 'f4'),
                     [('What does the person see?', sight('face')), ('Is it a house?', NO)]),
    'subject2.csv': (csv_rows(response('face', 0.7, 0.6, 6, 2)), [(CAPTION, sight('face')), ('Is it a face?', YES)]),
    'hillside.npy': (npy(response('house', 1.5, 1.0, 3, 3), 'f8'),
                     [('What was the person looking at?', sight('house')), ('Is it a cat?', NO)]),
    'street.csv': (csv_column(response('house', 1.1, 0.4, 1, 4, 0.3)),
                   [('What is being looked at?', sight('house')), ('Is this a house?', YES)]),
    'pet.npy': (npy(response('cat', 0.6, 0.3, 2, 5), 'f2'),
                [('What is this person seeing?', sight('cat')), ('Does the person see a cat?', YES)]),
    'animal.nii': (nifti(response('cat', 1.8, 0.9, 1, 6)),
                   [('What did the person see?', sight('cat')), ('Was it a cat?', YES)]),
    'drink.npy': (npy(response('bottle', 1.2, 1.2, 8, 7), 'f4'),
                  [('Which object does the person see?', sight('bottle')), ('Is it a shoe?', NO)]),
    'shelf.csv': (csv_rows(response('bottle', 2.0, 1.5, 2, 8)),
                  [('What is seen?', sight('bottle')), ('Is a chair seen?', NO)]),
    'furniture.npy': (npy(response('chair', 0.9, 0.5, 1, 9)[0], 'f4'),
                      [(CAPTION, sight('chair')), ('Does this person see a bottle?', NO)]),
    'seat.nii': (nifti(response('chair', 1.3, 0.5, 1, 10, -0.2)),
                 [('What is the person looking at?', sight('chair')), ('Is it a chair?', YES)]),
    'foot.npy': (npy(response('shoe', 1.6, 0.8, 5, 11), 'f8'),
                 [('Tell me what the person sees.', sight('shoe')), ('Does the person see scissors?', NO)]),
    'laces.csv': (csv_rows(response('shoe', 0.5, 0.5, 8, 12, 0.2)),
                  [('What did this brain see?', sight('shoe')), ('Is the person looking at a shoe?', YES)]),
    'paper.npy': (npy(response('scissors', 1.0, 0.9, 4, 13), 'f4'),
                  [('What object is the person looking at?', sight('scissors')), ('Is it a face?', NO)]),
    'tool.csv': (csv_column(response('scissors', 1.4, 0.7, 1, 14)),
                 [('What is it that is seen?', sight('scissors')), ('Does the person see scissors?', YES)]),
    'phase.npy': (npy(response('scrambled', 1.1, 0.6, 3, 15), 'f4'),
                  [('What kind of picture does the person see?', sight('scrambled')),
                   ('Does the person see a house?', NO)]),
    'texture.nii': (nifti(response('scrambled', 1.7, 0.7, 1, 16)),
                    [('What does this person look at?', sight('scrambled')), ('Is it a bottle?', NO)]),
    'asleep.npy': (npy(response(None, 1.0, 0.8, 2, 17), 'f4'),
                   [('What does the person see?', pattern(rf'{EMPTY.must[0]}|noise|{CANNOT_TELL.must[0]}')),
                    ('Is it a cat?', NO)]),
}


def make(folder):
    found = []
    for name, (content, asks) in SCANS.items():
        path = folder / name
        path.write_bytes(content)
        found.append(Case('fmri', name, [('fmri', path)], asks))
    return found
