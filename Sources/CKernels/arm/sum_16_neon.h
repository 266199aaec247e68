/// Products of bytes with plain NEON: sums in 16 bits as long as they fit, then in 32. Include this or arm/sum_16_dotprod.h
/// before a template.
#ifndef ARM_SUM_16_NEON_H
#define ARM_SUM_16_NEON_H
#include "arm/rows.h"

/// Values 4j ..< 4j + 4 of x in all lanes.
ALWAYS_INLINE void repeat_words(int8x16_t x, int8x16_t out[4]) {
    const int32x4_t words = vreinterpretq_s32_s8(x);
    out[0] = vreinterpretq_s8_s32(vdupq_laneq_s32(words, 0));
    out[1] = vreinterpretq_s8_s32(vdupq_laneq_s32(words, 1));
    out[2] = vreinterpretq_s8_s32(vdupq_laneq_s32(words, 2));
    out[3] = vreinterpretq_s8_s32(vdupq_laneq_s32(words, 3));
}

/// sum lane r + the products of 16 values of row r (q[j] lane r: values 4j ..< 4j + 4) with the 16 values x, |x| <= 127.
/// Where `narrow`, -32 <= q < 32, all 8 products of a pair of lanes fit in 16 bits: 8 * 32 * 127 = 32512; else 2 do: 2 * 128 * 127.
ALWAYS_INLINE int32x4_t sum_16(int32x4_t sum, const int8x16_t q[4], int8x16_t x, bool narrow) {
    int8x16_t words[4];
    int16x8_t low[2], high[2];
    repeat_words(x, words);
    UNROLL for (int i = 0; i < 2; i++) {
        const int8x16_t a = q[2 * i], b = q[2 * i + 1];
        low[i] = vmlal_s8(vmull_s8(vget_low_s8(a), vget_low_s8(words[2 * i])), vget_low_s8(b), vget_low_s8(words[2 * i + 1]));
        high[i] = vmlal_high_s8(vmull_high_s8(a, words[2 * i]), b, words[2 * i + 1]);
    }
    if (narrow) return vpadalq_s16(sum, vpaddq_s16(vaddq_s16(low[0], low[1]), vaddq_s16(high[0], high[1])));
    const int32x4_t pairs = vpadalq_s16(vpaddlq_s16(low[0]), low[1]), others = vpadalq_s16(vpaddlq_s16(high[0]), high[1]);
    return vaddq_s32(sum, vpaddq_s32(pairs, others));
}
#endif
