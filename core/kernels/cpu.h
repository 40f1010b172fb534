/* What this CPU can do, and a mask to pretend that it cannot. */
#pragma once

enum cpu_flags {
    CPU_AVX2 = 1 << 0,   /* AVX2, FMA and F16C */
    CPU_AVX512 = 1 << 1, /* AVX-512 F, BW, DQ, VL beside them */
    CPU_AVX512_VNNI = 1 << 2,
    CPU_DOTPROD = 1 << 3, /* ARM's products of bytes, FEAT_DotProd */
    CPU_I8MM = 1 << 4,    /* and of matrices of them, FEAT_I8MM */
};

/* Flags of the machine that this runs on. */
unsigned cpu_flags(void);
