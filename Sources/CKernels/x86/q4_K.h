/// Q4_K unpacked for 8 rows: layout in quant/q4_K.c, arithmetic in x86/super_block_avx2.h.
/// 16-bit sums of 8 vectors: 8 * 2 * 15 * 127 = 30480 fit.
#ifndef X86_Q4_K_H
#define X86_Q4_K_H
#include "x86/super_block_avx2.h"
#include "x86/six_bit_scales_avx2.h"

/// Groups 2 * part and 2 * part + 1.
ALWAYS_INLINE void unpack_q4_K(const row_pointers *p, size_t offset, int part, __m256i *q) {
    const __m256i low = _mm256_set1_epi8(15);
    UNROLL for (int half = 0; half < 2; half++) {
        __m256i bytes[4];
        load_transposed(p, offset + offsetof(block_q4_K, qs) + 32 * (size_t)part + 16 * (size_t)half, bytes);
        UNROLL for (int j = 0; j < 4; j++) {
            q[4 * half + j] = _mm256_and_si256(bytes[j], low);
            q[4 * half + j + 8] = _mm256_and_si256(_mm256_srli_epi16(bytes[j], 4), low);
        }
    }
}

ALWAYS_INLINE super_type type_q4_K(void) {
    return (super_type){.scales = unpack_headers, .values = unpack_q4_K, .bytes = sizeof(block_q4_K),
                        .part = 16, .group = 32, .mode = {.widen = 8}, .mins = float_mins};
}
#endif
