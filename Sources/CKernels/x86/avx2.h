/// Small AVX2 pieces shared by the kernels; include between isa/avx2_begin.h and isa/avx2_end.h.
#ifndef X86_AVX2_H
#define X86_AVX2_H
#include <string.h>
#include "isa/inline.h"
#include "kernels.h"
#include "quant/blocks.h"

/// Sum of 8 lanes: ((0 + 1) + (2 + 3)) + ((4 + 5) + (6 + 7)), the order that hadd trees give too.
ALWAYS_INLINE float horizontal_sum(__m256 v) {
    const __m256 pairs = _mm256_hadd_ps(v, v);
    const __m256 quads = _mm256_hadd_ps(pairs, pairs);
    return _mm_cvtss_f32(_mm_add_ss(_mm256_castps256_ps128(quads), _mm256_extractf128_ps(quads, 1)));
}

ALWAYS_INLINE float horizontal_max(__m256 v) {
    __m128 m = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    m = _mm_max_ps(m, _mm_movehl_ps(m, m));
    return _mm_cvtss_f32(_mm_max_ss(m, _mm_movehdup_ps(m)));
}

/// 4 consecutive bytes in every 32-bit lane.
ALWAYS_INLINE __m256i broadcast4(const void *x) {
    int32_t bytes;
    memcpy(&bytes, x, 4);
    return _mm256_set1_epi32(bytes);
}

/// Lane i set where i < n; for masked loads and stores of a row's end.
ALWAYS_INLINE __m256i first_lanes(size_t n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

/// The first n floats at x, at most 8, the other lanes 0; and their store. Masked only where n < 8: AMD's masked stores are slow.
ALWAYS_INLINE __m256 load_first(const float *x, size_t n) {
    return n >= 8 ? _mm256_loadu_ps(x) : _mm256_maskload_ps(x, first_lanes(n));
}

ALWAYS_INLINE void store_first(float *y, size_t n, __m256 v) {
    if (n >= 8) _mm256_storeu_ps(y, v);
    else _mm256_maskstore_ps(y, first_lanes(n), v);
}

/// exp(r + n ln 2) = 2^n * p(r), |r| <= ln 2 / 2, p of degree 6 (Taylor).
typedef struct exp_parts {
    __m256 p;
    __m256i n;
} exp_parts;

ALWAYS_INLINE exp_parts split_exp(__m256 x) {
    const __m256 n = _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(1.44269504f)), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    __m256 r = _mm256_fnmadd_ps(n, _mm256_set1_ps(0.693145752f), x);   // ln 2 in two parts, the first exact times n
    r = _mm256_fnmadd_ps(n, _mm256_set1_ps(1.42860677e-6f), r);
    __m256 p = _mm256_set1_ps(1.0f / 720);
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0f / 120));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0f / 24));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0f / 6));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(0.5f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1));
    return (exp_parts){p, _mm256_cvtps_epi32(n)};
}

/// 2^n, -127 < n < 128.
ALWAYS_INLINE __m256 power_of_two(__m256i n) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(n, _mm256_set1_epi32(127)), 23));
}

ALWAYS_INLINE __m256 zero_where_tiny(__m256 x, __m256 y) {
    return _mm256_andnot_ps(_mm256_cmp_ps(x, _mm256_set1_ps(-87.3f), _CMP_LT_OQ), y);
}

/// exp(x), relative error below 2e-7. Results below 2^-126 become 0, above the largest float infinity; NaN stays NaN.
ALWAYS_INLINE __m256 exp_ps(__m256 x) {
    const exp_parts e = split_exp(x);
    const __m256i half = _mm256_srai_epi32(e.n, 1);   // in two factors, so that n = 128 does not overflow too early
    const __m256 y = _mm256_mul_ps(_mm256_mul_ps(e.p, power_of_two(half)), power_of_two(_mm256_sub_epi32(e.n, half)));
    const __m256 huge = _mm256_cmp_ps(x, _mm256_set1_ps(88.72284f), _CMP_GT_OQ);
    return _mm256_blendv_ps(zero_where_tiny(x, y), _mm256_set1_ps(__builtin_inff()), huge);
}

/// exp_ps for x <= 0 or NaN, with the same bits.
ALWAYS_INLINE __m256 exp_negative_ps(__m256 x) {
    const exp_parts e = split_exp(x);
    return zero_where_tiny(x, _mm256_mul_ps(e.p, power_of_two(e.n)));
}

/// tanh(x), relative error below 3e-7: a polynomial below 0.625 (Cephes' tanhf), 1 - 2 / (exp(2x) + 1) above.
ALWAYS_INLINE __m256 tanh_ps(__m256 x) {
    const __m256 one = _mm256_set1_ps(1), square = _mm256_mul_ps(x, x);
    __m256 p = _mm256_set1_ps(-5.70498872745e-3f);
    p = _mm256_fmadd_ps(p, square, _mm256_set1_ps(2.06390887954e-2f));
    p = _mm256_fmadd_ps(p, square, _mm256_set1_ps(-5.37397155531e-2f));
    p = _mm256_fmadd_ps(p, square, _mm256_set1_ps(1.33314422036e-1f));
    p = _mm256_fmadd_ps(p, square, _mm256_set1_ps(-3.33332819422e-1f));
    const __m256 small = _mm256_fmadd_ps(_mm256_mul_ps(p, square), x, x);
    const __m256 e = exp_ps(_mm256_add_ps(x, x));
    const __m256 large = _mm256_sub_ps(one, _mm256_div_ps(_mm256_set1_ps(2), _mm256_add_ps(e, one)));
    const __m256 magnitude = _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x);
    return _mm256_blendv_ps(large, small, _mm256_cmp_ps(magnitude, _mm256_set1_ps(0.625f), _CMP_LT_OQ));
}
#endif
