// Q4_0 and Q4_1 matmul for AVX2: layouts in quant/q4_0.c and q4_1.c, arithmetic in x86/block_avx2.h.
// 16-bit sums of 8 vectors: 8 * 2 * 15 * 127 = 30480 fit.
#if defined(__x86_64__)
#include "isa/avx2_begin.h"
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

void matmul_q4_0_q8_0_avx2(const matmul_args *a) {
    block_matmul(a, (block_type){unpack_q4_0, sizeof(block_q4_0), {false, 8}, 8, false});
}

void matmul_q4_1_q8_1_avx2(const matmul_args *a) {
    block_matmul(a, (block_type){unpack_q4_1, sizeof(block_q4_1), {false, 8}, 0, true});
}
#include "isa/avx2_end.h"
#endif
