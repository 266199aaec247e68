/// The 16-byte header of Q4_K and Q5_K blocks (d, dmin, 8 scales and mins of 6 bits; quant/six_bit_scales.h) of 8 rows.
#ifndef X86_SIX_BIT_SCALES_AVX2_H
#define X86_SIX_BIT_SCALES_AVX2_H
#include "x86/super_block_avx2.h"

ALWAYS_INLINE void unpack_headers(const row_pointers *p, size_t offset, super_tile *t) {
    __m256i header[4];   // d and dmin; bytes 0..3, 4..7, 8..11 of the packed scales
    load_transposed(p, offset, header);
    const __m256i d = _mm256_and_si256(header[0], _mm256_set1_epi32(0xffff));
    const __m256i packed = _mm256_packus_epi32(d, _mm256_srli_epi32(header[0], 16));
    const __m256i ordered = _mm256_permute4x64_epi64(packed, 0xd8);
    t->d = _mm256_cvtph_ps(_mm256_castsi256_si128(ordered));
    t->dmin = _mm256_cvtph_ps(_mm256_extracti128_si256(ordered, 1));

    const __m256i six = _mm256_set1_epi8(0x3f), four = _mm256_set1_epi8(0x0f), upper = _mm256_set1_epi8(0x30);
    const __m256i scales[2] = {
        _mm256_and_si256(header[1], six),
        _mm256_or_si256(_mm256_and_si256(header[3], four), _mm256_and_si256(_mm256_srli_epi16(header[1], 2), upper))};
    const __m256i mins[2] = {
        _mm256_and_si256(header[2], six),
        _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(header[3], 4), four),
                        _mm256_and_si256(_mm256_srli_epi16(header[2], 2), upper))};
    for (int g = 0; g < 8; g++) t->scale[g] = two_bytes(scales[g / 4], g % 4, g % 4);
    for (int g = 0; g < 8; g += 2) t->min[g / 2] = two_bytes(mins[g / 4], g % 4, g % 4 + 1);
}
#endif
