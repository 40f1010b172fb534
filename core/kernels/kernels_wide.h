/* What kernels_wide.c and tiles_wide.c define, once for each instruction set that they are built for; the build names
   it by VARIANT. The definitions ("ref") follow the same names. */
#pragma once

#include "core/kernels/kernels.h"

extern const struct kernels kernels_generic;
extern const struct kernels kernels_avx2, kernels_avx512, kernels_avx512vnni; /* x86-64 */
extern const struct kernels kernels_dotprod, kernels_i8mm;                    /* ARM, 64 bits */

#define VARIANT_JOIN_(name, variant) name##_##variant
#define VARIANT_JOIN(name, variant) VARIANT_JOIN_(name, variant)
#define OF_VARIANT(name) VARIANT_JOIN(name, VARIANT)

#define VARIANT_TEXT_(variant) #variant
#define VARIANT_TEXT(variant) VARIANT_TEXT_(variant)

#if defined(VARIANT)
kernel_tiles OF_VARIANT(tiles_q8_0), OF_VARIANT(tiles_q4_0), OF_VARIANT(tiles_q4_k), OF_VARIANT(tiles_q6_k);
kernel_input_row OF_VARIANT(input_row);
#endif
