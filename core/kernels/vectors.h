/* Vectors of the compiler (GCC and clang extensions), as wide as the instruction set allows for which a file is built,
   and what all such files do with them. For kernels_wide.c and tiles_wide.c only. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__)
#define LANES 16
#elif defined(__AVX2__)
#define LANES 8
#else
#define LANES 4
#endif

#if defined(__AVX2__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

typedef float vf __attribute__((vector_size(LANES * 4)));
typedef int32_t vi __attribute__((vector_size(LANES * 4)));
typedef uint32_t vu __attribute__((vector_size(LANES * 4)));
typedef uint16_t vh __attribute__((vector_size(LANES * 2)));

#define INLINE static inline __attribute__((always_inline))

INLINE vf load(const float *p)
{
    vf v;

    memcpy(&v, p, sizeof(v));
    return v;
}

INLINE void store(float *p, vf v)
{
    memcpy(p, &v, sizeof(v));
}

/* Not 0 + value, which the compiler must compute: it turns -0 into 0. */
INLINE vf all(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return (vf)((vu){0} + bits);
}

INLINE float as_float(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

INLINE vh load_halves(const void *p, size_t k)
{
    vh halves;

    memcpy(&halves, (const uint16_t *)p + k, sizeof(halves));
    return halves;
}

/* Exponent and fraction move into place, a multiplication corrects the bias and makes subnormals normal; what was
 * infinite or NaN gets the full exponent back. */
INLINE vf load_f16(const void *p, size_t k)
{
#if defined(__AVX512F__)
    return (vf)_mm512_cvtph_ps((__m256i)load_halves(p, k));
#elif defined(__F16C__)
    return (vf)_mm256_cvtph_ps((__m128i)load_halves(p, k));
#elif defined(__aarch64__)
    return (vf)vcvt_f32_f16((float16x4_t)load_halves(p, k));
#else
    vu half = __builtin_convertvector(load_halves(p, k), vu);
    vu sign = (half & 0x8000) << 16, rest = (half & 0x7fff) << 13;
    vu special = (vu)(rest >= 0x0f800000) & 0x7f800000;

    return (vf)(sign | special | (vu)((vf)rest * 0x1p112f));
#endif
}

INLINE float get_f16(const void *p, size_t k)
{
#if defined(__F16C__)
    return _cvtsh_ss(((const uint16_t *)p)[k]);
#elif defined(__aarch64__)
    return (float)((const __fp16 *)p)[k];
#else
    uint32_t half = ((const uint16_t *)p)[k], rest = (half & 0x7fff) << 13, bits;
    float value = as_float(rest) * 0x1p112f;

    memcpy(&bits, &value, sizeof(bits));
    return as_float((half & 0x8000) << 16 | (rest >= 0x0f800000 ? 0x7f800000 : 0) | bits);
#endif
}

/* What is read once and in order is fetched so far ahead: as long as memory takes to answer. Processors do that by
   themselves, but not across the borders of small pages. Past the second-level cache: what that would have to give up
   costs a tenth of the bandwidth. */
#define AHEAD 8192 /* bytes */

INLINE void fetch_ahead(const char *p, size_t n_bytes)
{
    for (size_t at = 0; at < n_bytes; at += 64)
        __builtin_prefetch(p + AHEAD + at, 0, 0);
}

/* LANES bytes -> f32. */
#if defined(__AVX512F__)
#define BYTES_AS_VI(p, kind) (vi) _mm512_cvt##kind##_epi32(_mm_loadu_si128((const void *)(p)))
#elif defined(__AVX2__)
#define BYTES_AS_VI(p, kind) (vi) _mm256_cvt##kind##_epi32(_mm_loadl_epi64((const void *)(p)))
#else
#define BYTES_AS_VI(p, kind) ((vi){(p)[0], (p)[1], (p)[2], (p)[3]})
#endif
#define DEFINE_FLOATS_OF(name, type, kind)                                                                             \
    INLINE vf name(const type *p)                                                                                      \
    {                                                                                                                  \
        return __builtin_convertvector(BYTES_AS_VI(p, kind), vf);                                                      \
    }
DEFINE_FLOATS_OF(floats_of_u8, uint8_t, epu8)
DEFINE_FLOATS_OF(floats_of_i8, int8_t, epi8)
