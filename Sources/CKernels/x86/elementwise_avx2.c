// RoPE, activation functions, scaled addition and soft-capped scaling for AVX2: formulas in ops/rope.c and ops/activate.c.
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
        const size_t left = pairs - i;
        __m256 a = load_first(head + i, left), b = load_first(head + pairs + i, left);
        rotate(&a, &b, load_first(cos_sin + i, left), load_first(cos_sin + pairs + i, left));
        store_first(head + i, left, a);
        store_first(head + pairs + i, left, b);
    }
}

/// 4 pairs a step; the rest one by one with the same operations.
ALWAYS_INLINE void rope_adjacent(float *head, const float *cos_sin, size_t pairs) {
    const __m256i twice = _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3);
    for (size_t i = 0; i < pairs; i += 4) {
        const size_t left = pairs - i < 4 ? pairs - i : 4;
        const __m256i four = first_lanes(left);
        const __m256 x = load_first(head + 2 * i, 2 * left);
        const __m256 cosine = _mm256_permutevar8x32_ps(_mm256_maskload_ps(cos_sin + i, four), twice);
        const __m256 sine = _mm256_permutevar8x32_ps(_mm256_maskload_ps(cos_sin + pairs + i, four), twice);
        const __m256 swapped = _mm256_mul_ps(_mm256_permute_ps(x, 0xb1), sine);
        store_first(head + 2 * i, 2 * left, _mm256_fmaddsub_ps(x, cosine, swapped));
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

/// x Phi(x), Phi(x) = erfc(-x / sqrt 2) / 2; erfc by a Chebyshev fit with a relative error below 1.2e-7 everywhere
/// (Press et al., Numerical Recipes, section 6.2): t exp(-z^2 + P(t)), t = 1 / (1 + z / 2), z >= 0.
ALWAYS_INLINE __m256 gelu(__m256 x) {
    static const float coefficients[] = {0.17087277f, -0.82215223f, 1.48851587f, -1.13520398f, 0.27886807f,
                                         -0.18628806f, 0.09678418f, 0.37409196f, 1.00002368f, -1.26551223f};
    const __m256 one = _mm256_set1_ps(1), half = _mm256_set1_ps(0.5f);
    const __m256 z = _mm256_mul_ps(_mm256_andnot_ps(_mm256_set1_ps(-0.0f), x), _mm256_set1_ps(0.70710678118654752f));
    const __m256 t = _mm256_div_ps(one, _mm256_fmadd_ps(z, half, one));
    __m256 p = _mm256_set1_ps(coefficients[0]);
    UNROLL for (int i = 1; i < 10; i++) p = _mm256_fmadd_ps(p, t, _mm256_set1_ps(coefficients[i]));
    const __m256 erfc = _mm256_mul_ps(t, exp_ps(_mm256_fnmadd_ps(z, z, p)));
    const __m256 tail = _mm256_mul_ps(erfc, half);
    return _mm256_mul_ps(x, _mm256_blendv_ps(_mm256_sub_ps(one, tail), tail, x));
}

ALWAYS_INLINE __m256 apply(activation_kind kind, __m256 x) {
    if (kind == activation_silu) return silu(x);
    if (kind == activation_gelu) return gelu(x);
    if (kind == activation_gelu_tanh) return gelu_tanh(x);
    const __m256 positive = _mm256_max_ps(x, _mm256_setzero_ps());
    return kind == activation_relu ? positive : _mm256_mul_ps(positive, positive);
}

ALWAYS_INLINE void activate_row(activation_kind kind, const float *gate, const float *up, float *y, size_t n) {
    for (size_t i = 0; i < n; i += 8) {
        const __m256 v = apply(kind, load_first(gate + i, n - i));
        store_first(y + i, n - i, up ? _mm256_mul_ps(v, load_first(up + i, n - i)) : v);
    }
}

void activate_avx2(activation_kind kind, const float *gate, const float *up, float *y, size_t n) {
    switch (kind) {
        case activation_silu: activate_row(activation_silu, gate, up, y, n); break;
        case activation_gelu: activate_row(activation_gelu, gate, up, y, n); break;
        case activation_gelu_tanh: activate_row(activation_gelu_tanh, gate, up, y, n); break;
        case activation_relu: activate_row(activation_relu, gate, up, y, n); break;
        case activation_relu_squared: activate_row(activation_relu_squared, gate, up, y, n); break;
    }
}

void add_scaled_avx2(const float *x, float scale, float *y, size_t n) {
    const __m256 s = _mm256_set1_ps(scale);
    for (size_t i = 0; i < n; i += 8)
        store_first(y + i, n - i, _mm256_fmadd_ps(s, load_first(x + i, n - i), load_first(y + i, n - i)));
}

ALWAYS_INLINE __m256 soft_cap(__m256 x, float cap) {
    if (cap == 0) return x;
    return _mm256_mul_ps(tanh_ps(_mm256_div_ps(x, _mm256_set1_ps(cap))), _mm256_set1_ps(cap));
}

void scale_avx2(float *x, float factor, float cap, size_t n) {
    const __m256 f = _mm256_set1_ps(factor);
    for (size_t i = 0; i < n; i += 8)
        store_first(x + i, n - i, soft_cap(_mm256_mul_ps(load_first(x + i, n - i), f), cap));
}
#include "isa/avx2_end.h"
#endif
