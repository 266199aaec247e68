// RoPE, activation functions, scaled addition and soft-capped scaling for NEON: formulas in ops/rope.c and ops/activate.c.
#if defined(__aarch64__)
#include "isa/no_contraction.h"
#include "arm/neon.h"
#include "ops/ops.h"

/// (a, b) -> (a cos - b sin, a sin + b cos)
ALWAYS_INLINE void rotate(float32x4_t *a, float32x4_t *b, float32x4_t cosine, float32x4_t sine) {
    const float32x4_t rotated = vfmsq_f32(vmulq_f32(*a, cosine), *b, sine);
    *b = vfmaq_f32(vmulq_f32(*b, cosine), *a, sine);
    *a = rotated;
}

ALWAYS_INLINE void rope_halves(float *head, const float *cos_sin, size_t pairs) {
    for (size_t i = 0; i < pairs; i += 4) {
        const size_t left = pairs - i;
        float32x4_t a = load_first(head + i, left), b = load_first(head + pairs + i, left);
        rotate(&a, &b, load_first(cos_sin + i, left), load_first(cos_sin + pairs + i, left));
        store_first(head + i, left, a);
        store_first(head + pairs + i, left, b);
    }
}

/// 4 pairs a step, taken apart and put together again by the loads and stores.
ALWAYS_INLINE void rope_adjacent(float *head, const float *cos_sin, size_t pairs) {
    for (size_t i = 0; i < pairs; i += 4) {
        const size_t left = pairs - i < 4 ? pairs - i : 4;
        float last[8] = {0}, *at = left == 4 ? head + 2 * i : last;
        if (left < 4) memcpy(last, head + 2 * i, 2 * left * sizeof(float));
        float32x4x2_t x = vld2q_f32(at);
        rotate(&x.val[0], &x.val[1], load_first(cos_sin + i, left), load_first(cos_sin + pairs + i, left));
        vst2q_f32(at, x);
        if (left < 4) memcpy(head + 2 * i, last, 2 * left * sizeof(float));
    }
}

void rope_neon(float *head, const float *cos_sin, size_t pairs, rope_style style) {
    if (style == rope_style_adjacent) rope_adjacent(head, cos_sin, pairs);
    else rope_halves(head, cos_sin, pairs);
}

ALWAYS_INLINE float32x4_t silu(float32x4_t x) {
    return vdivq_f32(x, vaddq_f32(vdupq_n_f32(1), exp_ps(vnegq_f32(x))));
}

/// x/2 (1 + tanh z) = x - x / (exp(2z) + 1), z = sqrt(2 / pi) (x + 0.044715 x^3)
ALWAYS_INLINE float32x4_t gelu_tanh(float32x4_t x) {
    const float32x4_t one = vdupq_n_f32(1), square = vmulq_f32(x, x);
    const float32x4_t inner = vmulq_f32(x, vfmaq_f32(one, square, vdupq_n_f32(0.044715f)));
    const float32x4_t e = exp_ps(vmulq_n_f32(inner, 2 * 0.79788456080286536f));
    return vsubq_f32(x, vdivq_f32(x, vaddq_f32(e, one)));
}

/// x Phi(x), Phi(x) = erfc(-x / sqrt 2) / 2; erfc by a Chebyshev fit with a relative error below 1.2e-7 everywhere
/// (Press et al., Numerical Recipes, section 6.2): t exp(-z^2 + P(t)), t = 1 / (1 + z / 2), z >= 0.
ALWAYS_INLINE float32x4_t gelu(float32x4_t x) {
    static const float coefficients[] = {0.17087277f, -0.82215223f, 1.48851587f, -1.13520398f, 0.27886807f,
                                         -0.18628806f, 0.09678418f, 0.37409196f, 1.00002368f, -1.26551223f};
    const float32x4_t one = vdupq_n_f32(1), z = vmulq_n_f32(vabsq_f32(x), 0.70710678118654752f);
    const float32x4_t t = vdivq_f32(one, vfmaq_f32(one, z, vdupq_n_f32(0.5f)));
    float32x4_t p = vdupq_n_f32(coefficients[0]);
    UNROLL for (int i = 1; i < 10; i++) p = vfmaq_f32(vdupq_n_f32(coefficients[i]), p, t);
    const float32x4_t erfc = vmulq_f32(t, exp_ps(vfmsq_f32(p, z, z)));
    const float32x4_t tail = vmulq_n_f32(erfc, 0.5f);
    return vmulq_f32(x, vbslq_f32(vcltzq_f32(x), tail, vsubq_f32(one, tail)));
}

ALWAYS_INLINE float32x4_t apply(activation_kind kind, float32x4_t x) {
    if (kind == activation_silu) return silu(x);
    if (kind == activation_gelu) return gelu(x);
    if (kind == activation_gelu_tanh) return gelu_tanh(x);
    const float32x4_t positive = vmaxnmq_f32(x, vdupq_n_f32(0));
    return kind == activation_relu ? positive : vmulq_f32(positive, positive);
}

ALWAYS_INLINE void activate_row(activation_kind kind, const float *gate, const float *up, float *y, size_t n) {
    for (size_t i = 0; i < n; i += 4) {
        const float32x4_t v = apply(kind, load_first(gate + i, n - i));
        store_first(y + i, n - i, up ? vmulq_f32(v, load_first(up + i, n - i)) : v);
    }
}

void activate_neon(activation_kind kind, const float *gate, const float *up, float *y, size_t n) {
    switch (kind) {
        case activation_silu: activate_row(activation_silu, gate, up, y, n); break;
        case activation_gelu: activate_row(activation_gelu, gate, up, y, n); break;
        case activation_gelu_tanh: activate_row(activation_gelu_tanh, gate, up, y, n); break;
        case activation_relu: activate_row(activation_relu, gate, up, y, n); break;
        case activation_relu_squared: activate_row(activation_relu_squared, gate, up, y, n); break;
    }
}

void add_scaled_neon(const float *x, float scale, float *y, size_t n) {
    for (size_t i = 0; i < n; i += 4)
        store_first(y + i, n - i, vfmaq_n_f32(load_first(y + i, n - i), load_first(x + i, n - i), scale));
}

ALWAYS_INLINE float32x4_t soft_cap(float32x4_t x, float cap) {
    return cap == 0 ? x : vmulq_n_f32(tanh_ps(vdivq_f32(x, vdupq_n_f32(cap))), cap);
}

void scale_neon(float *x, float factor, float cap, size_t n) {
    for (size_t i = 0; i < n; i += 4)
        store_first(x + i, n - i, soft_cap(vmulq_n_f32(load_first(x + i, n - i), factor), cap));
}
#endif
