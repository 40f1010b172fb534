/* What the files of core/modal share: one function per modality, and the little they all need. modality.c has checked
   the media before it calls one: kind, element type, number of dimensions, no empty dimension, no NaN, no infinity. */
#pragma once

#include "core/modal/modality.h"

/* Fills everything of *ret but `modality`; ret is zero-filled before. Contract: modal_preprocess(). */
typedef int modality_preprocess(const struct modal_input *input, const struct input_sizes *sizes, struct arena *arena,
                                struct input_tensor *ret, struct error *error);

modality_preprocess image_preprocess;
modality_preprocess video_preprocess;
modality_preprocess audio_preprocess;
modality_preprocess point_preprocess;
modality_preprocess depth_preprocess;
modality_preprocess normal_preprocess;
modality_preprocess imu_preprocess;
modality_preprocess fmri_preprocess;

/* Shape (dimensions up to the first 0) and zero-filled memory. -ENOMEM. */
int input_tensor_alloc(struct input_tensor *tensor, const size_t shape[4], struct arena *arena, struct error *error);

/* Appends a sentence to the notes; one that no longer fits is left out. */
void input_tensor_note(struct input_tensor *tensor, const char *format, ...) __attribute__((format(printf, 2, 3)));
