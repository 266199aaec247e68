/// Q2_K and Q3_K unpacked for 8 rows: layouts in quant/q2_K.c and q3_K.c, arithmetic in x86/super_block_avx2.h.
/// Groups of 16 are 4 vectors, whose 16-bit sums fit: 4 * 2 * 7 * 127 = 7112. Q3_K's q - 4 is a min of 4 * scale.
#ifndef X86_Q2_K_H
#define X86_Q2_K_H
#include "x86/super_block_avx2.h"

/// The bit pairs of 32 bytes at `offset`: half of a block.
ALWAYS_INLINE void unpack_bit_pairs(const row_pointers *p, size_t offset, __m256i *q) {
    const __m256i low = _mm256_set1_epi8(3);
    UNROLL for (int piece = 0; piece < 2; piece++) {
        __m256i bytes[4];
        load_transposed(p, offset + 16 * (size_t)piece, bytes);
        UNROLL for (int j = 0; j < 4; j++) {
            UNROLL for (int pair = 0; pair < 4; pair++)
                q[8 * pair + 4 * piece + j] = _mm256_and_si256(_mm256_srli_epi16(bytes[j], 2 * pair), low);
        }
    }
}

ALWAYS_INLINE void unpack_q2_K_scales(const row_pointers *p, size_t base, super_tile *t) {
    t->d = load_f16_of_rows(p, base + offsetof(block_q2_K, d));
    t->dmin = load_f16_of_rows(p, base + offsetof(block_q2_K, dmin));
    __m256i packed[4];
    load_transposed(p, base + offsetof(block_q2_K, scales), packed);
    UNROLL for (int i = 0; i < 4; i++) {
        const __m256i low = _mm256_set1_epi8(15);
        const __m256i scales = _mm256_and_si256(packed[i], low);
        const __m256i mins = _mm256_and_si256(_mm256_srli_epi16(packed[i], 4), low);
        UNROLL for (int g = 0; g < 4; g++) t->scale[4 * i + g] = two_bytes(scales, g, g);
        t->min[2 * i] = two_bytes(mins, 0, 1);
        t->min[2 * i + 1] = two_bytes(mins, 2, 3);
    }
}

ALWAYS_INLINE void unpack_q2_K(const row_pointers *p, size_t offset, int part, __m256i *q) {
    unpack_bit_pairs(p, offset + offsetof(block_q2_K, qs) + 32 * (size_t)part, q);
}

/// Scales of Q3_K from its 12 bytes in three lanes: four scales in each of four vectors, 6 bits unsigned.
ALWAYS_INLINE void unpack_q3_K_scales(const row_pointers *p, size_t base, super_tile *t) {
    t->d = load_f16_of_rows(p, base + offsetof(block_q3_K, d));
    const size_t offset = base + offsetof(block_q3_K, scales);
    __m256i rows[4], packed[4];   // low nibbles of scales 0..3 and 8..11; of 4..7 and 12..15; upper bit pairs; d
    // The scales are 14 bytes before the end of the block: 16 are read from 2 bytes earlier.
    if (p->interleaved) {
        UNROLL for (size_t j = 0; j < 3; j++) packed[j] = load_interleaved(p, offset + 4 * j);
    } else {
        UNROLL for (int r = 0; r < 4; r++) rows[r] = _mm256_bsrli_epi128(load_two_rows(p, r, offset - 2), 2);
        transpose(rows, packed);
    }
    const __m256i low = _mm256_set1_epi8(15), upper = _mm256_set1_epi8(0x30);
    const __m256i scales[4] = {
        _mm256_or_si256(_mm256_and_si256(packed[0], low), _mm256_and_si256(_mm256_slli_epi16(packed[2], 4), upper)),
        _mm256_or_si256(_mm256_and_si256(packed[1], low), _mm256_and_si256(_mm256_slli_epi16(packed[2], 2), upper)),
        _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(packed[0], 4), low), _mm256_and_si256(packed[2], upper)),
        _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(packed[1], 4), low),
                        _mm256_and_si256(_mm256_srli_epi16(packed[2], 2), upper))};
    const __m256i bias = _mm256_set1_epi16(32);
    UNROLL for (int i = 0; i < 4; i++) {
        UNROLL for (int g = 0; g < 4; g++)
            t->scale[4 * i + g] = _mm256_sub_epi16(two_bytes(scales[i], g, g), bias);
        t->min[2 * i] = _mm256_slli_epi16(_mm256_sub_epi16(two_bytes(scales[i], 0, 1), bias), 2);
        t->min[2 * i + 1] = _mm256_slli_epi16(_mm256_sub_epi16(two_bytes(scales[i], 2, 3), bias), 2);
    }
}

ALWAYS_INLINE void unpack_q3_K(const row_pointers *p, size_t offset, int part, __m256i *q) {
    unpack_bit_pairs(p, offset + offsetof(block_q3_K, qs) + 32 * (size_t)part, q);
    const __m256i four = _mm256_set1_epi8(4);
    __m256i third[8];
    load_transposed(p, offset + offsetof(block_q3_K, hmask), third);
    load_transposed(p, offset + offsetof(block_q3_K, hmask) + 16, third + 4);
    UNROLL for (int j = 0; j < 8; j++) {   // bit 4 * part + g of a byte belongs to the g-th 32 values of the part
        const __m256i bits = _mm256_srl_epi16(third[j], _mm_cvtsi32_si128(4 * part));
        const __m256i moved[4] = {_mm256_slli_epi16(bits, 2), _mm256_slli_epi16(bits, 1), bits, _mm256_srli_epi16(bits, 1)};
        UNROLL for (int g = 0; g < 4; g++)
            q[8 * g + j] = _mm256_or_si256(q[8 * g + j], _mm256_and_si256(moved[g], four));
    }
}

ALWAYS_INLINE super_type type_q2_K(void) {
    return (super_type){.scales = unpack_q2_K_scales, .values = unpack_q2_K, .bytes = sizeof(block_q2_K),
                        .part = 32, .group = 16, .mode = {.widen = 4}, .mins = float_mins};
}

ALWAYS_INLINE super_type type_q3_K(void) {
    return (super_type){.scales = unpack_q3_K_scales, .values = unpack_q3_K, .bytes = sizeof(block_q3_K),
                        .part = 32, .group = 16, .mode = {.widen = 4}, .mins = integer_mins};
}
#endif
