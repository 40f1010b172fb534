/* Kaldi's log-mel filter bank of 16 kHz samples, as torchaudio.compliance.kaldi.fbank computes it for the reference:
   frames of 25 ms every 10 ms, no padding, no dither, no energy. Any number of calls at once. */
#pragma once

#include <stddef.h>

#define MEL_SAMPLE_RATE 16000
#define MEL_FRAME_SAMPLES 400
#define MEL_HOP_SAMPLES 160

/* Whole frames in n samples; 0 when there are fewer than MEL_FRAME_SAMPLES. */
size_t mel_filterbank_frames(size_t n_samples);

/* Natural logarithms of the first n_frames <= mel_filterbank_frames() frames, in f64 until the end.
 *   ret  f32 [n_frames, n_bins]
 * -ENOMEM. */
int mel_filterbank(const double *samples, size_t n_frames, size_t n_bins, float *ret);
