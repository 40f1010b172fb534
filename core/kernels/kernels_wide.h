/* The tables that kernels_wide.c defines, one per instruction set that it was built for. */
#pragma once

#include "core/kernels/kernels.h"

extern const struct kernels kernels_generic, kernels_avx2, kernels_avx512;
