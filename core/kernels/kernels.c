#include "core/kernels/kernels.h"

#include "core/kernels/cpu.h"
#include "core/kernels/kernels_wide.h"

const struct kernels *kernels_for(unsigned flags)
{
    const struct kernels *kernels = &kernels_generic;

#if defined(__x86_64__)
    if (!(flags & CPU_AVX2))
        return kernels;
    kernels = &kernels_avx2;
    if (!(flags & CPU_AVX512))
        return kernels;
    kernels = &kernels_avx512;
    if (!(flags & CPU_AVX512_VNNI))
        return kernels;
    kernels = &kernels_avx512vnni;
#elif defined(__aarch64__)
    if (!(flags & CPU_DOTPROD))
        return kernels;
    kernels = &kernels_dotprod;
    if (!(flags & CPU_I8MM))
        return kernels;
    kernels = &kernels_i8mm;
#else
    (void)flags;
#endif
    return kernels;
}
