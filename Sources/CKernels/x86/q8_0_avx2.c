// Q8_0 matmul for AVX2: layout in quant/q8_0.c, arithmetic in x86/block_avx2.h.
#if defined(__x86_64__)
#include "isa/avx2_begin.h"
#include "x86/block_avx2.h"

ALWAYS_INLINE void unpack(const row_pointers *p, size_t block, block_tile *t) {
    const size_t base = block * sizeof(block_q8_0);
    t->d = load_f16_of_rows(p, base);
    load_transposed(p, base + offsetof(block_q8_0, qs), t->q);
    load_transposed(p, base + offsetof(block_q8_0, qs) + 16, t->q + 4);
}

void matmul_q8_0_q8_0_avx2(const matmul_args *a) {
    block_matmul(a, (block_type){unpack, sizeof(block_q8_0), {true, 1}, 0, false});
}
#include "isa/avx2_end.h"
#endif
