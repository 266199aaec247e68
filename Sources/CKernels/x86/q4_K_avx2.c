// Q4_K matmul for AVX2: layout in quant/q4_K.c, arithmetic in x86/super_block_avx2.h.
// 16-bit sums of 8 vectors: 8 * 2 * 15 * 127 = 30480 fit.
#if defined(__x86_64__)
#include "isa/avx2_begin.h"
#include "x86/super_block_avx2.h"
#include "x86/six_bit_scales_avx2.h"

ALWAYS_INLINE void unpack(const row_pointers *p, size_t block, super_tile *t) {
    const size_t base = block * sizeof(block_q4_K);
    unpack_headers(p, base, t);
    const __m256i low = _mm256_set1_epi8(15);
    for (int half = 0; half < 8; half++) {   // 16 bytes: half of two groups
        __m256i bytes[4];
        load_transposed(p, base + offsetof(block_q4_K, qs) + 16 * (size_t)half, bytes);
        __m256i *q = t->q + (half / 2) * 16 + (half % 2) * 4;
        for (int j = 0; j < 4; j++) {
            q[j] = _mm256_and_si256(bytes[j], low);
            q[j + 8] = _mm256_and_si256(_mm256_srli_epi16(bytes[j], 4), low);
        }
    }
}

void matmul_q4_K_q8_K_avx2(const matmul_args *a) {
    super_matmul(a, (super_type){unpack, sizeof(block_q4_K), 32, {false, 8}, float_mins});
}
#include "isa/avx2_end.h"
#endif
