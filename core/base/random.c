#include "core/base/random.h"

void random_init(struct random *random, uint64_t seed, uint64_t stream)
{
    *random = (struct random){.state = 0, .increment = stream << 1 | 1};
    random_u32(random);
    random->state += seed;
    random_u32(random);
}

uint32_t random_u32(struct random *random)
{
    uint64_t old = random->state;
    uint32_t mixed = (uint32_t)(((old >> 18) ^ old) >> 27);
    uint32_t rotation = (uint32_t)(old >> 59);

    random->state = old * 6364136223846793005u + random->increment;
    return mixed >> rotation | mixed << (-rotation & 31);
}

uint32_t random_below(struct random *random, uint32_t bound)
{
    uint32_t threshold = -bound % bound, value;

    do
        value = random_u32(random);
    while (value < threshold);
    return value % bound;
}

double random_unit(struct random *random)
{
    uint64_t high = random_u32(random), low = random_u32(random);

    return (double)((high << 32 | low) >> 11) * 0x1p-53;
}
