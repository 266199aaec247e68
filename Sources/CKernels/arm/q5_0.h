/// Q5_0 and Q5_1 unpacked for 4 rows: layouts in quant/q5_0.c and q5_1.c, arithmetic in arm/block.h.
#ifndef ARM_Q5_0_H
#define ARM_Q5_0_H
#include "arm/block.h"

/// Adds 16 to value k of a row where bit k of the 32 bits at `offset` is set.
ALWAYS_INLINE void add_fifth_bits(const row_pointers *p, size_t offset, uint8x16_t q[8]) {
    static const uint8_t first_bytes[16] = {0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12};
    const uint8x16_t bits = load_words(p, offset), first = vld1q_u8(first_bytes);
    UNROLL for (int j = 0; j < 8; j++) {   // values 4j ..< 4j + 4 have half of byte j / 2
        const uint8x16_t byte = vqtbl1q_u8(bits, vaddq_u8(first, vdupq_n_u8((uint8_t)(j / 2))));
        const uint8x16_t mask = vreinterpretq_u8_u32(vdupq_n_u32(j % 2 ? 0x80402010u : 0x08040201u));
        q[j] = vorrq_u8(q[j], vandq_u8(vtstq_u8(byte, mask), vdupq_n_u8(16)));
    }
}

ALWAYS_INLINE void unpack_q5_0(const row_pointers *p, size_t block, half_block *h) {
    const size_t base = block * sizeof(block_q5_0);
    uint8x16_t q[8];
    h->d = load_f16_of_rows(p, base);
    load_nibbles(p, base + offsetof(block_q5_0, qs), q);
    add_fifth_bits(p, base + offsetof(block_q5_0, qh), q);
    UNROLL for (int j = 0; j < 8; j++) h->q[j] = less(q[j], 16);
}

ALWAYS_INLINE void unpack_q5_1(const row_pointers *p, size_t block, half_block *h) {
    const size_t base = block * sizeof(block_q5_1);
    uint8x16_t q[8];
    h->d = load_f16_of_rows(p, base);
    h->m = load_f16_of_rows(p, base + offsetof(block_q5_1, m));
    load_nibbles(p, base + offsetof(block_q5_1, qs), q);
    add_fifth_bits(p, base + offsetof(block_q5_1, qh), q);
    UNROLL for (int j = 0; j < 8; j++) h->q[j] = vreinterpretq_s8_u8(q[j]);
}

ALWAYS_INLINE block_type type_q5_0(void) { return (block_type){.unpack = unpack_q5_0, .narrow = true}; }
ALWAYS_INLINE block_type type_q5_1(void) { return (block_type){.unpack = unpack_q5_1, .narrow = true, .has_min = true}; }
#endif
