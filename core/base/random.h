/* Seeded random numbers (PCG-XSH-RR 64/32, O'Neill 2014): same seed, same numbers, on every machine. */
#pragma once

#include <stdint.h>

struct random {
    uint64_t state, increment;
};

/* Different streams of one seed are independent. */
void random_init(struct random *random, uint64_t seed, uint64_t stream);
uint32_t random_u32(struct random *random);
uint32_t random_below(struct random *random, uint32_t bound); /* 0 .. bound - 1, unbiased; bound > 0 */
double random_unit(struct random *random);                    /* 0 <= x < 1, 53 bits */
