// F16 and BF16 to floats and floats to F16 for AVX2, bit by bit what quant/f16.c and quant/bf16.c give: caches are stored in
// F16, and weights become floats on their way to OpenBLAS. F16C rounds to nearest even and keeps the payload of a NaN.
#if defined(__x86_64__)
#include "isa/avx2_begin.h"
#include "x86/avx2.h"

void dequantize_f16_avx2(const void *w, float *y, size_t blocks) {
    const uint16_t *h = w;
    size_t i = 0;
    for (; i + 8 <= blocks; i += 8) _mm256_storeu_ps(y + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(h + i))));
    dequantize_f16(h + i, y + i, blocks - i);
}

void dequantize_bf16_avx2(const void *w, float *y, size_t blocks) {
    const uint16_t *h = w;
    size_t i = 0;
    for (; i + 8 <= blocks; i += 8) {
        const __m256i bits = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(h + i)));
        _mm256_storeu_ps(y + i, _mm256_castsi256_ps(_mm256_slli_epi32(bits, 16)));
    }
    dequantize_bf16(h + i, y + i, blocks - i);
}

void quantize_f16_avx2(const float *x, void *y, size_t blocks) {
    uint16_t *h = y;
    size_t i = 0;
    for (; i + 8 <= blocks; i += 8)
        _mm_storeu_si128((__m128i *)(h + i), _mm256_cvtps_ph(_mm256_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT));
    quantize_f16(x + i, h + i, blocks - i);
}
#include "isa/avx2_end.h"
#endif
