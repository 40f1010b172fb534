"""What is asked across modalities, with the files of the other modules: two media in one request, and the same question
about one thing after another."""

import depths
from case import Case
from expected import (CANNOT_TELL, EMPTY, NO, YES, colour, count, facing, in_order, motion, movement, pitch,
                      place, shape, sight, solid, sound, surface, thing)

# ((modality, name), (modality, name), [(question, expected)])
PAIRS = [
    (('image', 'ball.png'), ('audio', 'siren.wav'),
     [('What do you see and what do you hear?', in_order('a red circle', 'ris')),
      ('Describe both.', in_order('a red circle', 'ris')), ('What colour is the shape?', colour('red'))]),
    (('image', 'christmas.png'), ('audio', 'microwave.wav'),
     [('What is in the picture and in the sound?', in_order('a yellow star', 'three', 'beep')),
      ('How many beeps are there?', count('three'))]),
    (('audio', 'rain.wav'), ('image', 'tile.jpg'),
     [('Describe the two files.', in_order('noise', 'a blue square')),
      ('Which shape is in the picture?', shape('square'))]),
    (('audio', 'hum.wav'), ('audio', 'english.wav'),
     [('What do you hear, one after the other?', in_order('a low tone', 'speak|speech')),
      ('Is somebody speaking?', YES)]),
    (('image', 'signals.png'), ('point', 'can.ply'),
     [('Describe both of them.', in_order('a red circle', 'a gr[ea]y cylinder')), ('Is there a cylinder?', YES)]),
    (('image', 'pharmacy.bmp'), ('point', 'globe.ply'),
     [('What are these two?', in_order('a pink cross', 'a red sphere')),
      ('What is the second thing?', solid('sphere'))]),
    (('image', 'ball.png'), ('image', 'tile.jpg'),
     [('Describe the two pictures.', in_order('a red circle', 'a blue square')),
      ('What do you see in the first picture?', thing('red', 'circle')),
      ('What do you see in the second picture?', thing('blue', 'square'))]),
    (('image', 'tent.gif'), ('image', 'christmas.png'),
     [('What do the pictures show?', in_order('a green triangle', 'a yellow star')),
      ('What shape is in the first picture?', shape('triangle'))]),
    (('image', 'christmas.png'), ('image', 'tent.gif'),
     [('What do the pictures show?', in_order('a yellow star', 'a green triangle')),
      ('What shape is in the first picture?', shape('star'))]),
    (('video', 'rolling.mp4'), ('audio', 'bomb.ogg'),
     [('What is seen and what is heard?', in_order('a red circle', 'sideways', 'fall')),
      ('Is the tone rising?', NO)]),
    (('point', 'dice.pcd'), ('audio', 'c_major.wav'),
     [('Describe both things.', in_order('a white cube', 'chord')), ('What colour is the cube?', colour('white'))]),
    (('imu', 'park.csv'), ('audio', 'whistle.wav'),
     [('What is the person doing, and what is heard?', in_order('running', 'a high tone')),
      ('Is the tone high or low?', pitch('high'))]),
    (('imu', 'commute.csv'), ('fmri', 'subject1.npy'),
     [('Describe the two recordings.', in_order('walking', 'face')), ('What does the person see?', sight('face'))]),
    (('point', 'bread_ring.xyz'), ('point', 'brick.ply'),
     [('What are the two objects?', in_order('a yellow torus', 'a brown cube')),
      ('What is the first object?', solid('torus') + colour('yellow'))]),
    (('image', 'plate.png'), ('imu', 'maraca.csv'),
     [('Describe both files.', in_order('a blue circle', 'shak')), ('How does the phone move?', motion('shaking'))]),
    (('depth', 'fence.png'), ('audio', 'german.mp3'),
     [('What is shown and what is heard?', in_order('nearer', 'right', 'speak|speech')),
      ('Which side is nearer?', place('right'))]),
    (('normal', 'marble.png'), ('audio', 'launch.flac'),
     [('Describe the two inputs.', in_order('sphere', 'ris')), ('Is the tone falling?', NO)]),
    (('audio', 'mosquito.wav'), ('video', 'lamp.mp4'),
     [('Describe the sound and the film.', in_order('a high tone', 'a yellow circle', 'blink')),
      ('What does the circle do?', movement('blinking'))]),
]

# question: {(modality, name): expected}
SAME = {
    'What is this?': {
        ('image', 'ball.png'): thing('red', 'circle'),
        ('video', 'photo.webm'): thing('green', 'triangle'),
        ('audio', 'c_major.wav'): sound('chord'),
        ('point', 'can.ply'): solid('cylinder'),
        ('depth', 'fence.png'): depths.NEARER_RIGHT,
        ('normal', 'marble.png'): surface('sphere'),
        ('imu', 'park.csv'): motion('running'),
        ('fmri', 'hillside.npy'): sight('house'),
    },
    'Describe it.': {
        ('image', 'frost.jpg'): thing('cyan', 'star'),
        ('video', 'lamp.mp4'): thing('yellow', 'circle') + movement('blinking'),
        ('audio', 'siren.wav'): sound('rising'),
        ('point', 'yellow_box.ply'): solid('cube') + colour('yellow'),
        ('depth', 'ground.png'): depths.NEARER_BOTTOM,
        ('normal', 'floor.png'): surface('plane') + facing('up'),
        ('imu', 'cocktail.csv'): motion('shaking'),
        ('fmri', 'paper.npy'): sight('scissors'),
    },
    'What colour is it?': {
        ('image', 'pharmacy.bmp'): colour('pink'),
        ('image', 'tent.gif'): colour('green'),
        ('video', 'balloon.mp4'): colour('orange'),
        ('point', 'globe.ply'): colour('red'),
        ('audio', 'hum.wav'): CANNOT_TELL,
        ('imu', 'commute.csv'): CANNOT_TELL,
    },
    'Is it moving?': {
        ('video', 'rolling.mp4'): YES,
        ('video', 'photo.webm'): NO,
        ('imu', 'park.csv'): YES,
        ('imu', 'desk.csv'): NO,
    },
    'How many are there?': {
        ('image', 'traffic.png'): count('three'),
        ('image', 'warnings.jpg'): count('four'),
        ('audio', 'watch.ogg'): count('five'),
        ('audio', 'horn.wav'): count('two'),
    },
    'What do you notice?': {
        ('image', 'sheet.png'): EMPTY,
        ('audio', 'nothing.wav'): sound('silence'),
        ('audio', 'whistle.wav'): sound('tone') + pitch('high'),
        ('imu', 'dropped.csv'): motion('falling'),
    },
}


def make(cases):
    """The cases of the modalities that were made; pairs and repeats of others are left out."""
    files = {(case.group, case.name): case.files for case in cases}
    pairs = [Case('two media', f'{first[1]} + {second[1]}', files[first] + files[second], asks)
             for first, second, asks in PAIRS if first in files and second in files]
    same = [Case('same question', name, files[modality, name], [(question, expected)])
            for question, table in SAME.items() for (modality, name), expected in table.items()
            if (modality, name) in files]
    return pairs + same
