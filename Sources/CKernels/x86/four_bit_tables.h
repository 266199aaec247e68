/// IQ4_NL, MXFP4 and IQ4_XS unpacked for 8 rows: nibbles that index a table of 16 signed values. Layouts in quant/.
/// MXFP4's values are -12 ... 12, so with an offset of 12 they are unsigned and 4 * 2 * 24 * 127 = 24384 fits in 16 bits.
#ifndef X86_FOUR_BIT_TABLES_H
#define X86_FOUR_BIT_TABLES_H
#include "x86/block_avx2.h"
#include "x86/super_block_avx2.h"

ALWAYS_INLINE void look_up(const int8_t table[16], __m256i q[8]) {
    const __m256i values = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)table));
    UNROLL for (int j = 0; j < 8; j++) q[j] = _mm256_shuffle_epi8(values, q[j]);
}

ALWAYS_INLINE void unpack_iq4_nl(const row_pointers *p, size_t block, block_tile *t) {
    const size_t base = block * sizeof(block_iq4_nl);
    t->d = load_f16_of_rows(p, base);
    unpack_nibbles(p, base + offsetof(block_iq4_nl, qs), t->q);
    look_up(iq4_values, t->q);
}

/// 2^(e - 128) for 8 rows; subnormal for e < 2.
ALWAYS_INLINE __m256 power_scales(const row_pointers *p, size_t offset) {
    uint8_t exponents[tile_rows];
    for (int r = 0; r < tile_rows; r++)
        exponents[r] = (uint8_t)(p->interleaved ? p->row[0][tile_rows * offset + (size_t)r] : p->row[r][offset]);
    const __m256i e = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)exponents)), one = _mm256_set1_epi32(1);
    const __m256i subnormal = _mm256_sllv_epi32(_mm256_set1_epi32(0x00200000), e);
    const __m256i normal = _mm256_slli_epi32(_mm256_sub_epi32(e, one), 23);
    return _mm256_castsi256_ps(_mm256_blendv_epi8(subnormal, normal, _mm256_cmpgt_epi32(e, one)));
}

ALWAYS_INLINE void unpack_mxfp4(const row_pointers *p, size_t block, block_tile *t) {
    const size_t base = block * sizeof(block_mxfp4);
    t->d = power_scales(p, base);
    unpack_nibbles(p, base + offsetof(block_mxfp4, qs), t->q);
    look_up(e2m1_doubled, t->q);
    UNROLL for (int j = 0; j < 8; j++) t->q[j] = _mm256_add_epi8(t->q[j], _mm256_set1_epi8(12));
}

ALWAYS_INLINE void unpack_iq4_xs_scales(const row_pointers *p, size_t offset, super_tile *t) {
    __m256i header[4];   // d and scales_h; scales_l; the first values
    load_transposed(p, offset, header);
    const __m256i d = _mm256_and_si256(header[0], _mm256_set1_epi32(0xffff));
    const __m256i ordered = _mm256_permute4x64_epi64(_mm256_packus_epi32(d, d), 0xd8);
    t->d = _mm256_cvtph_ps(_mm256_castsi256_si128(ordered));
    UNROLL for (int g = 0; g < 8; g++) {
        const __m256i low = _mm256_and_si256(_mm256_srli_epi32(header[1], 4 * g), _mm256_set1_epi32(15));
        const __m256i high = _mm256_and_si256(_mm256_srli_epi32(header[0], 16 + 2 * g), _mm256_set1_epi32(3));
        const __m256i scale = _mm256_or_si256(low, _mm256_slli_epi32(high, 4));
        const __m256i pair = _mm256_or_si256(scale, _mm256_slli_epi32(scale, 16));
        t->scale[g] = _mm256_sub_epi16(pair, _mm256_set1_epi16(32));
    }
}

ALWAYS_INLINE void unpack_iq4_xs(const row_pointers *p, size_t offset, int part, __m256i *q) {
    unpack_nibbles(p, offset + offsetof(block_iq4_xs, qs) + 16 * (size_t)part, q);
    look_up(iq4_values, q);
}

ALWAYS_INLINE block_type type_iq4_nl(void) {
    return (block_type){.unpack = unpack_iq4_nl, .bytes = sizeof(block_iq4_nl),
                        .mode = {.is_signed = true, .widen = 1}, .direct = 2};
}

ALWAYS_INLINE block_type type_mxfp4(void) {
    return (block_type){.unpack = unpack_mxfp4, .bytes = sizeof(block_mxfp4), .mode = {.widen = 4},
                        .offset = 12, .direct = 2};
}

ALWAYS_INLINE super_type type_iq4_xs(void) {
    return (super_type){.scales = unpack_iq4_xs_scales, .values = unpack_iq4_xs, .bytes = sizeof(block_iq4_xs),
                        .part = 8, .group = 32, .mode = {.is_signed = true, .widen = 1}};
}
#endif
