/* The kernels on tiles, built once per instruction set like kernels_wide.c. A vector has LANES rows, so a step of a
   tile is PARTS vectors. What the instruction sets differ in are the products of bytes:

       many_t             sums of products of bytes, one or two lanes per row
       add_small, add_any many_t += four products of a row: of numbers 0..15, of numbers 0..63
       rows_of            many_t -> a sum per row
       add_signed         the same for numbers -127..127
       add_*_steps        the same for STEPS steps (after pair_steps) and m inputs (between pair_sums and unpair_sums)

   VNNI multiplies unsigned with signed bytes and adds up in 32 bits, ARM's dot products signed with signed ones. On
   AVX2 without VNNI pairs of products add up in 16 bits, in which eight steps of small numbers have room. ARM's matrix
   products multiply two rows with two inputs, eight neighbours of each. */
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "core/kernels/kernels_wide.h"
#include "core/kernels/tiles.h"
#include "core/kernels/vectors.h"

#define PARTS (TILE_ROWS / LANES)
/* Parts that are computed at once: they share what is loaded of the inputs, and a processor that begins two products in
   a cycle has enough of them that need not wait for each other. */
#if defined(__AVX512VNNI__)
#define TOGETHER 2
#else
#define TOGETHER 1
#endif
/* Steps, and inputs, that one product takes. */
#if defined(__ARM_FEATURE_MATMUL_INT8)
#define STEPS 2
#else
#define STEPS 1
#endif
#define INPUTS_MAX 4

typedef int8_t vb __attribute__((vector_size(LANES * 4)));
typedef uint8_t vub __attribute__((vector_size(LANES * 4)));
typedef uint8_t v_rows __attribute__((vector_size(TILE_ROWS))); /* a byte of each row */
typedef int8_t v_lanes __attribute__((vector_size(LANES)));

#define DEFINE_LOAD(name, type)                                                                                        \
    INLINE type name(const void *p)                                                                                    \
    {                                                                                                                  \
        type v;                                                                                                        \
                                                                                                                       \
        memcpy(&v, p, sizeof(v));                                                                                      \
        return v;                                                                                                      \
    }
DEFINE_LOAD(load_bytes, vub)
DEFINE_LOAD(load_rows, v_rows)

/* The four bytes of a step of the inputs, for every row. */
INLINE vb four(const int8_t *q)
{
    int32_t bits;

    memcpy(&bits, q, sizeof(bits));
    return (vb)((vi){0} + bits);
}

/* ---- products of bytes ---- */

#if defined(__AVX2__) && !defined(__AVX512VNNI__)
#if defined(__AVX512BW__)
typedef int16_t many_t __attribute__((vector_size(64)));
#define MADDUBS(a, b) (many_t) _mm512_maddubs_epi16((__m512i)(a), (__m512i)(b))
#define MADD_ONES(a) (vi) _mm512_madd_epi16((__m512i)(a), _mm512_set1_epi16(1))
#else
typedef int16_t many_t __attribute__((vector_size(32)));
#define MADDUBS(a, b) (many_t) _mm256_maddubs_epi16((__m256i)(a), (__m256i)(b))
#define MADD_ONES(a) (vi) _mm256_madd_epi16((__m256i)(a), _mm256_set1_epi16(1))
#endif

INLINE many_t add_small(many_t sums, vub w, vb x)
{
    return sums + MADDUBS(w, x);
}

INLINE vi rows_of(many_t sums)
{
    return MADD_ONES(sums);
}

INLINE vi add_any(vi sums, vub w, vb x)
{
    return sums + MADD_ONES(MADDUBS(w, x));
}

#define SIGNED_OFFSET 0

/* |w| times x with the sign of w: even 2 * 128 * 127 fits into 16 bits. */
INLINE vi add_signed(vi sums, vub w, vb x)
{
    vub negative = (vub)((vb)w < 0);

    return add_any(sums, (w ^ negative) - negative, (vb)(((vub)x ^ negative) - negative));
}

#else
typedef vi many_t;

#if defined(__AVX512VNNI__)
#define SIGNED_OFFSET 128

INLINE vi add_any(vi sums, vub w, vb x)
{
    return (vi)_mm512_dpbusd_epi32((__m512i)sums, (__m512i)w, (__m512i)x);
}
#elif defined(__ARM_FEATURE_DOTPROD)
#define SIGNED_OFFSET 0

INLINE vi add_any(vi sums, vub w, vb x)
{
    return (vi)vdotq_s32((int32x4_t)sums, (int8x16_t)w, (int8x16_t)x);
}
#else
#define SIGNED_OFFSET 128

INLINE vi add_any(vi sums, vub w, vb x)
{
    for (size_t i = 0; i < LANES; i++)
        for (size_t j = 0; j < 4; j++)
            sums[i] += w[4 * i + j] * x[4 * i + j];
    return sums;
}
#endif

INLINE many_t add_small(many_t sums, vub w, vb x)
{
    return add_any(sums, w, x);
}

INLINE vi rows_of(many_t sums)
{
    return sums;
}

/* Where bytes of weights are unsigned, -127..127 becomes 1..255; what is too much follows from the sum of x. */
INLINE vi add_signed(vi sums, vub w, vb x)
{
    return add_any(sums, SIGNED_OFFSET ? w ^ 0x80 : w, x);
}
#endif

/* ---- products of steps: m inputs, a constant of 1, 2, 3 or 4 after inlining ---- */

/* Sums for up to INPUTS_MAX inputs, weights of STEPS steps; both of `TOGETHER` parts. */
typedef vi few_products[INPUTS_MAX][TOGETHER];
typedef many_t many_products[INPUTS_MAX][TOGETHER];
typedef vub few_steps[STEPS][TOGETHER];

#if defined(__ARM_FEATURE_MATMUL_INT8)
/* A product takes two rows and two inputs, eight neighbours of each. So the lanes of two vectors take turns, those of
   two steps as those of the sums for two inputs: the first has rows 0 and 1 then, the second rows 2 and 3. The last of
   three inputs is its own partner. A single one would waste half of each product: its steps stay as they are. */
INLINE void pair_steps(few_steps w, size_t m)
{
    for (size_t t = 0; m > 1 && t < TOGETHER; t++) {
        int32x4x2_t rows = vzipq_s32((int32x4_t)w[0][t], (int32x4_t)w[1][t]);

        w[0][t] = (vub)rows.val[0];
        w[1][t] = (vub)rows.val[1];
    }
}

INLINE void pair_sums(few_products sums, size_t m)
{
    for (size_t i = 0; m > 1 && i < m; i += 2)
        for (size_t t = 0; t < TOGETHER; t++) {
            int32x4x2_t rows = vzipq_s32((int32x4_t)sums[i][t], (int32x4_t)sums[i + 1 < m ? i + 1 : i][t]);

            sums[i][t] = (vi)rows.val[0];
            sums[i + 1][t] = (vi)rows.val[1];
        }
}

INLINE void unpair_sums(few_products sums, size_t m)
{
    for (size_t i = 0; m > 1 && i < m; i += 2)
        for (size_t t = 0; t < TOGETHER; t++) {
            int32x4x2_t inputs = vuzpq_s32((int32x4_t)sums[i][t], (int32x4_t)sums[i + 1][t]);

            sums[i][t] = (vi)inputs.val[0];
            sums[i + 1][t] = (vi)inputs.val[1];
        }
}

/* Whether there were pairs; a single input is left to the caller. */
INLINE bool add_pairs(few_products sums, few_steps w, const struct input_row *inputs, size_t m, size_t k)
{
    for (size_t i = 0; m > 1 && i < m; i += 2) {
        int8x16_t pair = vcombine_s8(vld1_s8(inputs[i].q + k), vld1_s8(inputs[i + 1 < m ? i + 1 : i].q + k));

        for (size_t t = 0; t < TOGETHER; t++)
            for (size_t s = 0; s < STEPS; s++)
                sums[i + s][t] = (vi)vmmlaq_s32((int32x4_t)sums[i + s][t], (int8x16_t)w[s][t], pair);
    }
    return m > 1;
}
#else
INLINE void pair_steps(few_steps w, size_t m)
{
    (void)w, (void)m;
}

INLINE void pair_sums(few_products sums, size_t m)
{
    (void)sums, (void)m;
}

INLINE void unpair_sums(few_products sums, size_t m)
{
    (void)sums, (void)m;
}

#define add_pairs(sums, w, inputs, m, k) false
#endif

#define DEFINE_ADD_STEPS(name, add, sums_t)                                                                            \
    INLINE void name(sums_t sums, few_steps w, const struct input_row *inputs, size_t m, size_t k)                     \
    {                                                                                                                  \
        if (add_pairs(sums, w, inputs, m, k))                                                                          \
            return;                                                                                                    \
        for (size_t s = 0; s < STEPS; s++)                                                                             \
            for (size_t i = 0; i < m; i++)                                                                             \
                for (size_t t = 0; t < TOGETHER; t++)                                                                  \
                    sums[i][t] = add(sums[i][t], w[s][t], four(inputs[i].q + k + s * 4));                              \
    }
DEFINE_ADD_STEPS(add_small_steps, add_small, many_products)
DEFINE_ADD_STEPS(add_any_steps, add_any, few_products)
DEFINE_ADD_STEPS(add_signed_steps, add_signed, few_products)

/* Two 16-bit numbers of each row times two of an input. */
INLINE vi add_pair(vi sums, vi pairs, const int16_t *x)
{
    int32_t bits;
    vi both;

    memcpy(&bits, x, sizeof(bits));
    both = (vi){0} + bits;
#if defined(__AVX512VNNI__)
    return (vi)_mm512_dpwssd_epi32((__m512i)sums, (__m512i)pairs, (__m512i)both);
#elif defined(__AVX512BW__)
    return sums + (vi)_mm512_madd_epi16((__m512i)pairs, (__m512i)both);
#elif defined(__AVX2__)
    return sums + (vi)_mm256_madd_epi16((__m256i)pairs, (__m256i)both);
#else
    return sums + (pairs << 16 >> 16) * (both << 16 >> 16) + (pairs >> 16) * (both >> 16);
#endif
}

/* ---- scales ---- */

INLINE vf floats_of(vi sums)
{
    return __builtin_convertvector(sums, vf);
}

/* ---- inputs ---- */

#define IN_BLOCK (32 / LANES) /* vectors of a block */

/* Rounded to the nearest integers, ties to even; |v| < 2^22. */
INLINE vi nearest(vf v)
{
#if defined(__AVX512F__)
    return (vi)_mm512_cvtps_epi32((__m512)v);
#elif defined(__AVX2__)
    return (vi)_mm256_cvtps_epi32((__m256)v);
#elif defined(__aarch64__)
    return (vi)vcvtnq_s32_f32((float32x4_t)v);
#else
    vf sum = v + all(0x1.8p23f); /* has the integer in its low bits */

    return (vi)sum - (vi)all(0x1.8p23f);
#endif
}

/* Of vectors of integers, lane by lane. */
#define LARGER(a, b) (((a) & ((a) > (b))) | ((b) & ~((a) > (b))))

typedef int32_t v4i __attribute__((vector_size(16)));
#define ROTATED(v, n) __builtin_shufflevector(v, v, n, (n + 1) % 4, (n + 2) % 4, (n + 3) % 4)

INLINE int32_t max_of_lanes(vi v)
{
    v4i part[LANES / 4], all;

    memcpy(part, &v, sizeof(v));
    all = part[0];
    for (size_t i = 1; i < LANES / 4; i++)
        all = LARGER(all, part[i]);
    all = LARGER(all, ROTATED(all, 2));
    return all[0] > all[1] ? all[0] : all[1];
}

INLINE int32_t sum_of_lanes(vi v)
{
    v4i part[LANES / 4], all;

    memcpy(part, &v, sizeof(v));
    all = part[0];
    for (size_t i = 1; i < LANES / 4; i++)
        all += part[i];
    all += ROTATED(all, 2);
    return all[0] + all[1];
}

/* Compared as integers, magnitudes keep their order, and infinities and NaN come last. */
INLINE uint32_t largest_bits(const float *x)
{
    vi most = {0};

    for (size_t v = 0; v < IN_BLOCK; v++)
        most = LARGER(most, (vi)load(x + v * LANES) & 0x7fffffff);
    return (uint32_t)max_of_lanes(most);
}

#define INFINITE_BITS 0x7f800000

/* Of a block whose largest magnitude has these bits; d is 0 or NaN where the factor is 0. */
INLINE float factor_of(uint32_t bits, float *ret_d)
{
    float largest = as_float(bits), factor = bits < INFINITE_BITS && largest > INPUT_MIN ? 127 / largest : 0;

    *ret_d = bits >= INFINITE_BITS ? NAN : factor > 0 ? largest / 127 : 0;
    return factor;
}

/* 32 numbers, times factor -> bytes and their sums. */
INLINE void round_small_block(const float *x, float factor, int8_t *q, int32_t half_sums[2])
{
    vi halves[2] = {{0}};

    for (size_t v = 0; v < IN_BLOCK; v++) {
        vi whole = factor > 0 ? nearest(load(x + v * LANES) * all(factor)) : (vi){0};
        v_lanes bytes = __builtin_convertvector(whole, v_lanes);

        halves[v / (IN_BLOCK / 2)] += whole;
        memcpy(q + v * LANES, &bytes, sizeof(bytes));
    }
    half_sums[0] = sum_of_lanes(halves[0]);
    half_sums[1] = sum_of_lanes(halves[1]);
}

/* The least e for 32 numbers of which the largest magnitude has the bits `own`, beside the largest of all with the bits
   `most`: 2^(e - e_max) times the latter is not below the former. */
INLINE int exponent_for(uint32_t own, uint32_t most, int e_max)
{
    int e = e_max + (((int32_t)(own - most) + 0x7fffff) >> 23);

    return e > 0 ? e : 0;
}

/* n numbers with the same d, which is written to `d`. */
INLINE void round_span(const float *x, size_t n, int e_max, float *d, int8_t *q, int32_t *half_sums, int32_t *exponents)
{
    uint32_t most = 0;
    float factor;

    for (size_t b = 0; b < n / SMALL_BLOCK; b++) {
        uint32_t bits = largest_bits(x + b * SMALL_BLOCK);

        fetch_ahead((const char *)(x + b * SMALL_BLOCK), SMALL_BLOCK * sizeof(*x));
        most = bits > most ? bits : most;
        exponents[b] = (int32_t)bits;
    }
    factor = factor_of(most, d);
    *d /= (float)(1 << e_max);
    for (size_t b = 0; b < n / SMALL_BLOCK; b++) {
        int e = factor > 0 ? exponent_for((uint32_t)exponents[b], most, e_max) : 0;

        round_small_block(x + b * SMALL_BLOCK, factor * (float)(1 << (e_max - e)), q + b * SMALL_BLOCK,
                          half_sums + 2 * b);
        exponents[b] = e << 23;
    }
}

void OF_VARIANT(input_row)(const float *x, size_t n, size_t n_block, void *memory)
{
    struct input_row row = input_row_at(memory, n);
    size_t n_span = n_block == LARGE_BLOCK ? LARGE_BLOCK : n;
    int e_max = n_block == LARGE_BLOCK ? BLOCK_EXPONENT_MAX : ROW_EXPONENT_MAX;

    for (size_t first = 0; first < n; first += n_span)
        round_span(x + first, n_span, e_max, (float *)row.d + first / n_span, (int8_t *)row.q + first,
                   (int32_t *)row.half_sums + first / 16, (int32_t *)row.exponents + first / SMALL_BLOCK);
    for (size_t b = 0; n_block == LARGE_BLOCK && b < n / SMALL_BLOCK; b++)
        ((int16_t *)row.sums)[b] =
            (int16_t)((row.half_sums[2 * b] + row.half_sums[2 * b + 1]) * (1 << (row.exponents[b] >> 23)));
}

/* ---- products of rows ---- */

INLINE void store_sums(vf sums[INPUTS_MAX][PARTS], size_t m, size_t n_rows, float *ret, size_t ret_stride)
{
    for (size_t i = 0; i < m; i++) {
        if (n_rows == TILE_ROWS)
            memcpy(ret + i * ret_stride, sums[i], TILE_ROWS * sizeof(float));
        else
            memcpy(ret + i * ret_stride, sums[i], n_rows * sizeof(float));
    }
}

/* What comes behind the tiles at hand is fetched while they are multiplied, so that the memory is busy all the time,
   not only when a tile is met first. A row of tiles that meets several groups of inputs stays in the second-level cache
   meanwhile, and each group brings a share of the next row there. */
struct ahead {
    const char *tile;      /* at hand; with several groups, at the same place in the next row */
    size_t share, n_share; /* lines share, share + n_share, ... are fetched */
};

INLINE void fetch(struct ahead *ahead, size_t n_bytes)
{
    if (ahead->n_share == 1)
        fetch_ahead(ahead->tile, n_bytes);
    for (size_t at = ahead->share * 64; ahead->n_share > 1 && at < n_bytes; at += ahead->n_share * 64)
        __builtin_prefetch(ahead->tile + at, 0, 2);
    ahead->tile += n_bytes;
}

/* Steps of `TOGETHER` parts from `part` on, of a tile at q. */
INLINE void load_steps(const void *q, size_t part, few_steps ret)
{
    for (size_t s = 0; s < STEPS; s++)
        for (size_t t = 0; t < TOGETHER; t++)
            ret[s][t] = load_bytes((const uint8_t *)q + s * TILE_STEP + (part + t) * sizeof(vub));
}

/* Scales times 2^e: exponents are added. A scale of 0 becomes less than 1e-30, and the numbers that it belongs to are 0
   anyway. */
INLINE vf times_power(vf scales, int32_t exponent)
{
    return (vf)((vi)scales + exponent);
}

INLINE void add_to_sums(few_products products, const struct input_row *inputs, size_t m, size_t block, size_t part,
                        const vf scales[TOGETHER], vf sums[INPUTS_MAX][PARTS])
{
    for (size_t i = 0; i < m; i++)
        for (size_t t = 0; t < TOGETHER; t++)
            sums[i][part + t] += floats_of(products[i][t]) * times_power(scales[t], inputs[i].exponents[block]);
}

/* Of rows that have a single d. */
INLINE void apply_d(const struct input_row *inputs, size_t m, vf sums[INPUTS_MAX][PARTS])
{
    for (size_t i = 0; i < m; i++)
        for (size_t part = 0; part < PARTS; part++)
            sums[i][part] *= all(*inputs[i].d);
}

/* The products of 16 neighbours. */
INLINE void add_bytes(const int8_t q[4][TILE_STEP], size_t part, const struct input_row *inputs, size_t m, size_t k,
                      few_products sums)
{
    for (size_t s = 0; s < 4; s += STEPS) {
        few_steps w;

        load_steps(q[s], part, w);
        pair_steps(w, m);
        add_signed_steps(sums, w, inputs, m, k + s * 4);
    }
}

INLINE void few_q8_0(const struct tile_q8_0 *tile, const struct input_row *inputs, size_t m, size_t n,
                     struct ahead ahead, vf sums[INPUTS_MAX][PARTS])
{
    for (size_t b = 0; b < n / 32; b++, tile++) {
        for (size_t part = 0; part < PARTS; part += TOGETHER) {
            vf d[TOGETHER];
            few_products products;

            for (size_t t = 0; t < TOGETHER; t++) {
                d[t] = load_f16(tile->d, (part + t) * LANES);
                for (size_t i = 0; i < m; i++)
                    products[i][t] =
                        (vi){0} - SIGNED_OFFSET * (inputs[i].half_sums[2 * b] + inputs[i].half_sums[2 * b + 1]);
            }
            pair_sums(products, m);
            if (part == 0)
                fetch(&ahead, sizeof(*tile) / 2);
            add_bytes(tile->q, part, inputs, m, b * 32, products);
            if (part == 0)
                fetch(&ahead, sizeof(*tile) / 2);
            add_bytes(tile->q + 4, part, inputs, m, b * 32 + 16, products);
            unpair_sums(products, m);
            add_to_sums(products, inputs, m, b, part, d, sums);
        }
    }
}

/* The products of 32 neighbours in four bits. */
INLINE void add_nibbles(const uint8_t q[4][TILE_STEP], size_t part, const struct input_row *inputs, size_t m, size_t k,
                        few_products ret)
{
    many_products products = {{{0}}};

    for (size_t s = 0; s < 4; s += STEPS) {
        few_steps both, low, high;

        load_steps(q[s], part, both);
        pair_steps(both, m);
        for (size_t j = 0; j < STEPS; j++)
            for (size_t t = 0; t < TOGETHER; t++) {
                low[j][t] = both[j][t] & 15;
                high[j][t] = both[j][t] >> 4;
            }
        add_small_steps(products, low, inputs, m, k + s * 4);
        add_small_steps(products, high, inputs, m, k + 16 + s * 4);
    }
    for (size_t i = 0; i < INPUTS_MAX; i++) /* m, and the partner of the last */
        for (size_t t = 0; t < TOGETHER; t++)
            ret[i][t] = rows_of(products[i][t]);
    unpair_sums(ret, m);
}

INLINE void few_q4_0(const struct tile_q4_0 *tile, const struct input_row *inputs, size_t m, size_t n,
                     struct ahead ahead, vf sums[INPUTS_MAX][PARTS])
{
    for (size_t b = 0; b < n / 32; b++, tile++) {
        fetch(&ahead, sizeof(*tile));
        for (size_t part = 0; part < PARTS; part += TOGETHER) {
            vf d[TOGETHER];
            few_products products;

            add_nibbles(tile->q, part, inputs, m, b * 32, products);
            for (size_t t = 0; t < TOGETHER; t++) {
                d[t] = load_f16(tile->d, (part + t) * LANES);
                for (size_t i = 0; i < m; i++)
                    products[i][t] -= 8 * (inputs[i].half_sums[2 * b] + inputs[i].half_sums[2 * b + 1]);
            }
            add_to_sums(products, inputs, m, b, part, d, sums);
        }
    }
}

/* Scales and minima of all groups and rows; see block_q4_k_pair(). */
INLINE void unpack_pairs(const struct tile_q4_k *tile, uint8_t scales[8][TILE_ROWS], uint8_t minima[8][TILE_ROWS])
{
    for (size_t j = 0; j < 4; j++) {
        v_rows low = load_rows(tile->scales[j]), high = load_rows(tile->scales[j + 4]);
        v_rows both = load_rows(tile->scales[j + 8]), part;

        part = low & 63;
        memcpy(scales[j], &part, TILE_ROWS);
        part = high & 63;
        memcpy(minima[j], &part, TILE_ROWS);
        part = (both & 15) | low >> 6 << 4;
        memcpy(scales[j + 4], &part, TILE_ROWS);
        part = both >> 4 | high >> 6 << 4;
        memcpy(minima[j + 4], &part, TILE_ROWS);
    }
}

/* Of the 32 neighbours at `at`, whose weights have the same scale. */
INLINE void add_to_totals(few_products products, const struct input_row *inputs, size_t m, size_t at,
                          const vf scales[TOGETHER], vf totals[INPUTS_MAX][TOGETHER])
{
    for (size_t i = 0; i < m; i++)
        for (size_t t = 0; t < TOGETHER; t++)
            totals[i][t] += floats_of(products[i][t]) * times_power(scales[t], inputs[i].exponents[at]);
}

/* The minima of all groups times the sums of an input's numbers. */
INLINE void multiply_minima(uint8_t minima[8][TILE_ROWS], size_t part, const struct input_row *inputs, size_t m,
                            size_t b, vf ret[INPUTS_MAX][TOGETHER])
{
    few_products products = {{{0}}};

    for (size_t j = 0; j < 8; j += 2)
        for (size_t t = 0; t < TOGETHER; t++) {
            size_t r = (part + t) * LANES;
            vi pairs = BYTES_AS_VI(minima[j] + r, epu8) | BYTES_AS_VI(minima[j + 1] + r, epu8) << 16;

            for (size_t i = 0; i < m; i++)
                products[i][t] = add_pair(products[i][t], pairs, inputs[i].sums + b * 8 + j);
        }
    for (size_t i = 0; i < m; i++)
        for (size_t t = 0; t < TOGETHER; t++)
            ret[i][t] = floats_of(products[i][t]);
}

INLINE void few_q4_k(const struct tile_q4_k *tile, const struct input_row *inputs, size_t m, size_t n,
                     struct ahead ahead, vf sums[INPUTS_MAX][PARTS])
{
    for (size_t b = 0; b < n / 256; b++, tile++) {
        uint8_t scales[8][TILE_ROWS], minima[8][TILE_ROWS];

        unpack_pairs(tile, scales, minima);
        for (size_t part = 0; part < PARTS; part += TOGETHER) {
            vf totals[INPUTS_MAX][TOGETHER] = {{{0}}}, less[INPUTS_MAX][TOGETHER];

            for (size_t j = 0; j < 8; j++) {
                vf factors[TOGETHER];
                few_products products;

                if (part == 0)
                    fetch(&ahead, sizeof(*tile) / 8);
                for (size_t t = 0; t < TOGETHER; t++)
                    factors[t] = floats_of_u8(scales[j] + (part + t) * LANES);
                add_nibbles(tile->q[j], part, inputs, m, b * 256 + j * 32, products);
                add_to_totals(products, inputs, m, b * 8 + j, factors, totals);
            }
            multiply_minima(minima, part, inputs, m, b, less);
            for (size_t t = 0; t < TOGETHER; t++) {
                vf d = load_f16(tile->d, (part + t) * LANES), dmin = load_f16(tile->dmin, (part + t) * LANES);

                for (size_t i = 0; i < m; i++)
                    sums[i][part + t] += (totals[i][t] * d - less[i][t] * dmin) * all(inputs[i].d[b]);
            }
        }
    }
}

/* The products of 16 neighbours in six bits, those of half h of a group: steps 4 h .. 4 h + 3. */
INLINE void add_sixes(const struct tile_q6_k *tile, size_t j, size_t h, size_t part, const struct input_row *inputs,
                      size_t m, size_t k, few_products ret)
{
    vu high[TOGETHER]; /* shifted as 32 bits: what comes from neighbouring bytes is masked */

    for (size_t t = 0; t < TOGETHER; t++) {
        high[t] = (vu)load_bytes(tile->high[j][h] + (part + t) * sizeof(vub));
        for (size_t i = 0; i < m; i++)
            ret[i][t] = (vi){0} - 32 * inputs[i].half_sums[k / 16 + h];
    }
    pair_sums(ret, m);
    for (size_t s = 0; s < 4; s += STEPS) {
        few_steps w;

        load_steps(tile->low[j][s], part, w);
        for (size_t i = 0; i < STEPS; i++)
            for (size_t t = 0; t < TOGETHER; t++)
                w[i][t] =
                    (vub)(((vu)w[i][t] >> (4 * h) & 0x0f0f0f0f) |
                          ((s + i < 2 ? high[t] << (4 - 2 * (s + i)) : high[t] >> (2 * (s + i) - 4)) & 0x30303030));
        pair_steps(w, m);
        add_any_steps(ret, w, inputs, m, k + h * 16 + s * 4);
    }
    unpair_sums(ret, m);
}

/* Half h of group j of a tile. */
INLINE void add_half(const struct tile_q6_k *tile, size_t j, size_t h, size_t part, const struct input_row *inputs,
                     size_t m, size_t b, vf totals[INPUTS_MAX][TOGETHER])
{
    vf scales[TOGETHER];
    few_products products;

    for (size_t t = 0; t < TOGETHER; t++)
        scales[t] = floats_of_i8(tile->scales[2 * j + h] + (part + t) * LANES);
    add_sixes(tile, j, h, part, inputs, m, b * 256 + j * 32, products);
    add_to_totals(products, inputs, m, b * 8 + j, scales, totals);
}

INLINE void few_q6_k(const struct tile_q6_k *tile, const struct input_row *inputs, size_t m, size_t n,
                     struct ahead ahead, vf sums[INPUTS_MAX][PARTS])
{
    for (size_t b = 0; b < n / 256; b++, tile++) {
        for (size_t part = 0; part < PARTS; part += TOGETHER) {
            vf totals[INPUTS_MAX][TOGETHER] = {{{0}}};

            for (size_t j = 0; j < 8; j++) {
                if (part == 0)
                    fetch(&ahead, sizeof(*tile) / 8);
                add_half(tile, j, 0, part, inputs, m, b, totals);
                add_half(tile, j, 1, part, inputs, m, b, totals);
            }
            for (size_t t = 0; t < TOGETHER; t++) {
                vf d = load_f16(tile->d, (part + t) * LANES);

                for (size_t i = 0; i < m; i++)
                    sums[i][part + t] += totals[i][t] * d * all(inputs[i].d[b]);
            }
        }
    }
}

/* m inputs are multiplied in n_share groups of at most INPUTS_MAX, as even as possible without parting a pair. */
INLINE size_t group_start(size_t m, size_t share, size_t n_share)
{
    size_t first = (m * share / n_share + STEPS - 1) / STEPS * STEPS;

    return first < m ? first : m;
}

#define DEFINE_TILES(type, n_block)                                                                                    \
    INLINE void some_##type(const void *tiles, const char *inputs, size_t m, size_t n, size_t n_rows, size_t share,    \
                            size_t n_share, float *ret, size_t ret_stride)                                             \
    {                                                                                                                  \
        struct input_row rows[INPUTS_MAX];                                                                             \
        vf sums[INPUTS_MAX][PARTS] = {{{0}}};                                                                          \
        struct ahead ahead = {tiles, share, n_share};                                                                  \
                                                                                                                       \
        if (n_share > 1)                                                                                               \
            ahead.tile += n / (n_block) * sizeof(struct tile_##type);                                                  \
        for (size_t i = 0; i < m; i++)                                                                                 \
            rows[i] = input_row_at(inputs + i * input_row_bytes(n), n);                                                \
        few_##type(tiles, rows, m, n, ahead, sums);                                                                    \
        if ((n_block) == SMALL_BLOCK)                                                                                  \
            apply_d(rows, m, sums);                                                                                    \
        store_sums(sums, m, n_rows, ret, ret_stride);                                                                  \
    }                                                                                                                  \
                                                                                                                       \
    void OF_VARIANT(tiles_##type)(const void *tiles, const void *inputs, size_t m, size_t n, size_t n_rows,            \
                                  float *ret, size_t ret_stride)                                                       \
    {                                                                                                                  \
        size_t n_share = (m + INPUTS_MAX - 1) / INPUTS_MAX;                                                            \
                                                                                                                       \
        for (size_t share = 0; share < n_share; share++) {                                                             \
            size_t first = group_start(m, share, n_share), n_here = group_start(m, share + 1, n_share) - first;        \
            const char *rows = (const char *)inputs + first * input_row_bytes(n);                                      \
            float *sums = ret + first * ret_stride;                                                                    \
                                                                                                                       \
            switch (n_here) {                                                                                          \
            case 1:                                                                                                    \
                some_##type(tiles, rows, 1, n, n_rows, share, n_share, sums, ret_stride);                              \
                break;                                                                                                 \
            case 2:                                                                                                    \
                some_##type(tiles, rows, 2, n, n_rows, share, n_share, sums, ret_stride);                              \
                break;                                                                                                 \
            case 3:                                                                                                    \
                some_##type(tiles, rows, 3, n, n_rows, share, n_share, sums, ret_stride);                              \
                break;                                                                                                 \
            default:                                                                                                   \
                some_##type(tiles, rows, 4, n, n_rows, share, n_share, sums, ret_stride);                              \
            }                                                                                                          \
        }                                                                                                              \
    }
DEFINE_TILES(q8_0, SMALL_BLOCK)
DEFINE_TILES(q4_0, SMALL_BLOCK)
DEFINE_TILES(q4_k, LARGE_BLOCK)
DEFINE_TILES(q6_k, LARGE_BLOCK)
