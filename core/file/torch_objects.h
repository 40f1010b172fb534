/* What the names in a PyTorch state dict stand for: the complete list of classes and functions that a pickle may
   mention here, and what comes out when it calls them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/file/checkpoint.h"
#include "core/file/pickle_value.h"

struct error;

struct torch_storage {
    enum checkpoint_type type;
    const char *key; /* of the archive's member */
    uint64_t n_elements;
};

/* A view of a storage as the pickle describes it: its numbers are not checked against the storage yet. */
struct torch_tensor {
    const struct torch_storage *storage;
    uint64_t offset; /* elements */
    int n_dims;
    uint64_t shape[CHECKPOINT_DIMS_MAX], stride[CHECKPOINT_DIMS_MAX];
};

/* NULL: not on the list. */
const struct pickle_value *torch_name(const struct pickle_text *module, const struct pickle_text *name);

/* "Calls" a name with a tuple of arguments. */
int torch_call(struct arena *arena, const struct pickle_value *name, const struct pickle_value *arguments,
               const struct pickle_value **ret, struct error *error);

/* The persistent object of an identification: ('storage', class, key, location, number of elements). */
int torch_persistent(struct arena *arena, const struct pickle_value *identification, const struct pickle_value **ret,
                     struct error *error);
