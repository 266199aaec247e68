/// Q8_0 unpacked for 8 rows: layout in quant/q8_0.c, arithmetic in x86/block_avx2.h.
#ifndef X86_Q8_0_H
#define X86_Q8_0_H
#include "x86/block_avx2.h"

ALWAYS_INLINE void unpack_q8_0(const row_pointers *p, size_t block, block_tile *t) {
    const size_t base = block * sizeof(block_q8_0);
    t->d = load_f16_of_rows(p, base);
    load_transposed(p, base + offsetof(block_q8_0, qs), t->q);
    load_transposed(p, base + offsetof(block_q8_0, qs) + 16, t->q + 4);
}

ALWAYS_INLINE block_type type_q8_0(void) {
    return (block_type){.unpack = unpack_q8_0, .bytes = sizeof(block_q8_0),
                        .mode = {.is_signed = true, .widen = 1}, .direct = block_columns};
}
#endif
