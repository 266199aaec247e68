/// Q4_0 and Q4_1 unpacked for 8 rows: layouts in quant/q4_0.c and q4_1.c, arithmetic in x86/block_avx2.h.
/// 16-bit sums of 8 vectors: 8 * 2 * 15 * 127 = 30480 fit.
#ifndef X86_Q4_0_H
#define X86_Q4_0_H
#include "x86/block_avx2.h"

ALWAYS_INLINE void unpack_q4_0(const row_pointers *p, size_t block, block_tile *t) {
    const size_t base = block * sizeof(block_q4_0);
    t->d = load_f16_of_rows(p, base);
    unpack_nibbles(p, base + offsetof(block_q4_0, qs), t->q);
}

ALWAYS_INLINE void unpack_q4_1(const row_pointers *p, size_t block, block_tile *t) {
    const size_t base = block * sizeof(block_q4_1);
    t->d = load_f16_of_rows(p, base);
    t->m = load_f16_of_rows(p, base + offsetof(block_q4_1, m));
    unpack_nibbles(p, base + offsetof(block_q4_1, qs), t->q);
}

ALWAYS_INLINE block_type type_q4_0(void) {
    return (block_type){.unpack = unpack_q4_0, .bytes = sizeof(block_q4_0), .mode = {.widen = 8},
                        .offset = 8, .direct = 6};
}

ALWAYS_INLINE block_type type_q4_1(void) {
    return (block_type){.unpack = unpack_q4_1, .bytes = sizeof(block_q4_1), .mode = {.widen = 8},
                        .has_min = true, .direct = 6};
}
#endif
