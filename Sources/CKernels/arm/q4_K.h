/// Q4_K unpacked for 4 rows: layout in quant/q4_K.c, arithmetic in arm/super_block.h.
#ifndef ARM_Q4_K_H
#define ARM_Q4_K_H
#include "arm/six_bit_scales.h"

/// Groups 2 * part and 2 * part + 1.
ALWAYS_INLINE void unpack_q4_K(const row_pointers *p, size_t offset, int part, int8x16_t *q) {
    UNROLL for (int half = 0; half < 2; half++) {
        uint8x16_t bytes[4];
        load_transposed(p, offset + offsetof(block_q4_K, qs) + 32 * (size_t)part + 16 * (size_t)half, bytes);
        UNROLL for (int j = 0; j < 4; j++) {
            q[4 * half + j] = vreinterpretq_s8_u8(vandq_u8(bytes[j], vdupq_n_u8(15)));
            q[4 * half + j + 8] = vreinterpretq_s8_u8(vshrq_n_u8(bytes[j], 4));
        }
    }
}

ALWAYS_INLINE super_type type_q4_K(void) {
    return (super_type){.scales = unpack_headers, .values = unpack_q4_K, .bytes = sizeof(block_q4_K),
                        .part = 16, .group = 32, .narrow = true, .has_min = true};
}
#endif
