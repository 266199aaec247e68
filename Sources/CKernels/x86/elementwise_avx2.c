// RoPE, activation functions and scaled addition for AVX2: formulas in ops/rope.c and ops/activate.c.
// Exact GELU needs erf and stays with the scalar reference; tanh(z) is 1 - 2 / (exp(2z) + 1).
#if defined(__x86_64__)
#include "isa/avx2_begin.h"
#include "x86/avx2.h"
#include "ops/ops.h"

/// (a, b) -> (a cos - b sin, a sin + b cos)
ALWAYS_INLINE void rotate(__m256 *a, __m256 *b, __m256 cosine, __m256 sine) {
    const __m256 rotated = _mm256_fmsub_ps(*a, cosine, _mm256_mul_ps(*b, sine));
    *b = _mm256_fmadd_ps(*a, sine, _mm256_mul_ps(*b, cosine));
    *a = rotated;
}

ALWAYS_INLINE void rope_halves(float *head, const float *cos_sin, size_t pairs) {
    for (size_t i = 0; i < pairs; i += 8) {
        const __m256i mask = first_lanes(pairs - i < 8 ? pairs - i : 8);
        __m256 a = _mm256_maskload_ps(head + i, mask), b = _mm256_maskload_ps(head + pairs + i, mask);
        rotate(&a, &b, _mm256_maskload_ps(cos_sin + i, mask), _mm256_maskload_ps(cos_sin + pairs + i, mask));
        _mm256_maskstore_ps(head + i, mask, a);
        _mm256_maskstore_ps(head + pairs + i, mask, b);
    }
}

/// 4 pairs a step; the rest one by one with the same operations.
ALWAYS_INLINE void rope_adjacent(float *head, const float *cos_sin, size_t pairs) {
    const __m256i twice = _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3);
    for (size_t i = 0; i < pairs; i += 4) {
        const size_t left = pairs - i < 4 ? pairs - i : 4;
        const __m256i mask = first_lanes(2 * left), four = first_lanes(left);
        const __m256 x = _mm256_maskload_ps(head + 2 * i, mask);
        const __m256 cosine = _mm256_permutevar8x32_ps(_mm256_maskload_ps(cos_sin + i, four), twice);
        const __m256 sine = _mm256_permutevar8x32_ps(_mm256_maskload_ps(cos_sin + pairs + i, four), twice);
        const __m256 swapped = _mm256_mul_ps(_mm256_permute_ps(x, 0xb1), sine);
        _mm256_maskstore_ps(head + 2 * i, mask, _mm256_fmaddsub_ps(x, cosine, swapped));
    }
}

void rope_avx2(float *head, const float *cos_sin, size_t pairs, rope_style style) {
    if (style == rope_style_adjacent) rope_adjacent(head, cos_sin, pairs);
    else rope_halves(head, cos_sin, pairs);
}

ALWAYS_INLINE __m256 silu(__m256 x) {
    const __m256 one = _mm256_set1_ps(1);
    return _mm256_div_ps(x, _mm256_add_ps(one, exp_ps(_mm256_sub_ps(_mm256_setzero_ps(), x))));
}

/// x/2 (1 + tanh z) = x - x / (exp(2z) + 1), z = sqrt(2 / pi) (x + 0.044715 x^3)
ALWAYS_INLINE __m256 gelu_tanh(__m256 x) {
    const __m256 one = _mm256_set1_ps(1), square = _mm256_mul_ps(x, x);
    const __m256 inner = _mm256_mul_ps(x, _mm256_fmadd_ps(square, _mm256_set1_ps(0.044715f), one));
    const __m256 e = exp_ps(_mm256_mul_ps(inner, _mm256_set1_ps(2 * 0.79788456080286536f)));
    return _mm256_sub_ps(x, _mm256_div_ps(x, _mm256_add_ps(e, one)));
}

ALWAYS_INLINE __m256 apply(activation_kind kind, __m256 x) {
    if (kind == activation_silu) return silu(x);
    if (kind == activation_gelu_tanh) return gelu_tanh(x);
    const __m256 positive = _mm256_max_ps(x, _mm256_setzero_ps());
    return kind == activation_relu ? positive : _mm256_mul_ps(positive, positive);
}

ALWAYS_INLINE void activate_row(activation_kind kind, const float *gate, const float *up, float *y, size_t n) {
    for (size_t i = 0; i < n; i += 8) {
        const __m256i mask = first_lanes(n - i < 8 ? n - i : 8);
        __m256 v = apply(kind, _mm256_maskload_ps(gate + i, mask));
        if (up) v = _mm256_mul_ps(v, _mm256_maskload_ps(up + i, mask));
        _mm256_maskstore_ps(y + i, mask, v);
    }
}

void activate_avx2(activation_kind kind, const float *gate, const float *up, float *y, size_t n) {
    switch (kind) {
        case activation_silu: activate_row(activation_silu, gate, up, y, n); break;
        case activation_gelu: activate(kind, gate, up, y, n); break;
        case activation_gelu_tanh: activate_row(activation_gelu_tanh, gate, up, y, n); break;
        case activation_relu: activate_row(activation_relu, gate, up, y, n); break;
        case activation_relu_squared: activate_row(activation_relu_squared, gate, up, y, n); break;
    }
}

void add_scaled_avx2(const float *x, float scale, float *y, size_t n) {
    const __m256 s = _mm256_set1_ps(scale);
    for (size_t i = 0; i < n; i += 8) {
        const __m256i mask = first_lanes(n - i < 8 ? n - i : 8);
        const __m256 v = _mm256_fmadd_ps(s, _mm256_maskload_ps(x + i, mask), _mm256_maskload_ps(y + i, mask));
        _mm256_maskstore_ps(y + i, mask, v);
    }
}
#include "isa/avx2_end.h"
#endif
