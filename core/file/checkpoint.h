/* Reads PyTorch checkpoints (torch.save zip format: a state dict of tensors) without Python and without running
   anything that is in them: a restricted pickle reader knows the opcodes and the few names that a state dict needs and
   refuses all else. Immutable once open; checkpoint_read() from one thread at a time. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/cleanup.h"

struct error;
struct checkpoint;

enum checkpoint_type {
    CHECKPOINT_F64,
    CHECKPOINT_F32,
    CHECKPOINT_F16,
    CHECKPOINT_BF16,
    CHECKPOINT_I64,
    CHECKPOINT_I32,
    CHECKPOINT_I16,
    CHECKPOINT_I8,
    CHECKPOINT_U8,
    CHECKPOINT_BOOL,
};

#define CHECKPOINT_DIMS_MAX 8

struct checkpoint_tensor {
    const char *name; /* the key of the state dict, NUL-terminated */
    enum checkpoint_type type;
    int n_dims;                           /* 0: a scalar */
    uint64_t shape[CHECKPOINT_DIMS_MAX];  /* torch order: the last dimension lies side by side */
    uint64_t stride[CHECKPOINT_DIMS_MAX]; /* elements */
    uint64_t storage_offset;              /* elements */
    uint64_t n_elements;
};

int checkpoint_open(const char *path, struct checkpoint **ret, struct error *error);
struct checkpoint *checkpoint_close(struct checkpoint *checkpoint);
DEFINE_CLEANUP(struct checkpoint *, checkpoint_close, checkpoint_closep)

size_t checkpoint_n_tensors(const struct checkpoint *checkpoint);
const struct checkpoint_tensor *checkpoint_tensor(const struct checkpoint *checkpoint, size_t i);
const struct checkpoint_tensor *checkpoint_find(const struct checkpoint *checkpoint, const char *name);
const char *checkpoint_type_name(enum checkpoint_type type);

/* Elements first .. first + n - 1 of the tensor in row-major order of its shape (whatever its strides), as f32.
 * Memory used does not grow with the tensor. */
int checkpoint_read_f32(struct checkpoint *checkpoint, const struct checkpoint_tensor *tensor, uint64_t first, size_t n,
                        float *ret, struct error *error);
