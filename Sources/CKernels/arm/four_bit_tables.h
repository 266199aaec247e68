/// IQ4_NL, MXFP4 and IQ4_XS unpacked for 4 rows: nibbles that index a table of 16 signed values. Layouts in quant/.
#ifndef ARM_FOUR_BIT_TABLES_H
#define ARM_FOUR_BIT_TABLES_H
#include "arm/block.h"
#include "arm/super_block.h"

/// Values of 16 bytes of nibbles at `offset` of each row.
ALWAYS_INLINE void look_up(const row_pointers *p, size_t offset, const int8_t table[16], int8x16_t q[8]) {
    const int8x16_t values = vld1q_s8(table);
    uint8x16_t nibbles[8];
    load_nibbles(p, offset, nibbles);
    UNROLL for (int j = 0; j < 8; j++) q[j] = vqtbl1q_s8(values, nibbles[j]);
}

ALWAYS_INLINE void unpack_iq4_nl(const row_pointers *p, size_t block, half_block *h) {
    const size_t base = block * sizeof(block_iq4_nl);
    h->d = load_f16_of_rows(p, base);
    look_up(p, base + offsetof(block_iq4_nl, qs), iq4_values, h->q);
}

/// 2^(e - 128) for 4 rows; subnormal for e < 2.
ALWAYS_INLINE float32x4_t power_scales(const row_pointers *p, size_t offset) {
    uint32_t exponents[half_rows];
    for (size_t r = 0; r < half_rows; r++)
        exponents[r] = *(const uint8_t *)(p->interleaved ? interleaved_at(p, offset, 1) + r : p->row[r] + offset);
    const uint32x4_t e = vld1q_u32(exponents), one = vdupq_n_u32(1);
    const uint32x4_t subnormal = vshlq_u32(vdupq_n_u32(0x00200000), vreinterpretq_s32_u32(e));
    const uint32x4_t normal = vshlq_n_u32(vsubq_u32(e, one), 23);
    return vreinterpretq_f32_u32(vbslq_u32(vcgtq_u32(e, one), normal, subnormal));
}

ALWAYS_INLINE void unpack_mxfp4(const row_pointers *p, size_t block, half_block *h) {
    const size_t base = block * sizeof(block_mxfp4);
    h->d = power_scales(p, base);
    look_up(p, base + offsetof(block_mxfp4, qs), e2m1_doubled, h->q);
}

ALWAYS_INLINE void unpack_iq4_xs_scales(const row_pointers *p, size_t offset, half_super_block *h) {
    const uint32x4_t first = vreinterpretq_u32_u8(load_words(p, offset));   // d and the upper bits of the scales
    const uint32x4_t low = vreinterpretq_u32_u8(load_words(p, offset + offsetof(block_iq4_xs, scales_l)));
    h->d = floats_of_f16(vmovn_u32(first));
    UNROLL for (int g = 0; g < 8; g++) {
        const uint32x4_t nibble = vandq_u32(vshlq_u32(low, vdupq_n_s32(-4 * g)), vdupq_n_u32(15));
        const uint32x4_t pair = vandq_u32(vshlq_u32(first, vdupq_n_s32(-16 - 2 * g)), vdupq_n_u32(3));
        const uint32x4_t scale = vorrq_u32(nibble, vshlq_n_u32(pair, 4));
        h->scale[g] = vsubq_s32(vreinterpretq_s32_u32(scale), vdupq_n_s32(32));
    }
}

ALWAYS_INLINE void unpack_iq4_xs(const row_pointers *p, size_t offset, int part, int8x16_t *q) {
    look_up(p, offset + offsetof(block_iq4_xs, qs) + 16 * (size_t)part, iq4_values, q);
}

ALWAYS_INLINE block_type type_iq4_nl(void) { return (block_type){.unpack = unpack_iq4_nl}; }
ALWAYS_INLINE block_type type_mxfp4(void) { return (block_type){.unpack = unpack_mxfp4, .narrow = true}; }
ALWAYS_INLINE super_type type_iq4_xs(void) {
    return (super_type){.scales = unpack_iq4_xs_scales, .values = unpack_iq4_xs, .bytes = sizeof(block_iq4_xs),
                        .part = 8, .group = 32};
}
#endif
