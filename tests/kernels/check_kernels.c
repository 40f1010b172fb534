/* Every variant of every kernel against its definition: odd sizes, unaligned pointers, extreme values, and guard words
   around every output. `check_kernels` prints TAP; `check_kernels --bench` prints the speed of each variant beside the
   definition's: GB/s of weights or elements per nanosecond. Variants that this CPU cannot run are skipped. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/random.h"
#include "core/kernels/cpu.h"
#include "core/kernels/kernels.h"
#include "core/kernels/kernels_wide.h"

#if defined(__x86_64__)
#define HAVE_X86 1
#else
#define HAVE_X86 0
#endif
#define N_MAX 4099
#define M_MAX 9
#define GUARD 8
#define GUARD_VALUE 12345.5f

static struct random random_state;
static int n_tests, n_failed;

static float uniform(float low, float high)
{
    return low + (high - low) * (float)random_unit(&random_state);
}

/* Numbers of many magnitudes, exact zeros among them. */
static float wild(void)
{
    return random_below(&random_state, 16) == 0 ? 0 : ldexpf(uniform(-1, 1), (int)random_below(&random_state, 12) - 6);
}

static void fill(float *ret, size_t n, float (*next)(void))
{
    for (size_t i = 0; i < n; i++)
        ret[i] = next();
}

static float moderate(void)
{
    return uniform(-4, 4);
}

/* Beyond the range of exp() on both sides now and then. */
static float extreme(void)
{
    switch (random_below(&random_state, 8)) {
    case 0:
        return uniform(80, 2000);
    case 1:
        return uniform(-2000, -80);
    default:
        return uniform(-20, 20);
    }
}

struct output {
    float memory[GUARD + N_MAX * 2 + GUARD];
};

static float *guarded(struct output *output, size_t offset)
{
    for (size_t i = 0; i < ARRAY_SIZE(output->memory); i++)
        output->memory[i] = GUARD_VALUE;
    return output->memory + GUARD + offset;
}

static bool guards_hold(const struct output *output, size_t offset, size_t n)
{
    for (size_t i = 0; i < ARRAY_SIZE(output->memory); i++)
        if ((i < GUARD + offset || i >= GUARD + offset + n) && output->memory[i] != GUARD_VALUE)
            return false;
    return true;
}

static struct output expected_memory, found_memory;

/* Compares n numbers; tolerance(i) is what element i may be off by. */
static const char *compare(const float *expected, const float *found, size_t n, const double *tolerance)
{
    static char text[160];

    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)expected[i] - found[i]) <= tolerance[i])) {
            snprintf(text, sizeof(text), "element %zu of %zu: expected %.9g, found %.9g, tolerance %.2g", i, n,
                     (double)expected[i], (double)found[i], tolerance[i]);
            return text;
        }
    return NULL;
}

static const size_t sizes[] = {1, 2, 3, 7, 15, 16, 17, 31, 63, 64, 65, 127, 257, 588, 1000, N_MAX};

/* ---- one check per kind of kernel: NULL, or what is wrong ---- */

enum stored { STORED_F32, STORED_F16, STORED_BF16 };
static kernel_dots *dots_of(const struct kernels *k, enum stored type)
{
    return type == STORED_F32 ? k->dots_f32 : type == STORED_F16 ? k->dots_f16 : k->dots_bf16;
}

static uint16_t half_of(enum stored type)
{
    uint32_t bits = random_u32(&random_state);

    /* Any sign and fraction; exponents around 1, and subnormals in f16. */
    if (type == STORED_F16)
        return (uint16_t)((bits & 0x83ff) | (bits >> 16) % 18 << 10);
    return (uint16_t)((bits & 0x807f) | (120 + (bits >> 16) % 12) << 7);
}

static const char *check_dots(const struct kernels *kernels, enum stored type)
{
    static float weights[N_MAX + 4], x[M_MAX * (N_MAX + 5)], widened[N_MAX];
    static double tolerance[M_MAX * 3];
    uint16_t *halves = (uint16_t *)weights;

    for (size_t s = 0; s < ARRAY_SIZE(sizes); s++)
        for (size_t m = 1; m <= M_MAX; m++) {
            size_t n = sizes[s], stride = n + m % 3, ret_stride = 1 + m % 3, offset = s % 3;
            const void *w = type == STORED_F32 ? (void *)(weights + offset) : (void *)(halves + offset);
            float *expected, *found;
            const char *wrong = NULL;

            fill(weights, N_MAX + 4, wild);
            for (size_t k = 0; type != STORED_F32 && k < N_MAX + 4; k++)
                halves[k] = half_of(type);
            fill(x, M_MAX * (N_MAX + 5), wild);
            expected = guarded(&expected_memory, 0);
            found = guarded(&found_memory, 0);
            dots_of(&kernels_ref, type)(w, x + offset, stride, m, n, expected, ret_stride);
            dots_of(kernels, type)(w, x + offset, stride, m, n, found, ret_stride);
            if (type == STORED_F32)
                memcpy(widened, w, n * sizeof(float));
            else
                (type == STORED_F16 ? kernels_ref.widen_f16 : kernels_ref.widen_bf16)(w, n, widened);
            for (size_t i = 0; i < m && !wrong; i++) {
                tolerance[0] = 1e-30;
                for (size_t k = 0; k < n; k++)
                    tolerance[0] += 2e-6 * fabs((double)widened[k] * x[offset + i * stride + k]);
                wrong = compare(expected + i * ret_stride, found + i * ret_stride, 1, tolerance);
            }
            if (wrong)
                return wrong;
            if (!guards_hold(&found_memory, 0, (m - 1) * ret_stride + 1))
                return "wrote outside of its output";
        }
    return NULL;
}

static const char *check_dots_f32(const struct kernels *kernels)
{
    return check_dots(kernels, STORED_F32);
}

static const char *check_dots_f16(const struct kernels *kernels)
{
    return check_dots(kernels, STORED_F16);
}

static const char *check_dots_bf16(const struct kernels *kernels)
{
    return check_dots(kernels, STORED_BF16);
}

/* All 65536 values, bit for bit but for NaN, which only has to stay NaN. */
static const char *check_widen(kernel_widen *expected_widen, kernel_widen *widen)
{
    static uint16_t halves[65536 + 3];
    static float expected[65536], found[65536 + 1];

    for (size_t offset = 0; offset < 3; offset++) {
        for (size_t i = 0; i < 65536; i++)
            halves[offset + i] = (uint16_t)i;
        found[65535 - offset] = GUARD_VALUE;
        expected_widen(halves + offset, 65535 - offset, expected);
        widen(halves + offset, 65535 - offset, found);
        for (size_t i = 0; i < 65535 - offset; i++)
            if (memcmp(&expected[i], &found[i], sizeof(float)) != 0 && !(isnan(expected[i]) && isnan(found[i])))
                return "a value differs";
        if (found[65535 - offset] != GUARD_VALUE)
            return "wrote outside of its output";
    }
    return NULL;
}

static const char *check_widen_f16(const struct kernels *kernels)
{
    return check_widen(kernels_ref.widen_f16, kernels->widen_f16);
}

static const char *check_widen_bf16(const struct kernels *kernels)
{
    return check_widen(kernels_ref.widen_bf16, kernels->widen_bf16);
}

static float x[N_MAX + 4], y[N_MAX + 4], z[N_MAX + 4];
static double tolerances[N_MAX];

static void tolerate(const float *values, size_t n, double relative, bool largest)
{
    double max = 0;

    for (size_t i = 0; i < n; i++)
        max = fmax(max, fabs((double)values[i]));
    for (size_t i = 0; i < n; i++)
        tolerances[i] = relative * (largest ? max : fabs((double)values[i])) + 1e-30;
}

static const char *check_norms(const struct kernels *kernels, bool rms)
{
    for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
        size_t n = sizes[s], offset = s % 3;
        float *expected = guarded(&expected_memory, offset), *found = guarded(&found_memory, offset);
        const char *wrong;

        fill(x, n + offset, moderate);
        fill(y, n + offset, moderate);
        fill(z, n + offset, moderate);
        if (rms) {
            kernels_ref.rms_norm(x + offset, y + offset, 1e-5f, n, expected);
            kernels->rms_norm(x + offset, y + offset, 1e-5f, n, found);
        } else {
            kernels_ref.layer_norm(x + offset, y + offset, z + offset, 1e-5f, n, expected);
            kernels->layer_norm(x + offset, y + offset, z + offset, 1e-5f, n, found);
        }
        tolerate(expected, n, 1e-5, true);
        wrong = compare(expected, found, n, tolerances);
        if (wrong)
            return wrong;
        if (!guards_hold(&found_memory, offset, n))
            return "wrote outside of its output";
    }
    return NULL;
}

static const char *check_layer_norm(const struct kernels *kernels)
{
    return check_norms(kernels, false);
}

static const char *check_rms_norm(const struct kernels *kernels)
{
    return check_norms(kernels, true);
}

/* In-place kernels: both get the same input; each element may be off by `absolute`, or by `relative` times its input.
 */
typedef void operation(const struct kernels *kernels, float *values, size_t n);

static const char *check_in_place(const struct kernels *kernels, operation *apply, float (*next)(void), double absolute,
                                  double relative)
{
    for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
        size_t n = sizes[s], offset = s % 3;
        float *expected = guarded(&expected_memory, offset), *found = guarded(&found_memory, offset);
        const char *wrong;

        fill(y, n, moderate);
        fill(x, n, next);
        memcpy(expected, x, n * sizeof(float));
        memcpy(found, x, n * sizeof(float));
        apply(&kernels_ref, expected, n);
        apply(kernels, found, n);
        for (size_t i = 0; i < n; i++)
            tolerances[i] = absolute + relative * fabs((double)x[i]);
        wrong = compare(expected, found, n, tolerances);
        if (wrong)
            return wrong;
        if (!guards_hold(&found_memory, offset, n))
            return "wrote outside of its output";
    }
    return NULL;
}

static void apply_softmax(const struct kernels *kernels, float *values, size_t n)
{
    kernels->softmax(values, 0.125f, n);
}

static void apply_silu(const struct kernels *kernels, float *values, size_t n)
{
    kernels->silu_product(values, y, n);
}

static void apply_gelu(const struct kernels *kernels, float *values, size_t n)
{
    kernels->quick_gelu(values, n);
}

static void apply_add(const struct kernels *kernels, float *values, size_t n)
{
    kernels->add_scaled(values, y, 0.75f, n);
}

static const char *check_softmax(const struct kernels *kernels)
{
    return check_in_place(kernels, apply_softmax, extreme, 2e-6, 0);
}

static const char *check_silu_product(const struct kernels *kernels)
{
    return check_in_place(kernels, apply_silu, extreme, 1e-30, 4 * 2e-6);
}

static const char *check_quick_gelu(const struct kernels *kernels)
{
    return check_in_place(kernels, apply_gelu, extreme, 1e-30, 2e-6);
}

static const char *check_add_scaled(const struct kernels *kernels)
{
    return check_in_place(kernels, apply_add, moderate, 1e-6, 1e-6);
}

static const struct check {
    const char *name;
    const char *(*run)(const struct kernels *kernels);
} checks[] = {
    {"dots_f32", check_dots_f32},     {"dots_f16", check_dots_f16},     {"dots_bf16", check_dots_bf16},
    {"widen_f16", check_widen_f16},   {"widen_bf16", check_widen_bf16}, {"layer_norm", check_layer_norm},
    {"rms_norm", check_rms_norm},     {"softmax", check_softmax},       {"silu_product", check_silu_product},
    {"quick_gelu", check_quick_gelu}, {"add_scaled", check_add_scaled},
};

/* ---- speed ---- */

#define BENCH_ROWS 2048
#define BENCH_N 4096

/* Best of several runs, in seconds. */
#define BEST_OF(statement)                                                                                             \
    ({                                                                                                                 \
        double best_ = 1e9;                                                                                            \
        for (int run_ = 0; run_ < 5; run_++) {                                                                         \
            double begun_ = clock_ms();                                                                                \
            statement;                                                                                                 \
            best_ = fmin(best_, (clock_ms() - begun_) * 1e-3);                                                         \
        }                                                                                                              \
        best_;                                                                                                         \
    })

static void bench_dots(const struct kernels *kernels, enum stored type, const char *name, size_t size)
{
    char *weights = calloc(BENCH_ROWS * BENCH_N, size);
    double seconds;

    memset(weights, 1, BENCH_ROWS * BENCH_N * size);
    for (size_t m = 1; weights && m <= 8; m *= 2) {
        seconds = BEST_OF(for (size_t row = 0; row < BENCH_ROWS; row++) dots_of(kernels, type)(
            weights + row * BENCH_N * size, x, BENCH_N / 8, m, BENCH_N / 2, found_memory.memory, 1));
        printf("%-8s %-10s m=%zu  %7.2f GB/s  %7.2f GFLOP/s\n", kernels->name, name, m,
               (double)(BENCH_ROWS * BENCH_N / 2 * size) / seconds * 1e-9,
               2.0 * BENCH_ROWS * BENCH_N / 2 * (double)m / seconds * 1e-9);
    }
    free(weights);
}

static void bench_in_place(const struct kernels *kernels, operation *apply, const char *name)
{
    double seconds;

    fill(x, BENCH_N, moderate);
    seconds = BEST_OF(for (int i = 0; i < 1000; i++) apply(kernels, x, BENCH_N));
    printf("%-8s %-12s       %7.3f elements/ns\n", kernels->name, name, 1000.0 * BENCH_N / seconds * 1e-9);
}

static void bench(const struct kernels *kernels)
{
    bench_dots(kernels, STORED_F32, "dots_f32", 4);
    bench_dots(kernels, STORED_F16, "dots_f16", 2);
    bench_dots(kernels, STORED_BF16, "dots_bf16", 2);
    bench_in_place(kernels, apply_softmax, "softmax");
    bench_in_place(kernels, apply_silu, "silu_product");
    bench_in_place(kernels, apply_gelu, "quick_gelu");
}

static void check_table(const struct kernels *kernels)
{
    for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
        const char *wrong = checks[i].run(kernels);

        printf("%s %d - %s %s%s%s\n", wrong ? "not ok" : "ok", ++n_tests, kernels->name, checks[i].name,
               wrong ? ": " : "", wrong ? wrong : "");
        n_failed += wrong != NULL;
    }
}

/* An older CPU gets the table that it can run. */
static void check_choice(void)
{
    static const char *const right[] = {"generic", "avx2", "generic", "avx512"};

    for (unsigned flags = 0; flags < ARRAY_SIZE(right); flags++) {
        const char *name = kernels_for(flags)->name, *expected = HAVE_X86 ? right[flags] : "generic";

        printf("%s %d - flags %u choose %s\n", strcmp(name, expected) ? "not ok" : "ok", ++n_tests, flags, name);
        n_failed += strcmp(name, expected) != 0;
    }
}

static const struct {
    const struct kernels *kernels;
    unsigned needs;
} tables[] = {
    {&kernels_generic, 0},
#if defined(__x86_64__)
    {&kernels_avx2, CPU_AVX2},
    {&kernels_avx512, CPU_AVX2 | CPU_AVX512},
#endif
};

int main(int argc, char **argv)
{
    bool benching = argc > 1 && strcmp(argv[1], "--bench") == 0;

    random_init(&random_state, 1, 0);
    if (benching)
        bench(&kernels_ref);
    for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
        if ((cpu_flags() & tables[i].needs) != tables[i].needs) {
            printf("ok %d - %s # SKIP this CPU does not have it\n", ++n_tests, tables[i].kernels->name);
            continue;
        }
        (benching ? bench : check_table)(tables[i].kernels);
    }
    if (!benching)
        check_choice();
    if (!benching)
        printf("1..%d\n", n_tests);
    return n_failed > 0;
}
