#include "core/kernels/cpu.h"

unsigned cpu_flags(void)
{
    unsigned flags = 0;

#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c"))
        flags |= CPU_AVX2;
    if (flags && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        flags |= CPU_AVX512;
#endif
    return flags;
}

const char *cpu_flags_text(unsigned flags)
{
    return flags & CPU_AVX512 ? "avx2 avx512" : flags & CPU_AVX2 ? "avx2" : "none";
}
