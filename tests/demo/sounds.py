"""Sounds made with sox and spoken by espeak-ng, at the rates and in the formats that people have."""

import shlex

from case import CAPTION, Case, run
from expected import EMPTY_OR_CANNOT_TELL, NO, YES, count, loudness, pitch, sound

# name: (arguments of sox up to the file, effects, questions)
TONES = {
    'hum.wav': ('-r 44100 -n -b 16 -c 1', 'synth 4 sine 120 vol 0.2',
                [('What do you hear?', pitch('low') + sound('tone')), ('Is the pitch low or high?', pitch('low')),
                 ('Is anybody talking?', NO)]),
    'a4.flac': ('-r 48000 -n -b 24 -c 2', 'synth 3 sine 440 vol 0.25 fade 0.1 3 0.3',
                [(CAPTION, pitch('middle') + sound('tone')), ('How high is the tone?', pitch('middle'))]),
    'whistle.wav': ('-r 16000 -n -b 16 -c 1', 'synth 5 sine 2500 vol 0.8',
                    [('What is this sound?', pitch('high') + sound('tone')), ('Is it loud?', YES),
                     ('is the tone low', NO)]),
    'buzzer.wav': ('-r 22050 -n -b 8 -e unsigned-integer -c 1', 'synth 2.5 square 180 vol 0.15',
                   [('Describe the sound.', pitch('low') + sound('tone')),
                    ('What kind of sound is it?', sound('tone'))]),
    'organ.ogg': ('-r 44100 -n -c 1', 'synth 6 triangle 600 vol 0.5',
                  [('What can be heard here?', pitch('middle') + sound('tone')),
                   ('Is it a loud or a quiet sound?', loudness('loud'))]),
    'saw.flac': ('-r 32000 -n -b 16 -c 1', 'synth 3 sawtooth 1600 vol 0.1',
                 [('Which sound is this?', pitch('high') + sound('tone')), ('What is its pitch?', pitch('high'))]),
    'guitar.wav': ('-r 44100 -n -b 16 -c 2', 'synth 3 pluck 196 vol 0.3',
                   [('What do you hear in this recording?', pitch('low') + sound('tone')),
                    ('Is that a tone or noise?', sound('tone'))]),
    'mosquito.wav': ('-r 44100 -n -b 16 -c 1', 'synth 4 sine 4200 vol 0.02',
                     [('What sound do you hear?', pitch('high') + sound('tone')),
                      ('How loud is it?', loudness('quiet'))]),
    'siren.wav': ('-r 44100 -n -b 16 -c 1', 'synth 4 sine 300-3000 vol 0.3',
                  [('What happens to the tone?', sound('rising')), ('Does the pitch go up or down?', sound('rising')),
                   (CAPTION, sound('rising'))]),
    'launch.flac': ('-r 24000 -n -b 16 -c 1', 'synth 6 sine 150:1800 vol 0.2',
                    [('Describe what you hear.', sound('rising')), ('Is the sound falling?', NO)]),
    'bomb.ogg': ('-r 44100 -n -c 2', 'synth 5 sine 3500/250 vol 0.3',
                 [('What do you hear?', sound('falling')), ('Is the tone rising or falling?', sound('falling'))]),
    'slide.wav': ('-r 16000 -n -b 16 -c 1', 'synth 2 triangle 1200-200 vol 0.15',
                  [('Please describe this sound.', sound('falling')), ('Is the tone rising?', NO)]),
    'rain.wav': ('-r 44100 -n -b 16 -c 2', 'synth 4 whitenoise vol 0.2',
                 [('What is this?', sound('noise')), ('Do you hear a melody or noise?', sound('noise'))]),
    'waterfall.flac': ('-r 44100 -n -b 16 -c 1', 'synth 5 pinknoise vol 0.6',
                       [('What does this sound like?', sound('noise')), ('Is somebody speaking?', NO)]),
    'thunder.wav': ('-r 22050 -n -b 16 -c 1', 'synth 6 brownnoise vol 0.5',
                    [('What do you hear?', sound('noise')), ('Is it a tone?', NO)]),
    'radio.wav': ('-r 32000 -n -b 16 -c 1', 'synth 3 whitenoise sinc 800-4000 vol 0.3',
                  [('Describe the audio.', sound('noise')), ('Is this noise?', YES)]),
    'microwave.wav': ('-r 44100 -n -b 16 -c 1', 'synth 0.4 sine 2000 fade 0.01 0.4 0.01 pad 0 0.6 repeat 2 vol 0.25',
                      [('How many beeps do you hear?', count('three')),
                       ('What is this sound?', count('three') + pitch('high') + sound('beeps'))]),
    'phone.flac': ('-r 8000 -n -b 16 -c 1', 'synth 0.5 sine 425 pad 0 0.5 repeat 3 vol 0.3',
                   [('Count the beeps.', count('four')), ('Are the beeps low or high?', pitch('middle')),
                    ('What do I hear?', sound('beeps'))]),
    'horn.wav': ('-r 44100 -n -b 16 -c 2', 'synth 0.7 square 220 pad 0.2 0.8 repeat 1 vol 0.12',
                 [('How many times does it beep?', count('two')),
                  (CAPTION, count('two') + pitch('low') + sound('beeps'))]),
    'watch.ogg': ('-r 48000 -n -c 1', 'synth 0.15 sine 3000 pad 0 0.25 repeat 4 vol 0.3',
                  [('How many beeps are there?', count('five')), ('Is there a beep in the recording?', YES),
                   ('Are the beeps high?', YES)]),
    'c_major.wav': ('-r 44100 -c 3 -n -b 16 -c 1', 'synth 4 sine 261.63 sine 329.63 sine 392 remix - vol 0.5',
                    [('Is this one tone or a chord?', sound('chord')), ('What do you hear?', sound('chord'))]),
    'a_minor.flac': ('-r 32000 -c 4 -n -b 16 -c 1',
                     'synth 3 tri 220 tri 261.63 tri 329.63 tri 440 remix - fade 0.05 3 0.5',
                     [(CAPTION, sound('chord')), ('Are several notes played at once?', YES)]),
    'strum.ogg': ('-r 44100 -c 3 -n -c 1', 'synth 3 pluck 196 pluck 246.94 pluck 293.66 remix -',
                  [('What is being played?', sound('chord')), ('Is it a chord?', YES)]),
    'nothing.wav': ('-r 44100 -n -b 16 -c 1', 'trim 0 3',
                    [('What do you hear?', sound('silence')), ('Is there any sound?', NO),
                     ('Is the pitch low or high?', EMPTY_OR_CANNOT_TELL)]),
    'quiet_room.flac': ('-r 16000 -n -b 16 -c 2', 'trim 0 6',
                        [('Describe the recording.', sound('silence')), ('Is it silent?', YES)]),
}

# name: (arguments of espeak-ng, format of ffmpeg or None, questions)
SPEECH = {
    'english.wav': ('-v en-us -s 150 "Good morning. The train to the city leaves at nine from platform four."', None,
                    [('What do you hear?', sound('speech')), ('Is a person speaking?', YES)]),
    'german.mp3': ('-v de -s 140 -p 35 "Guten Tag, wie geht es Ihnen heute? Das Wetter wird am Abend besser."',
                   ['-c:a', 'libmp3lame', '-b:a', '96k'],
                   [(CAPTION, sound('speech')), ('Is this music or somebody talking?', sound('speech'))]),
    'french.ogg': ('-v fr-fr+f3 -s 165 -p 60 "Bonjour, je voudrais deux croissants et un grand verre de jus."',
                   ['-c:a', 'libopus', '-b:a', '48k'],
                   [('What kind of sound is this?', sound('speech')), ('Is it silent?', NO)]),
    'spanish.m4a': ('-v es+m3 -s 130 -a 60 "Hoy es un buen dia para caminar por la playa con los amigos."',
                    ['-c:a', 'aac', '-b:a', '64k'],
                    [('Describe the sound, please.', sound('speech')), ('Do you hear a voice?', YES)]),
    'counting.wav': ('-v en-gb+f2 -s 120 -p 55 "One, two, three, four, five, six, seven, eight."', None,
                     [('What is going on in this audio?', sound('speech')), ('Is that noise?', NO)]),
}


def play(folder, name, options, effects, asks):
    path = folder / name
    run('sox', '-R', *shlex.split(options), path, *shlex.split(effects))
    return Case('audio', name, [('audio', path)], asks)


def speak(folder, name, arguments, encoder, asks):
    path = folder / name
    spoken = path if encoder is None else path.with_suffix('.spoken.wav')
    run('espeak-ng', '-w', spoken, *shlex.split(arguments))
    if encoder is not None:
        run('ffmpeg', '-nostdin', '-v', 'error', '-y', '-i', spoken, *encoder, path)
        spoken.unlink()
    return Case('audio', name, [('audio', path)], asks)


def make(folder):
    return ([play(folder, name, *rest) for name, rest in TONES.items()]
            + [speak(folder, name, *rest) for name, rest in SPEECH.items()])
