// Conversion of activations to Q8_0, Q8_1 and Q8_K for AVX2, bit by bit what quant/q8_0.c, q8_1.c and q8_K.c give.
// Blocks that are zero, tiny (1 / d could overflow) or not finite go to the reference, so only plain numbers come here.
#if defined(__x86_64__)
#include "isa/avx2_begin.h"
#include "x86/avx2.h"

enum { smallest_plain = 0x0d800000, infinity_bits = 0x7f800000 };   // 2^-100

/// Bits of the largest magnitude of `vectors` * 8 floats; monotonic, NaN above infinity.
ALWAYS_INLINE int32_t largest_magnitude(const float *x, int vectors) {
    const __m256i magnitude = _mm256_set1_epi32(0x7fffffff);
    __m256i max = _mm256_setzero_si256();
    for (int i = 0; i < vectors; i++) {
        const __m256i bits = _mm256_loadu_si256((const __m256i *)(x + 8 * i));
        max = _mm256_max_epi32(max, _mm256_and_si256(bits, magnitude));
    }
    __m128i m = _mm_max_epi32(_mm256_castsi256_si128(max), _mm256_extracti128_si256(max, 1));
    m = _mm_max_epi32(m, _mm_shuffle_epi32(m, 0x4e));
    return _mm_cvtsi128_si32(_mm_max_epi32(m, _mm_shuffle_epi32(m, 0xb1)));
}

ALWAYS_INLINE bool is_plain(int32_t magnitude) { return magnitude >= smallest_plain && magnitude < infinity_bits; }

/// Nearest integer, halves away from zero: x - trunc(x) is exact.
ALWAYS_INLINE __m256i round_half_away(__m256 x) {
    const __m256 whole = _mm256_round_ps(x, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
    const __m256 sign = _mm256_set1_ps(-0.0f);
    const __m256 rest = _mm256_andnot_ps(sign, _mm256_sub_ps(x, whole));
    const __m256 one = _mm256_or_ps(_mm256_and_ps(x, sign), _mm256_set1_ps(1));
    const __m256 up = _mm256_cmp_ps(rest, _mm256_set1_ps(0.5f), _CMP_GE_OQ);
    return _mm256_cvttps_epi32(_mm256_add_ps(whole, _mm256_and_ps(up, one)));
}

/// 32 integers of four vectors as bytes in order, saturated.
ALWAYS_INLINE __m256i pack_bytes(const __m256i q[4]) {
    const __m256i bytes = _mm256_packs_epi16(_mm256_packs_epi32(q[0], q[1]), _mm256_packs_epi32(q[2], q[3]));
    return _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

/// The bytes of a Q8_0 or Q8_1 block whose scale is d; returns their sum.
ALWAYS_INLINE int quantize_32(const float *x, float d, int8_t *qs) {
    const __m256 id = _mm256_set1_ps(1 / d);
    __m256i q[4];
    UNROLL for (int j = 0; j < 4; j++) q[j] = round_half_away(_mm256_mul_ps(_mm256_loadu_ps(x + 8 * j), id));
    _mm256_storeu_si256((__m256i *)qs, pack_bytes(q));
    const __m256i sums = _mm256_add_epi32(_mm256_add_epi32(q[0], q[1]), _mm256_add_epi32(q[2], q[3]));
    __m128i s = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1)));
}

void quantize_q8_0_avx2(const float *x, void *y, size_t blocks) {
    block_q8_0 *b = y;
    for (size_t i = 0; i < blocks; i++, x += 32) {
        const int32_t magnitude = largest_magnitude(x, 4);
        if (is_plain(magnitude)) {
            const float d = float_from_bits((uint32_t)magnitude) / 127;
            b[i].d = _cvtss_sh(d, _MM_FROUND_TO_NEAREST_INT);
            quantize_32(x, d, b[i].qs);
        } else {
            quantize_q8_0(x, b + i, 1);
        }
    }
}

void quantize_q8_1_avx2(const float *x, void *y, size_t blocks) {
    block_q8_1 *b = y;
    for (size_t i = 0; i < blocks; i++, x += 32) {
        const int32_t magnitude = largest_magnitude(x, 4);
        if (is_plain(magnitude)) {
            const float d = float_from_bits((uint32_t)magnitude) / 127;
            b[i].d = _cvtss_sh(d, _MM_FROUND_TO_NEAREST_INT);
            b[i].s = _cvtss_sh(d * (float)quantize_32(x, d, b[i].qs), _MM_FROUND_TO_NEAREST_INT);
        } else {
            quantize_q8_1(x, b + i, 1);
        }
    }
}

/// The first element of this magnitude, with its sign.
ALWAYS_INLINE float first_of_magnitude(const float *x, int32_t magnitude) {
    for (int i = 0;; i += 8) {
        const __m256i bits = _mm256_loadu_si256((const __m256i *)(x + i));
        const __m256i equal = _mm256_cmpeq_epi32(_mm256_and_si256(bits, _mm256_set1_epi32(0x7fffffff)),
                                                 _mm256_set1_epi32(magnitude));
        const int lanes = _mm256_movemask_ps(_mm256_castsi256_ps(equal));
        if (lanes) return x[i + __builtin_ctz((unsigned)lanes)];
    }
}

ALWAYS_INLINE void quantize_super_block(const float *x, float scale, block_q8_K *b) {
    const __m256 s = _mm256_set1_ps(scale);
    b->d = 1 / scale;
    for (int g = 0; g < 8; g++) {   // 32 values, two sums
        __m256i q[4];
        UNROLL for (int j = 0; j < 4; j++)
            q[j] = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x + 32 * g + 8 * j), s));
        const __m256i bytes = pack_bytes(q);
        _mm256_storeu_si256((__m256i *)(b->qs + 32 * g), bytes);
        const __m256i pairs = _mm256_maddubs_epi16(_mm256_set1_epi8(1), bytes);
        __m256i sums = _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));   // of 4; 128-bit halves are groups of 16
        sums = _mm256_add_epi32(sums, _mm256_shuffle_epi32(sums, 0x4e));
        sums = _mm256_add_epi32(sums, _mm256_shuffle_epi32(sums, 0xb1));
        b->bsums[2 * g] = (int16_t)_mm256_extract_epi32(sums, 0);
        b->bsums[2 * g + 1] = (int16_t)_mm256_extract_epi32(sums, 4);
    }
}

void quantize_q8_K_avx2(const float *x, void *y, size_t blocks) {
    block_q8_K *b = y;
    for (size_t i = 0; i < blocks; i++, x += super_block) {
        const int32_t magnitude = largest_magnitude(x, super_block / 8);
        if (is_plain(magnitude)) quantize_super_block(x, -127 / first_of_magnitude(x, magnitude), b + i);
        else quantize_q8_K(x, b + i, 1);
    }
}
#include "isa/avx2_end.h"
#endif
