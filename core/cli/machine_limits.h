/* What this machine allows, measured on the spot: nothing can be faster than its arithmetic and its memory. */
#pragma once

struct thread_pool;

struct machine_limits {
    double sgemm_gflops; /* OpenBLAS on f32, in a shape of the encoder */
    double bytes_gops;   /* products of 8-bit numbers, additions counted, with operands in the first-level cache */
    double read_gbs;     /* 10^9 bytes per second from memory */
};

/* Takes a second or two, and 512 MiB. Returns 0 or -ENOMEM. */
int machine_limits_measure(struct thread_pool *pool, struct machine_limits *ret);
