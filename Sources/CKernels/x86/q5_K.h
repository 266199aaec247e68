/// Q5_K unpacked for 8 rows: layout in quant/q5_K.c, arithmetic in x86/super_block_avx2.h.
/// 16-bit sums of 4 vectors: 4 * 2 * 31 * 127 = 31496 fit.
#ifndef X86_Q5_K_H
#define X86_Q5_K_H
#include "x86/super_block_avx2.h"
#include "x86/six_bit_scales_avx2.h"

/// 16 where bit `g` of a byte is set, else 0.
ALWAYS_INLINE __m256i bit_to_16(__m256i bytes, int g) {
    const __m256i moved = _mm256_srl_epi16(_mm256_slli_epi16(bytes, 4), _mm_cvtsi32_si128(g));
    const __m256i high = _mm256_srl_epi16(bytes, _mm_cvtsi32_si128(g - 4));
    return _mm256_and_si256(g < 4 ? moved : high, _mm256_set1_epi8(16));
}

/// Groups 2 * part and 2 * part + 1.
ALWAYS_INLINE void unpack_q5_K(const row_pointers *p, size_t offset, int part, __m256i *q) {
    const __m256i low = _mm256_set1_epi8(15);
    UNROLL for (int half = 0; half < 2; half++) {
        __m256i bytes[4], upper[4];
        load_transposed(p, offset + offsetof(block_q5_K, qs) + 32 * (size_t)part + 16 * (size_t)half, bytes);
        load_transposed(p, offset + offsetof(block_q5_K, qh) + 16 * (size_t)half, upper);
        UNROLL for (int j = 0; j < 4; j++) {
            const __m256i high = _mm256_and_si256(_mm256_srli_epi16(bytes[j], 4), low);
            q[4 * half + j] = _mm256_or_si256(_mm256_and_si256(bytes[j], low), bit_to_16(upper[j], 2 * part));
            q[4 * half + j + 8] = _mm256_or_si256(high, bit_to_16(upper[j], 2 * part + 1));
        }
    }
}

ALWAYS_INLINE super_type type_q5_K(void) {
    return (super_type){.scales = unpack_headers, .values = unpack_q5_K, .bytes = sizeof(block_q5_K),
                        .part = 16, .group = 32, .mode = {.widen = 4}, .mins = float_mins};
}
#endif
