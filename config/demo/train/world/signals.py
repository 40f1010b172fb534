"""What sound and motion share: the daemon's resampler, wave shapes from one table, coloured noise and smooth edges."""
from functools import lru_cache
from math import ceil, gcd

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft, rfftfreq
from scipy.signal import upfirdn

FILTER_WIDTH = 6
ROLLOFF = 0.99
TABLE_SIZE = 4096


def log_uniform(rng, low, high):
    """One number; equal ratios are equally likely."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def chance(rng, probability):
    return bool(rng.random() < probability)


def pick(rng, table):
    """One key of a dictionary of weights."""
    keys = list(table)
    weights = np.array([table[key] for key in keys], float)
    return keys[int(rng.choice(len(keys), p=weights / weights.sum()))]


@lru_cache(maxsize=512)
def resampling_filter(old, new):
    """Filter for upfirdn, and how many of its first results lie before the beginning."""
    base = ROLLOFF * min(old, new)
    half = int(FILTER_WIDTH * old * new / base)
    t = np.arange(-half, half + 1) * base / (old * new)
    weights = np.sinc(t) * np.cos(np.pi * t / FILTER_WIDTH / 2) ** 2 * base / old
    lead = ceil(half / old)
    return np.concatenate([np.zeros(lead * old - half), weights]), lead


def resample(samples, old_rate, new_rate):
    """[..., n] at one rate -> [..., n'] at another, as the daemon does it: a sinc of width 6 under a Hann window."""
    if old_rate == new_rate:
        return samples
    divisor = gcd(old_rate, new_rate)
    old, new = old_rate // divisor, new_rate // divisor
    weights, lead = resampling_filter(old, new)
    n = ceil(samples.shape[-1] * new / old)
    return upfirdn(weights.astype(samples.dtype), samples, up=new, down=old, axis=-1)[..., lead:lead + n]


def table_of_harmonics(amplitudes, angles):
    """One period of a wave that has these harmonics, with its first sample again at the end."""
    spectrum = np.zeros(TABLE_SIZE // 2 + 1, complex)
    spectrum[1:len(amplitudes) + 1] = amplitudes * np.exp(1j * np.asarray(angles))
    period = irfft(spectrum)
    return np.append(period, period[0]).astype(np.float32)


def read_table(table, phase):
    """The wave at a phase counted in periods."""
    at = (phase % 1) * TABLE_SIZE
    index = np.minimum(at.astype(np.int32), TABLE_SIZE - 1)
    return table[index] + (table[index + 1] - table[index]) * (at - index).astype(np.float32)


def shape_noise(rng, n, rate, gain):
    """Gaussian noise whose spectrum is weighed by gain(frequencies); root mean square 1."""
    size = next_fast_len(n, real=True)
    spectrum = rfft(rng.standard_normal(size, dtype=np.float32))
    spectrum *= gain(rfftfreq(size, 1 / rate)).astype(np.float32)
    noise = irfft(spectrum, size)[:n]
    return (noise / (np.sqrt(np.mean(noise ** 2)) + 1e-12)).astype(np.float32)


def fade(samples, n_in, n_out):
    """Raised cosines at both ends."""
    n_in, n_out = min(n_in, samples.size // 2), min(n_out, samples.size // 2)
    faded = samples.copy()
    faded[:n_in] *= 0.5 - 0.5 * np.cos(np.pi * (np.arange(n_in) + 0.5) / max(n_in, 1))
    faded[samples.size - n_out:] *= 0.5 + 0.5 * np.cos(np.pi * (np.arange(n_out) + 0.5) / max(n_out, 1))
    return faded
