/* Another sampling rate, by a windowed sinc as torchaudio computes it (sinc_interp_hann, lowpass_filter_width 6,
   rolloff 0.99). Any number of calls at once. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Samples that n samples become: ceil(n * new_rate / old_rate). Rates are at least 1 and at most RESAMPLE_RATE_MAX. */
#define RESAMPLE_RATE_MAX 1000000
size_t resample_length(size_t n, uint32_t old_rate, uint32_t new_rate);

/* How many samples at the old rate the first n_ret at the new rate depend on; the recording may be shorter. */
size_t resample_reach(size_t n_ret, uint32_t old_rate, uint32_t new_rate);

/* The first n_ret <= resample_length() samples at the new rate; there is silence before and behind the n given ones. In
 * f64 throughout: the reference's f32 differ by their rounding. Equal rates copy, without the filter.
 * -ENOMEM. */
int resample(const double *samples, size_t n, uint32_t old_rate, uint32_t new_rate, double *ret, size_t n_ret);
