/// Q2_K and Q3_K unpacked for 4 rows: layouts in quant/q2_K.c and q3_K.c, arithmetic in arm/super_block.h.
#ifndef ARM_Q2_K_H
#define ARM_Q2_K_H
#include "arm/super_block.h"

/// The bit pairs of 32 bytes at `offset`: half of a block.
ALWAYS_INLINE void load_bit_pairs(const row_pointers *p, size_t offset, uint8x16_t *q) {
    const uint8x16_t low = vdupq_n_u8(3);
    UNROLL for (int piece = 0; piece < 2; piece++) {
        uint8x16_t bytes[4];
        load_transposed(p, offset + 16 * (size_t)piece, bytes);
        UNROLL for (int j = 0; j < 4; j++) {
            q[4 * piece + j] = vandq_u8(bytes[j], low);
            q[4 * piece + j + 8] = vandq_u8(vshrq_n_u8(bytes[j], 2), low);
            q[4 * piece + j + 16] = vandq_u8(vshrq_n_u8(bytes[j], 4), low);
            q[4 * piece + j + 24] = vshrq_n_u8(bytes[j], 6);
        }
    }
}

ALWAYS_INLINE void unpack_q2_K_scales(const row_pointers *p, size_t base, half_super_block *h) {
    uint8x16_t packed[4];
    load_transposed(p, base + offsetof(block_q2_K, scales), packed);
    UNROLL for (int g = 0; g < 16; g++) {
        h->scale[g] = byte_of_rows(vandq_u8(packed[g / 4], vdupq_n_u8(15)), g % 4);
        h->min[g] = vmovn_s32(byte_of_rows(vshrq_n_u8(packed[g / 4], 4), g % 4));
    }
    h->d = load_f16_of_rows(p, base + offsetof(block_q2_K, d));
    h->dmin = load_f16_of_rows(p, base + offsetof(block_q2_K, dmin));
}

ALWAYS_INLINE void unpack_q2_K(const row_pointers *p, size_t offset, int part, int8x16_t *q) {
    uint8x16_t pairs[32];
    load_bit_pairs(p, offset + offsetof(block_q2_K, qs) + 32 * (size_t)part, pairs);
    UNROLL for (int j = 0; j < 32; j++) q[j] = vreinterpretq_s8_u8(pairs[j]);
}

ALWAYS_INLINE void unpack_q3_K_scales(const row_pointers *p, size_t base, half_super_block *h) {
    const size_t offset = base + offsetof(block_q3_K, scales);
    const uint8x16_t packed[2] = {load_words(p, offset), load_words(p, offset + 4)};   // low nibbles: scales 0..7; high: 8..15
    const uint8x16_t pairs = load_words(p, offset + 8);                                // upper bits of scales k, k + 4, ...
    const uint8x16_t low = vdupq_n_u8(15), upper = vdupq_n_u8(0x30);
    const uint8x16_t scales[4] = {
        vorrq_u8(vandq_u8(packed[0], low), vandq_u8(vshlq_n_u8(pairs, 4), upper)),
        vorrq_u8(vandq_u8(packed[1], low), vandq_u8(vshlq_n_u8(pairs, 2), upper)),
        vorrq_u8(vshrq_n_u8(packed[0], 4), vandq_u8(pairs, upper)),
        vorrq_u8(vshrq_n_u8(packed[1], 4), vandq_u8(vshrq_n_u8(pairs, 2), upper))};
    UNROLL for (int g = 0; g < 16; g++) h->scale[g] = vsubq_s32(byte_of_rows(scales[g / 4], g % 4), vdupq_n_s32(32));
    h->d = load_f16_of_rows(p, base + offsetof(block_q3_K, d));
}

ALWAYS_INLINE void unpack_q3_K(const row_pointers *p, size_t offset, int part, int8x16_t *q) {
    uint8x16_t pairs[32], third[8];
    load_bit_pairs(p, offset + offsetof(block_q3_K, qs) + 32 * (size_t)part, pairs);
    load_transposed(p, offset + offsetof(block_q3_K, hmask), third);
    load_transposed(p, offset + offsetof(block_q3_K, hmask) + 16, third + 4);
    UNROLL for (int j = 0; j < 32; j++) {   // bit 4 * part + g of a byte belongs to the g-th 32 values of the part
        const uint8x16_t set = vtstq_u8(third[j % 8], vdupq_n_u8((uint8_t)(1 << (4 * part + j / 8))));
        q[j] = less(vorrq_u8(pairs[j], vandq_u8(set, vdupq_n_u8(4))), 4);
    }
}

ALWAYS_INLINE super_type type_q2_K(void) {
    return (super_type){.scales = unpack_q2_K_scales, .values = unpack_q2_K, .bytes = sizeof(block_q2_K),
                        .part = 32, .group = 16, .narrow = true, .has_min = true};
}

ALWAYS_INLINE super_type type_q3_K(void) {
    return (super_type){.scales = unpack_q3_K_scales, .values = unpack_q3_K, .bytes = sizeof(block_q3_K),
                        .part = 32, .group = 16, .narrow = true};
}
#endif
