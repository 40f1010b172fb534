"""Depth and normal maps that ImageMagick draws, some with a photo that belongs to them."""

import shlex

from case import Case, run

PROGRAM = '/usr/bin/convert'


def draw_cases(modality, maps, photos, folder):
    """A case for each of maps: name -> (size, arguments, name of a photo or None, asks); photos: name -> arguments."""
    found = []
    for name, (size, arguments, photo, asks) in maps.items():
        path = folder / f'{modality}_{name}'
        run(PROGRAM, '-size', size, *shlex.split(arguments), path)
        files = [(modality, path)]
        if photo:
            files.insert(0, ('image', folder / f'{path.stem}_{photo}'))
            run(PROGRAM, '-size', size, *shlex.split(photos[photo]), files[0][1])
        found.append(Case(modality, name, files, asks))
    return found
