#include "core/kernels/cpu.h"

#if defined(__aarch64__)
#include <sys/auxv.h>
#endif

unsigned cpu_flags(void)
{
    unsigned flags = 0;

#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) /* F16C is older than both */
        flags |= CPU_AVX2;
    if (flags && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        flags |= CPU_AVX512;
    if (flags & CPU_AVX512 && __builtin_cpu_supports("avx512vnni"))
        flags |= CPU_AVX512_VNNI;
#elif defined(__aarch64__)
    if (getauxval(AT_HWCAP) & HWCAP_ASIMDDP)
        flags |= CPU_DOTPROD;
    if (flags && getauxval(AT_HWCAP2) & HWCAP2_I8MM)
        flags |= CPU_I8MM;
#endif
    return flags;
}
