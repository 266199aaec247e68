/// Q8_0 unpacked for 4 rows: layout in quant/q8_0.c, arithmetic in arm/block.h.
#ifndef ARM_Q8_0_H
#define ARM_Q8_0_H
#include "arm/block.h"

ALWAYS_INLINE void unpack_q8_0(const row_pointers *p, size_t block, half_block *h) {
    const size_t base = block * sizeof(block_q8_0);
    uint8x16_t q[8];
    h->d = load_f16_of_rows(p, base);
    load_transposed(p, base + offsetof(block_q8_0, qs), q);
    load_transposed(p, base + offsetof(block_q8_0, qs) + 16, q + 4);
    UNROLL for (int j = 0; j < 8; j++) h->q[j] = vreinterpretq_s8_u8(q[j]);
}

ALWAYS_INLINE block_type type_q8_0(void) { return (block_type){.unpack = unpack_q8_0}; }
#endif
