// Q5_K matmul for AVX2: layout in quant/q5_K.c, arithmetic in x86/super_block_avx2.h.
// 16-bit sums of 4 vectors: 4 * 2 * 31 * 127 = 31496 fit.
#if defined(__x86_64__)
#include "isa/avx2_begin.h"
#include "x86/super_block_avx2.h"
#include "x86/six_bit_scales_avx2.h"

/// 16 where bit `g` of a byte is set, else 0.
ALWAYS_INLINE __m256i fifth_bit(__m256i bytes, int g) {
    const __m256i shifted = g < 4 ? _mm256_slli_epi16(bytes, 4 - g) : _mm256_srli_epi16(bytes, g - 4);
    return _mm256_and_si256(shifted, _mm256_set1_epi8(16));
}

ALWAYS_INLINE void unpack(const row_pointers *p, size_t block, super_tile *t) {
    const size_t base = block * sizeof(block_q5_K);
    unpack_headers(p, base, t);
    const __m256i low = _mm256_set1_epi8(15);
    __m256i upper[8];
    load_transposed(p, base + offsetof(block_q5_K, qh), upper);
    load_transposed(p, base + offsetof(block_q5_K, qh) + 16, upper + 4);
    UNROLL for (int half = 0; half < 8; half++) {   // 16 bytes: half of two groups
        __m256i bytes[4];
        load_transposed(p, base + offsetof(block_q5_K, qs) + 16 * (size_t)half, bytes);
        const int g = half / 2 * 2, part = half % 2 * 4;
        UNROLL for (int j = 0; j < 4; j++) {
            const __m256i high = _mm256_and_si256(_mm256_srli_epi16(bytes[j], 4), low);
            t->q[8 * g + part + j] = _mm256_or_si256(_mm256_and_si256(bytes[j], low), fifth_bit(upper[part + j], g));
            t->q[8 * g + 8 + part + j] = _mm256_or_si256(high, fifth_bit(upper[part + j], g + 1));
        }
    }
}

void matmul_q5_K_q8_K_avx2(const matmul_args *a) {
    super_matmul(a, (super_type){unpack, sizeof(block_q5_K), 32, {false, 4}, float_mins});
}
#include "isa/avx2_end.h"
#endif
