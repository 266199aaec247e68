/// Products of bytes with sdot, which adds 4 of them to each 32-bit lane; include between isa/dotprod_begin.h and
/// isa/dotprod_end.h. The meaning is that of arm/sum_16_neon.h; all sums are exact integers, so the results are the same.
#ifndef ARM_SUM_16_DOTPROD_H
#define ARM_SUM_16_DOTPROD_H
#include "arm/rows.h"

ALWAYS_INLINE int32x4_t sum_16(int32x4_t sum, const int8x16_t q[4], int8x16_t x, bool narrow) {
    (void)narrow;
    sum = vdotq_laneq_s32(sum, q[0], x, 0);
    sum = vdotq_laneq_s32(sum, q[1], x, 1);
    sum = vdotq_laneq_s32(sum, q[2], x, 2);
    return vdotq_laneq_s32(sum, q[3], x, 3);
}
#endif
