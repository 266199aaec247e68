/// Q5_K unpacked for 4 rows: layout in quant/q5_K.c, arithmetic in arm/super_block.h.
#ifndef ARM_Q5_K_H
#define ARM_Q5_K_H
#include "arm/six_bit_scales.h"

/// 16 where bit `g` of a byte is set, else 0.
ALWAYS_INLINE uint8x16_t bit_to_16(uint8x16_t bytes, int g) {
    return vandq_u8(vtstq_u8(bytes, vdupq_n_u8((uint8_t)(1 << g))), vdupq_n_u8(16));
}

/// Groups 2 * part and 2 * part + 1.
ALWAYS_INLINE void unpack_q5_K(const row_pointers *p, size_t offset, int part, int8x16_t *q) {
    UNROLL for (int half = 0; half < 2; half++) {
        uint8x16_t bytes[4], upper[4];
        load_transposed(p, offset + offsetof(block_q5_K, qs) + 32 * (size_t)part + 16 * (size_t)half, bytes);
        load_transposed(p, offset + offsetof(block_q5_K, qh) + 16 * (size_t)half, upper);
        UNROLL for (int j = 0; j < 4; j++) {
            const uint8x16_t low = vandq_u8(bytes[j], vdupq_n_u8(15)), high = vshrq_n_u8(bytes[j], 4);
            q[4 * half + j] = vreinterpretq_s8_u8(vorrq_u8(low, bit_to_16(upper[j], 2 * part)));
            q[4 * half + j + 8] = vreinterpretq_s8_u8(vorrq_u8(high, bit_to_16(upper[j], 2 * part + 1)));
        }
    }
}

ALWAYS_INLINE super_type type_q5_K(void) {
    return (super_type){.scales = unpack_headers, .values = unpack_q5_K, .bytes = sizeof(block_q5_K),
                        .part = 16, .group = 32, .narrow = true, .has_min = true};
}
#endif
