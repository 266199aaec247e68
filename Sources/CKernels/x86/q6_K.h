/// Q6_K unpacked for 8 rows: layout in quant/q6_K.c, arithmetic in x86/super_block_avx2.h; q - 32 as mins of 32 * scale.
/// 16-bit sums of 2 vectors: 2 * 2 * 63 * 127 = 32004 fit.
#ifndef X86_Q6_K_H
#define X86_Q6_K_H
#include "x86/super_block_avx2.h"

/// Byte `first` and byte `second` of each 32-bit lane, each in the upper half of a 16-bit number.
ALWAYS_INLINE __m256i upper_bytes(__m256i bytes, int first, int second) {
    const char i = (char)first, j = (char)second;
    return _mm256_shuffle_epi8(bytes, _mm256_broadcastsi128_si256(_mm_setr_epi8(
        -1, i, -1, j, -1, (char)(i + 4), -1, (char)(j + 4), -1, (char)(i + 8), -1, (char)(j + 8), -1, (char)(i + 12), -1,
        (char)(j + 12))));
}

ALWAYS_INLINE void unpack_q6_K_scales(const row_pointers *p, size_t offset, super_tile *t) {
    __m256i scales[4];
    load_transposed(p, offset + offsetof(block_q6_K, scales), scales);
    for (int i = 0; i < 4; i++) {
        for (int g = 0; g < 4; g++) t->scale[4 * i + g] = _mm256_srai_epi16(upper_bytes(scales[i], g, g), 8);
        t->min[2 * i] = _mm256_srai_epi16(upper_bytes(scales[i], 0, 1), 3);
        t->min[2 * i + 1] = _mm256_srai_epi16(upper_bytes(scales[i], 2, 3), 3);
    }
    t->d = load_f16_of_rows(p, offset + offsetof(block_q6_K, d));
}

/// 32 values.
ALWAYS_INLINE void unpack_q6_K(const row_pointers *p, size_t offset, int part, __m256i *q) {
    const __m256i low = _mm256_set1_epi8(15), upper = _mm256_set1_epi8(0x30);
    const size_t half = (size_t)part / 4, g = (size_t)part % 4;
    UNROLL for (size_t piece = 0; piece < 2; piece++) {
        __m256i l[4], h[4];
        load_transposed(p, offset + offsetof(block_q6_K, ql) + 64 * half + 32 * (g % 2) + 16 * piece, l);
        load_transposed(p, offset + offsetof(block_q6_K, qh) + 32 * half + 16 * piece, h);
        UNROLL for (int j = 0; j < 4; j++) {
            const __m256i bits[4] = {_mm256_slli_epi16(h[j], 4), _mm256_slli_epi16(h[j], 2), h[j], _mm256_srli_epi16(h[j], 2)};
            const __m256i nibbles = g < 2 ? l[j] : _mm256_srli_epi16(l[j], 4);
            q[4 * piece + (size_t)j] = _mm256_or_si256(_mm256_and_si256(nibbles, low), _mm256_and_si256(bits[g], upper));
        }
    }
}

ALWAYS_INLINE super_type type_q6_K(void) {
    return (super_type){.scales = unpack_q6_K_scales, .values = unpack_q6_K, .bytes = sizeof(block_q6_K),
                        .part = 8, .group = 16, .mode = {.widen = 2}, .mins = integer_mins};
}
#endif
