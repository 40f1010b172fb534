"""Sounds of the demo world: tones, sweeps, noise, beeps to be counted, chords, made-up speech, and silence.

A sound is synthesised at the file's own rate into a stretch of a longer recording; what happens to recordings (rooms,
hiss, hum, clipping, rounding) is the same for all sounds. A thing's name is never in doubt: pitches, sweeps, gaps and
levels keep clear of what would be called otherwise."""
import os
import subprocess
import wave
from functools import lru_cache
from math import ceil

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.fft import irfft, next_fast_len, rfft
from scipy.io import wavfile
from scipy.ndimage import uniform_filter1d
from scipy.signal import fftconvolve, resample_poly

from .signals import (chance, fade, log_uniform, pick, read_table, resample, shape_noise, table_of_harmonics)

SOUNDS = ['tone', 'rising', 'falling', 'noise', 'beeps', 'chord', 'speech', 'silence']
PITCHES = {'low': (80, 300), 'middle': (420, 850), 'high': (1300, 6000)}
COUNTS = [2, 3, 4, 5]
GAP_MIN_S = 0.15    # between beeps, as a person needs it who counts them
LOUDNESSES = {'quiet': (0.004, 0.03), None: (0.09, 0.2), 'loud': (0.5, 1.0)}    # peaks
NOISE_LOUDNESSES = {'quiet': (0, 0.015), None: (0.035, 0.08), 'loud': (0.16, 1.0)}    # root mean squares
ATTRIBUTES = {'sound': SOUNDS, 'pitch': [*PITCHES, None], 'count': [*COUNTS, None], 'loudness': [*LOUDNESSES]}

SOUND_SHARES = {'tone': 14, 'rising': 13, 'falling': 13, 'noise': 12, 'beeps': 17, 'chord': 12, 'speech': 13,
                'silence': 6}
LOUDNESS_SHARES = {'quiet': 25, None: 45, 'loud': 30}
RATE_SHARES = {16000: 64, 44100: 8, 48000: 6, 22050: 7, 8000: 7, 11025: 5, 32000: 3}

HEARD_S = 10.24    # what the network hears of a recording
N_TENTHS = 10
NYQUIST_SHARE = 0.44    # the highest fundamental, as a share of the rate


# Waves.

def draw_wave(rng, rate, highest):
    """A periodic wave as a table: pure, of a few harmonics, or one of the shapes that programs offer.
    highest  the fundamental's highest frequency; harmonics end below the Nyquist frequency, or, as many programs have
             it, are folded back there, unless that would be as loud as the wave itself"""
    kind = pick(rng, {'sine': 8, 'harmonics': 7, 'triangle': 2, 'square': 3, 'sawtooth': 2, 'pulse': 1})
    n = int(min(max(0.48 * rate / highest, 1), 60))
    if kind != 'sine' and kind != 'harmonics' and highest < rate / 8 and chance(rng, 0.3):
        n = 400
    k = np.arange(1, n + 1)
    amplitudes, angles = np.where(k == 1, 1.0, 0.0), np.zeros(n)
    if kind == 'harmonics':
        amplitudes = k ** -rng.uniform(1, 2.5) * rng.uniform(0.2, 1, n) * (k <= rng.integers(2, 25))
        amplitudes[0] = rng.uniform(0.6, 1)
        angles = rng.uniform(0, 2 * np.pi, n)
    if kind == 'triangle':
        amplitudes = (k % 2) / k ** 2
        angles = np.pi * (k // 2 % 2)
    if kind == 'square':
        amplitudes = (k % 2) / k
    if kind == 'sawtooth':
        amplitudes = 1 / k
    if kind == 'pulse':
        amplitudes = np.abs(np.sin(np.pi * k * rng.uniform(0.15, 0.4))) / k
        angles = np.full(n, np.pi / 2)
    return table_of_harmonics(amplitudes, angles - np.pi / 2)


def phase_of(frequencies, rate):
    """[n] frequencies -> [n] periods since the beginning"""
    return np.cumsum(frequencies / rate)


def draw_pitch(rng, pitch, rate):
    low, high = PITCHES[pitch]
    return log_uniform(rng, low, min(high, NYQUIST_SHARE * rate))


def pluck(rng, rate, hertz, phase, seconds, life):
    """A string: any harmonics at first, of which the higher ones die sooner."""
    n, bright = int(min(max(0.48 * rate / hertz, 1), 60)), rng.uniform(3, 12)
    k = np.arange(1, n + 1)
    amplitudes, angles = rng.uniform(0.2, 1, n) * k ** -rng.uniform(0, 1), rng.uniform(0, 2 * np.pi, n)
    ret = np.zeros(phase.size, np.float32)
    for first, last in ((1, 2), (3, 5), (6, 11), (12, 24), (25, 60)):
        if first <= n:
            part = read_table(table_of_harmonics(amplitudes * (k >= first) * (k <= last), angles), phase)
            ret += part * np.exp(-seconds * (1 + (first / bright) ** 2) / life).astype(np.float32)
    return ret


def draw_note(rng, n, rate, hertz):
    """A steady or a dying wave of one pitch, with soft or hard ends."""
    seconds = np.arange(n) / rate
    phase = seconds * hertz + rng.random()
    if chance(rng, 0.15):
        vibrato_hertz, depth = rng.uniform(4, 7), rng.uniform(0.001, 0.006)
        phase += hertz * depth / (2 * np.pi * vibrato_hertz) * np.sin(2 * np.pi * vibrato_hertz * seconds)
    life = n / rate * rng.uniform(0.45, 1.3)
    if chance(rng, 0.12):
        return pluck(rng, rate, hertz, phase, seconds, life)
    note = read_table(draw_wave(rng, rate, hertz), phase)
    if chance(rng, 0.2):
        body = read_table(draw_wave(rng, rate, hertz), phase) if chance(rng, 0.5) else note
        note = note * np.exp(-seconds / life / rng.uniform(0.3, 1)).astype(np.float32)
        note += body * np.exp(-seconds / life).astype(np.float32)
    return note


def soft_ends(rng, samples, rate):
    """No fade, a short one against clicks, or a long one."""
    def length():
        return int(pick(rng, {0: 4, rate * log_uniform(rng, 0.002, 0.05): 4, samples.size * rng.uniform(0, 0.3): 2}))

    return fade(samples, length(), length())


# Sounds: [n] samples of any level, the facts about them, and what trace() says besides: hertz at the beginning and the end,
# seconds from beep to beep, of each, of all together, and when each begins.

def make_tone(rng, n, rate):
    pitch = pick(rng, dict.fromkeys(PITCHES, 1))
    hertz = draw_pitch(rng, pitch, rate)
    return soft_ends(rng, draw_note(rng, n, rate, hertz), rate), {'pitch': pitch}, {'first': hertz, 'last': hertz}


def make_sweep(rng, n, rate, rises):
    """At least an octave, at least a tenth of the time in motion."""
    ceiling = min(NYQUIST_SHARE * rate, 7000)
    low = log_uniform(rng, 90, 1500)
    high = low * log_uniform(rng, 2, max(2.2, min(ceiling / low, 30)))
    hold = rng.uniform(0, 0.2, 2) * (rng.random(2) < 0.15)
    way = np.clip((np.arange(n) / n - hold[0]) / (1 - hold.sum()), 0, 1)
    curve = pick(rng, {'even': 6, 'slow start': 1, 'smooth': 1})
    way = {'even': way, 'slow start': way ** rng.uniform(1, 2), 'smooth': way * way * (3 - 2 * way)}[curve]
    frequencies = low * (high / low) ** way if chance(rng, 0.5) else low + (high - low) * way
    if not rises:
        frequencies = frequencies[::-1]
    sweep = read_table(draw_wave(rng, rate, high), phase_of(frequencies, rate))
    return soft_ends(rng, sweep, rate), {}, {'first': frequencies[0], 'last': frequencies[-1]}


def make_noise(rng, n, rate):
    kind = pick(rng, {'gauss': 2, 'uniform': 2, 'tilted': 5, 'band': 4})
    if kind == 'uniform':
        noise = rng.random(n, dtype=np.float32) - 0.5
    elif kind == 'gauss':
        noise = rng.standard_normal(n, dtype=np.float32)
    elif kind == 'tilted':
        power = pick(rng, {-0.5: 2, -1: 2, 0.5: 0.5, 1: 0.3, rng.uniform(-1.1, 0.5): 1})
        noise = shape_noise(rng, n, rate, lambda f: np.maximum(f, 15) ** power * (f >= 15))
    else:
        low = log_uniform(rng, 150, min(3000, rate * 0.15))
        high = low * log_uniform(rng, 2.5, max(2.6, min(20, 0.45 * rate / low)))
        order = rng.uniform(4, 20)
        noise = shape_noise(rng, n, rate, lambda f: 1 / np.sqrt(1 + (low / np.maximum(f, 1)) ** order
                                                                + (f / high) ** order))
    if chance(rng, 0.2):
        swell = np.sin(2 * np.pi * (rng.uniform(0.1, 1) * np.arange(n) / rate + rng.random()))
        noise = noise * (1 + rng.uniform(0.1, 0.5) * swell).astype(np.float32)
    return soft_ends(rng, noise, rate), {}, {}


def draw_beep_times(rng, count, shortest, longest_s):
    """-> [count] beginnings and the length of each, in seconds, that fill at most longest_s."""
    length = log_uniform(rng, shortest + 0.01, 0.5)
    gaps = np.full(count, log_uniform(rng, GAP_MIN_S, 0.9))
    if chance(rng, 0.15):
        gaps *= rng.uniform(0.6, 1.5, count)
    gaps = np.maximum(gaps, GAP_MIN_S)
    least = count * (shortest + GAP_MIN_S)
    squeeze = min(1, (longest_s - least) / (length * count + gaps.sum() - least))
    length, gaps = shortest + (length - shortest) * squeeze, GAP_MIN_S + (gaps - GAP_MIN_S) * squeeze
    return np.concatenate([[0], np.cumsum(length + gaps[:-1])]), length


def make_beeps(rng, n, rate):
    """The same beep a few times, as one beep or with the phase running on."""
    pitch, count = pick(rng, dict.fromkeys(PITCHES, 1)), int(rng.choice(COUNTS))
    begins, length = draw_beep_times(rng, count, 0.08 if pitch == 'low' else 0.05, n / rate)
    n_beep = int(length * rate)
    hertz = draw_pitch(rng, pitch, rate)
    note = draw_note(rng, n_beep, rate, hertz)
    n_in, n_out = (int(min(rng.choice([0, rate * 0.005, rate * 0.02]), n_beep / 4)) for _ in range(2))
    note = fade(note, n_in, n_out)
    beeps = np.zeros(n, np.float32)
    for begin in (begins * rate).astype(int):
        beeps[begin:begin + n_beep] = note[:n - begin]
    return beeps, {'pitch': pitch, 'count': count}, {'first': hertz, 'last': hertz, 'length': length,
                                                     'period': begins[-1] / (count - 1), 'sounding': begins[-1] + length,
                                                     'begins': begins}


# Semitones above the root. None is a part of one harmonic series, which would be a single rich tone.
CHORDS = [(0, 4, 7), (0, 3, 7), (0, 4, 7, 12), (0, 3, 7, 12), (0, 4, 7, 11), (0, 4, 7, 10), (0, 3, 7, 10), (0, 3, 6),
          (0, 4, 8), (0, 5, 9), (0, 3, 8), (0, 5, 7), (0, 2, 7), (0, 7, 16), (0, 7, 15), (0, 3, 6, 9)]


def make_chord(rng, n, rate):
    """Three or four notes at once, or one shortly after the other as on a guitar."""
    root = log_uniform(rng, 195, 800)
    offsets = CHORDS[rng.integers(len(CHORDS))]
    seed, strum = int(rng.integers(1 << 30)), int(rate * rng.uniform(0, 0.04)) * chance(rng, 0.25)
    is_alike = chance(rng, 0.8)
    chord = np.zeros(n, np.float32)
    for i, semitones in enumerate(offsets):
        same = np.random.default_rng(seed if is_alike else seed + i)
        note = draw_note(same, n - i * strum, rate, root * 2 ** (semitones / 12))
        chord[i * strum:] += note * np.float32(rng.uniform(0.6, 1))
    return soft_ends(rng, chord, rate), {}, {}


# Speech: syllables of consonants and vowels, through formants that move.

SPEECH_RATE = 16000
CONTROL = 80    # samples per step of the tracks
VOWELS = [(270, 2290, 3010), (390, 1990, 2550), (400, 2100, 2700), (530, 1840, 2480), (660, 1720, 2410),
          (730, 1090, 2440), (640, 1190, 2390), (570, 840, 2410), (450, 800, 2600), (440, 1020, 2240),
          (300, 870, 2240), (490, 1350, 1690)]
# Consonants: stretches of (seconds, voice, breath, hiss, its middle Hz, its width Hz, formants or None: the vowel's).
STOPS = [[(0.06, voice, 0, 0, middle, 1500, formants), (0.012, voice, 0, burst, middle, width, formants),
          (wait, 0, breath, 0.05, middle, width, None)]
         for voice, wait, breath in ((0, 0.035, 0.4), (0.12, 0.005, 0.1))
         for burst, middle, width, formants in ((0.4, 900, 900, (250, 800, 2200)), (0.8, 4500, 1800, (250, 1800, 2700)),
                                                (0.6, 2000, 900, (250, 2100, 2500)))]
FRICATIVES = [[(length, voice, 0, loud, middle, width, (280, 1600, 2500))]
              for voice, length in ((0, 0.11), (0.3, 0.07))
              for loud, middle, width in ((0.9, 6000, 1600), (0.8, 3300, 1100), (0.25, 4500, 3500), (0.15, 5500, 3000))]
SONORANTS = [[(0.065, loud, 0, 0, 3000, 1000, formants)]
             for loud, formants in ((0.4, (250, 1000, 2200)), (0.4, (250, 1500, 2500)), (0.6, (360, 1200, 2700)),
                                    (0.6, (350, 1100, 1600)), (0.6, (300, 700, 2300)), (0.6, (270, 2200, 3000)))]
BREATH = [[(0.07, 0, 0.4, 0.02, 2000, 2000, None)]]
CONSONANTS = STOPS + FRICATIVES + SONORANTS + BREATH


def draw_syllable(rng, pace):
    vowel = VOWELS[rng.integers(len(VOWELS))]
    end = VOWELS[rng.integers(len(VOWELS))] if chance(rng, 0.2) else vowel
    length, loud = rng.uniform(0.6, 1.4) * 0.13, rng.uniform(0.6, 1)
    parts = list(CONSONANTS[rng.integers(len(CONSONANTS))]) if chance(rng, 0.85) else []
    parts += [(length / 2, loud, 0.02, 0, 3000, 2000, vowel), (length / 2, loud * 0.9, 0.02, 0, 3000, 2000, end)]
    if chance(rng, 0.35):
        parts += CONSONANTS[rng.integers(len(CONSONANTS))]
    return [(part[0] * pace, *part[1:6], part[6] or vowel) for part in parts]


def draw_utterance(rng, seconds):
    """-> [n, 9] tracks, a row per control step: voice, breath, hiss, its middle, its width, three formants, melody."""
    rows, filled, n_left = [], 0.0, int(rng.integers(3, 10))
    pace, base = rng.uniform(0.8, 1.25), 0.0
    fall = rng.uniform(0.1, 0.35)
    while filled < seconds:
        accent = rng.uniform(-0.05, 0.3) * chance(rng, 0.6) - base
        parts = draw_syllable(rng, pace)
        base = min(base + fall / 8, fall)
        n_left -= 1
        if n_left == 0:
            parts.append((rng.uniform(0.12, 0.45), 0, 0, 0, 3000, 2000, (500, 1500, 2500)))
            n_left, base = int(rng.integers(3, 10)), 0.0
        for length, *levels, formants in parts:
            steps = max(1, round(length * SPEECH_RATE / CONTROL))
            rows += [(*levels, *formants, accent)] * steps
            filled += steps * CONTROL / SPEECH_RATE
    tracks = np.array(rows[:ceil(seconds * SPEECH_RATE / CONTROL)], np.float32)
    for column, width in ((0, 5), (1, 4), (2, 2), (5, 9), (6, 9), (7, 9), (8, 25)):
        tracks[:, column] = uniform_filter1d(tracks[:, column], width, mode='nearest')
    return tracks


def through_filter(samples, responses, size, hop):
    """samples [n] through a filter that changes: responses [n_frames, size / 2 + 1] at every hop."""
    window = (0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(3 * hop) + 0.5) / (3 * hop))).astype(np.float32)
    padded = np.pad(samples, (2 * hop, 2 * hop + size))
    frames = sliding_window_view(padded, 3 * hop)[::hop][:len(responses)] * window
    shaped = irfft(rfft(frames, size) * responses, size)
    ret = np.zeros(len(responses) * hop + size, np.float32)
    for part in range(ceil(size / hop)):
        stretch = shaped[:, part * hop:(part + 1) * hop]
        at = np.zeros((len(responses), hop), np.float32)
        at[:, :stretch.shape[1]] = stretch
        ret[part * hop:part * hop + at.size] += at.ravel()
    return ret[2 * hop:2 * hop + samples.size]


def formant_responses(tracks, tract, rng):
    """[n, 3] formants -> [n, 257] what the mouth lets through."""
    squares = np.square(np.arange(257, dtype=np.float32) * SPEECH_RATE / 512)
    upper = np.array([3500, 4500], np.float32) * rng.uniform(0.95, 1.05, 2)
    gains = np.ones((len(tracks), 257), np.float32)
    widths = np.array([60, 80, 120, 200, 300], np.float32) * rng.uniform(0.8, 1.5)
    for i in range(5):
        formant = tracks[:, i] * tract if i < 3 else np.full(len(tracks), upper[i - 3] * tract, np.float32)
        formant = np.square(formant.astype(np.float32))[:, None]
        gains *= formant / np.sqrt(np.square(formant - squares) + squares * widths[i] ** 2)
    return gains


def make_speech(rng, n, rate):
    n_samples = ceil(n * SPEECH_RATE / rate)
    hop, size = 128, 512
    tracks = draw_utterance(rng, n_samples / SPEECH_RATE)
    steps = np.arange(n_samples) / CONTROL - 0.5
    at = np.arange(len(tracks))
    voice, breath, hiss, melody = (np.interp(steps, at, tracks[:, i]).astype(np.float32) for i in (0, 1, 2, 8))
    hertz = log_uniform(rng, 85, 270)
    tract = (0.85 + 0.35 * np.clip(np.log(hertz / 85) / np.log(270 / 85) + rng.normal(0, 0.2), 0, 1)) * 1.02
    wander = uniform_filter1d(rng.standard_normal(len(tracks)), 6, mode='nearest') * rng.uniform(0, 0.03)
    frequencies = hertz * np.exp(melody * rng.uniform(0.3, 1.3) + np.interp(steps, at, wander))
    k = np.arange(1, int(7900 / frequencies.max()) + 1)
    pulses = table_of_harmonics(k ** -rng.uniform(0.8, 1.3), 0.3 * np.log(k))
    source = read_table(pulses / np.abs(pulses).max(), phase_of(frequencies, SPEECH_RATE)) * voice
    noise = rng.standard_normal(n_samples, dtype=np.float32)
    if chance(rng, 0.08):    # whispered
        source, breath = source * 0, breath + voice
    source += noise * (0.25 * breath + rng.uniform(0.002, 0.03) * voice)

    frames = np.minimum(np.arange(-hop, n_samples + hop, hop) // CONTROL, len(tracks) - 1).clip(0)
    mouth = formant_responses(tracks[frames, 5:8], tract, rng)
    lines = np.arange(257, dtype=np.float32) * SPEECH_RATE / 512
    teeth = np.exp(-np.square((lines - tracks[frames, 3:4]) / tracks[frames, 4:5])) + 0.02
    speech = through_filter(source, mouth, size, hop)
    speech *= 0.3 / max(np.abs(speech).max(), 1e-6)
    speech += through_filter(noise * hiss, teeth, size, hop) * rng.uniform(0.04, 0.12)
    if rate != SPEECH_RATE:
        speech = resample_poly(speech, rate // 25, SPEECH_RATE // 25)
    return np.resize(speech, n).astype(np.float32), {}, {}


MAKERS = {'tone': make_tone, 'rising': lambda rng, n, rate: make_sweep(rng, n, rate, True),
          'falling': lambda rng, n, rate: make_sweep(rng, n, rate, False), 'noise': make_noise, 'beeps': make_beeps,
          'chord': make_chord, 'speech': make_speech}
SHORTEST_S = {'tone': 0.5, 'rising': 0.5, 'falling': 0.5, 'noise': 0.5, 'beeps': 1.2, 'chord': 0.5, 'speech': 0.8,
              'silence': 0.6}


# Recordings.

def draw_stretch(rng, sound, rate):
    """-> samples of the recording, before the sound, and of the sound itself."""
    seconds = float(rng.integers(1, 6)) if chance(rng, 0.35) else log_uniform(rng, 0.7, 10)
    seconds = max(seconds, SHORTEST_S[sound])
    longest = min(seconds, HEARD_S - 0.1)
    if chance(rng, 0.4):
        return int(seconds * rate), 0, int(longest * rate)
    active = longest * rng.uniform(max(0.4, SHORTEST_S[sound] / longest), 1)
    return int(seconds * rate), int((longest - active) * rng.choice([0, 1, rng.random()]) * rate), int(active * rate)


def in_a_room(rng, samples, rate):
    """A little reverberation."""
    n = int(rng.uniform(0.08, 0.3) * rate)
    tail = rng.standard_normal(n, dtype=np.float32) * np.exp(-6.9 * np.arange(n) / n).astype(np.float32)
    tail *= 10 ** (rng.uniform(-30, -10) / 20) / np.sqrt(np.sum(tail ** 2))
    tail[0] = 1
    return fftconvolve(samples, tail)[:samples.size].astype(np.float32)


def cut_highs(samples, rate, limit):
    """As telephones and strong compression do."""
    size = next_fast_len(samples.size, real=True)
    spectrum = rfft(samples, size)
    spectrum[int(limit / rate * size):] = 0
    return irfft(spectrum, size)[:samples.size].astype(np.float32)


def draw_peak(rng, sound, loudness, crest):
    """A peak that leaves no doubt. How far the peaks of noise rise above its root mean square (crest) cannot be heard,
    so that has to be quiet or loud as well."""
    low, high = LOUDNESSES[loudness]
    if sound == 'noise':
        root_low, root_high = NOISE_LOUDNESSES[loudness]
        low = max(low, root_low * crest)
        high = max(low, min(high, root_high * crest))
    if loudness == 'loud' and chance(rng, 0.25):
        return rng.uniform(0.9, 1) if chance(rng, 0.7) else rng.uniform(1.05, 1.6)
    return log_uniform(rng, low, high)


def surroundings(rng, n, rate, level):
    """Hiss and hum, so many times weaker than a sound of this level."""
    ret = np.zeros(n, np.float32)
    if chance(rng, 0.5):
        power = float(rng.choice([0, 0, -0.5, -1]))
        hiss = (rng.standard_normal(n, dtype=np.float32) if power == 0 else
                shape_noise(rng, n, rate, lambda f: np.maximum(f, 30) ** power))
        ret += hiss * np.float32(level * 10 ** (rng.uniform(-70, -30) / 20))
    if chance(rng, 0.12):
        phase = np.arange(n) / rate * rng.choice([50, 60])
        hum = read_table(table_of_harmonics(rng.uniform(0.1, 1, 6), rng.uniform(0, 6, 6)), phase)
        ret += hum / np.abs(hum).max() * np.float32(level * 10 ** (rng.uniform(-60, -35) / 20))
    return ret


def round_to(samples, bits):
    """As a file of so many bits holds them; 32 are floating point."""
    if bits == 32:
        return samples
    steps = 2.0 ** (bits - 1)
    return (np.clip(np.rint(samples * steps), -steps, steps - 1) / steps).astype(np.float32)


def dither(rng, n, bits):
    """Noise of up to a step, which makes the error of rounding a noise, too."""
    return (rng.random(n, dtype=np.float32) - rng.random(n, dtype=np.float32)) * np.float32(2.0 ** (1 - bits))


def draw_bits(rng, loudness):
    bits = pick(rng, {16: 7, 32: 1.2, 24: 0.8, 8: 0.7})
    return 16 if bits == 8 and loudness == 'quiet' else bits


def record(rng, samples, rate, level, bits):
    """[n] -> [n_channels, n], as the file has it."""
    n_channels = 2 if chance(rng, 0.15) else 1
    gains = [1, rng.uniform(0.7, 1)][:n_channels]
    offset = level * rng.uniform(-0.1, 0.1) * chance(rng, 0.1)
    shared = surroundings(rng, samples.size, rate, level) + np.float32(offset)
    if bits < 32 and chance(rng, 0.4):
        shared += dither(rng, samples.size, bits)
    return round_to(np.clip(np.stack([samples * np.float32(gain) + shared for gain in gains]), -1, 1), bits)


def make_still(rng, n, rate, bits):
    """Silence: nothing at all, or what a good recorder adds to it."""
    level = log_uniform(rng, 1e-5, 1e-4) / np.sqrt(2)
    kind = pick(rng, {'nothing': 4, 'offset': 1, 'hiss': 3, 'hum': 1, 'rounding': 2})
    still = np.zeros(n, np.float32)
    if kind == 'offset':
        still += np.float32(rng.uniform(-0.02, 0.02))
    if kind == 'hiss':
        still += shape_noise(rng, n, rate, lambda f: np.maximum(f, 30) ** rng.choice([0, -0.5])) * np.float32(level)
    if kind == 'hum':
        still += np.sin(2 * np.pi * 50 / rate * np.arange(n)).astype(np.float32) * np.float32(level)
    if kind == 'rounding':
        still += dither(rng, n, 16)
    return round_to(np.stack([still] * (2 if chance(rng, 0.15) else 1)), bits)


def make(rng, sound=None):
    """A scene: its facts and its samples (raw, f32 [n_channels, n] in -1..1); sound: the one that is wanted."""
    sound, rate = sound or pick(rng, SOUND_SHARES), pick(rng, RATE_SHARES)
    loudness = None if sound == 'silence' else pick(rng, LOUDNESS_SHARES)
    bits = draw_bits(rng, loudness)
    facts = {'modality': 'audio', 'sound': sound, 'pitch': None, 'count': None, 'loudness': loudness}
    n, n_before, n_active = draw_stretch(rng, sound, rate)
    course = {}
    if sound == 'silence':
        raw = make_still(rng, n, rate, bits)
    else:
        active, more, course = MAKERS[sound](rng, n_active, rate)
        facts.update(more)
        samples = np.zeros(n, np.float32)
        samples[n_before:n_before + n_active] = active
        if chance(rng, 0.2):
            samples = in_a_room(rng, samples, rate)
        if rate >= 16000 and chance(rng, 0.08) and facts['pitch'] != 'high':
            samples = cut_highs(samples, rate, rng.uniform(3400, 7500))
        peak, level = np.abs(samples).max(), np.sqrt(np.sum(samples ** 2) / n_active)
        gain = draw_peak(rng, sound, loudness, peak / level) / peak
        raw = record(rng, samples * np.float32(gain), rate, level * gain, bits)
        begin, sounding = n_before / rate, course.get('sounding', n_active / rate)
        course.update(begin=begin, end=begin + sounding, level=level * gain)
    return {'modality': 'audio', 'facts': facts, 'raw': raw, 'rate': rate, 'bits': bits, 'course': course}


# What the network is given.

RATE, FRAME, HOP, N_FFT, N_BINS, N_FRAMES = 16000, 400, 160, 512, 128, 1024
ENERGY_MIN = 2.0 ** -23
LOG_MEL_MEAN, LOG_MEL_STD = -4.2677393, 4.5689974


@lru_cache(maxsize=1)
def filter_bank():
    """[256, 128]: the share of a line's power that each triangle takes; the triangles are even on the mel scale."""
    mel = 1127 * np.log(1 + np.arange(N_FFT // 2) * RATE / N_FFT / 700)
    low, high = 1127 * np.log(1 + np.array([20, RATE / 2]) / 700)
    steps = (mel - low) / ((high - low) / (N_BINS + 1))
    shares = 1 - np.abs(steps[:, None] - 1 - np.arange(N_BINS))
    return np.maximum(shares, 0).astype(np.float32)


def energies(samples):
    """samples at 16 kHz -> [n_frames, 128] natural logarithms"""
    frames = sliding_window_view(samples, FRAME)[::HOP][:N_FRAMES]
    frames = frames - frames.mean(1, keepdims=True)
    emphasised = np.empty_like(frames)
    emphasised[:, 1:] = frames[:, 1:] - np.float32(0.97) * frames[:, :-1]
    emphasised[:, 0] = frames[:, 0] * np.float32(0.03)
    emphasised *= np.hanning(FRAME).astype(np.float32)
    spectrum = rfft(emphasised, N_FFT)[:, :-1]
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    return np.log(np.maximum(power @ filter_bank(), np.float32(ENERGY_MIN)))


def tensor(scene):
    """Log-mel filter bank, mel x time: f16 [128, 1024]."""
    reach = int((HEARD_S + 0.1) * scene['rate'])
    samples = scene['raw'][0, :reach] - scene['raw'].mean(dtype=np.float64).astype(np.float32)
    rows = energies(resample(samples, scene['rate'], RATE))
    ret = np.full((N_BINS, N_FRAMES), -LOG_MEL_MEAN / (2 * LOG_MEL_STD), np.float16)
    ret[:, :len(rows)] = ((rows - LOG_MEL_MEAN) / (2 * LOG_MEL_STD)).T
    return ret


def trace(scene):
    """What is to be heard of the course of a sound, each number about 0..1, NaN what there is not: f32 [18], when it begins
    and ends, its level, its pitch at the beginning and the end; of beeps the time from one to the next, the length, the
    number, and the number of those that begin in each tenth of what is heard."""
    course, count = scene['course'], scene['facts']['count'] or np.nan
    tenths = np.full(N_TENTHS, np.nan)
    if 'begins' in course:
        tenths = np.histogram(course['begin'] + course['begins'], N_TENTHS, (0, HEARD_S))[0] / 2
    begin, end, level, first, last, period, length = (course.get(key, np.nan) for key in (
        'begin', 'end', 'level', 'first', 'last', 'period', 'length'))
    return np.array([begin / HEARD_S, end / HEARD_S, 1 + np.log10(level) / 3, np.log2(first / 80) / 7,
                     np.log2(last / 80) / 7, np.log(period / 0.13) / 2.5, np.log(length / 0.05) / 2.5, count / 5, *tenths],
                    np.float32)


# Files.

FORMATS = {8: ['wav'], 16: ['wav', 'wav', 'wav', 'flac', 'mp3', 'ogg', 'opus', 'm4a'], 24: ['wav', 'flac'],
           32: ['wav', 'mp3', 'ogg']}
CODECS = {'flac': ['-c:a', 'flac'], 'mp3': ['-c:a', 'libmp3lame', '-q:a', '3'],
          'ogg': ['-c:a', 'libvorbis', '-q:a', '5'], 'opus': ['-c:a', 'libopus', '-b:a', '64k'],
          'm4a': ['-c:a', 'aac', '-b:a', '96k']}


def write_wav(scene, path):
    samples, bits = scene['raw'].T, scene['bits']
    if bits == 32:
        wavfile.write(path, scene['rate'], samples)
        return
    numbers = np.rint(samples * 2.0 ** (bits - 1)).astype('<i4')
    with wave.open(path, 'wb') as file:
        file.setparams((samples.shape[1], bits // 8, scene['rate'], 0, 'NONE', ''))
        octets = numbers.astype('<i4')[..., None].view(np.uint8)[..., :bits // 8]
        file.writeframes((octets + 128 * (bits == 8)).astype(np.uint8).tobytes())


def write(scene, folder, stem, rng):
    """[('audio', path)]: WAV, or another format made of it by ffmpeg."""
    kind = str(rng.choice(FORMATS[scene['bits']]))
    path, wav = f'{folder}/{stem}.{kind}', f'{folder}/{stem}.wav'
    write_wav(scene, wav)
    if kind != 'wav':
        subprocess.run(['ffmpeg', '-loglevel', 'error', '-y', '-i', wav, *CODECS[kind], path], check=True)
        os.remove(wav)
    return [('audio', path)]
