/// Q4_0 and Q4_1 unpacked for 4 rows: layouts in quant/q4_0.c and q4_1.c, arithmetic in arm/block.h.
#ifndef ARM_Q4_0_H
#define ARM_Q4_0_H
#include "arm/block.h"

ALWAYS_INLINE void unpack_q4_0(const row_pointers *p, size_t block, half_block *h) {
    const size_t base = block * sizeof(block_q4_0);
    uint8x16_t q[8];
    h->d = load_f16_of_rows(p, base);
    load_nibbles(p, base + offsetof(block_q4_0, qs), q);
    UNROLL for (int j = 0; j < 8; j++) h->q[j] = less(q[j], 8);
}

ALWAYS_INLINE void unpack_q4_1(const row_pointers *p, size_t block, half_block *h) {
    const size_t base = block * sizeof(block_q4_1);
    uint8x16_t q[8];
    h->d = load_f16_of_rows(p, base);
    h->m = load_f16_of_rows(p, base + offsetof(block_q4_1, m));
    load_nibbles(p, base + offsetof(block_q4_1, qs), q);
    UNROLL for (int j = 0; j < 8; j++) h->q[j] = vreinterpretq_s8_u8(q[j]);
}

ALWAYS_INLINE block_type type_q4_0(void) { return (block_type){.unpack = unpack_q4_0, .narrow = true}; }
ALWAYS_INLINE block_type type_q4_1(void) { return (block_type){.unpack = unpack_q4_1, .narrow = true, .has_min = true}; }
#endif
