/// Q6_K unpacked for 4 rows: layout in quant/q6_K.c, arithmetic in arm/super_block.h.
#ifndef ARM_Q6_K_H
#define ARM_Q6_K_H
#include "arm/super_block.h"

ALWAYS_INLINE void unpack_q6_K_scales(const row_pointers *p, size_t offset, half_super_block *h) {
    uint8x16_t scales[4];
    load_transposed(p, offset + offsetof(block_q6_K, scales), scales);
    UNROLL for (int g = 0; g < 16; g++) {   // byte g % 4 of a lane to its top, then back with its sign
        const int32x4_t words = vreinterpretq_s32_u8(scales[g / 4]);
        h->scale[g] = vshrq_n_s32(vshlq_s32(words, vdupq_n_s32(24 - 8 * (g % 4))), 24);
    }
    h->d = load_f16_of_rows(p, offset + offsetof(block_q6_K, d));
}

/// Half of the block: 128 values.
ALWAYS_INLINE void unpack_q6_K(const row_pointers *p, size_t offset, int part, int8x16_t *q) {
    const uint8x16_t low = vdupq_n_u8(15), upper = vdupq_n_u8(0x30);
    const size_t ql = offset + offsetof(block_q6_K, ql) + 64 * (size_t)part;
    const size_t qh = offset + offsetof(block_q6_K, qh) + 32 * (size_t)part;
    UNROLL for (int piece = 0; piece < 2; piece++) {   // values 16 * piece ..< 16 * piece + 16 of four groups of 32
        uint8x16_t a[4], b[4], h[4];
        load_transposed(p, ql + 16 * (size_t)piece, a);
        load_transposed(p, ql + 16 * (size_t)piece + 32, b);
        load_transposed(p, qh + 16 * (size_t)piece, h);
        UNROLL for (int j = 0; j < 4; j++) {
            const uint8x16_t bits[4] = {vshlq_n_u8(h[j], 4), vshlq_n_u8(h[j], 2), h[j], vshrq_n_u8(h[j], 2)};
            const uint8x16_t nibbles[4] = {vandq_u8(a[j], low), vandq_u8(b[j], low), vshrq_n_u8(a[j], 4), vshrq_n_u8(b[j], 4)};
            UNROLL for (int g = 0; g < 4; g++)
                q[8 * g + 4 * piece + j] = less(vorrq_u8(nibbles[g], vandq_u8(bits[g], upper)), 32);
        }
    }
}

ALWAYS_INLINE super_type type_q6_K(void) {
    return (super_type){.scales = unpack_q6_K_scales, .values = unpack_q6_K, .bytes = sizeof(block_q6_K),
                        .part = 32, .group = 16, .narrow = true};
}
#endif
