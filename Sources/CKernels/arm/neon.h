/// Small NEON pieces shared by the kernels of floats.
#ifndef ARM_NEON_H
#define ARM_NEON_H
#include <arm_neon.h>
#include <string.h>
#include "isa/inline.h"
#include "kernels.h"
#include "quant/blocks.h"

/// Sum of 8 lanes: ((0 + 1) + (2 + 3)) + ((4 + 5) + (6 + 7)).
ALWAYS_INLINE float horizontal_sum(float32x4_t low, float32x4_t high) { return vaddvq_f32(low) + vaddvq_f32(high); }

/// All bits of lane i set where i < n.
ALWAYS_INLINE uint32x4_t first_lanes(size_t n) {
    static const uint32_t numbers[4] = {0, 1, 2, 3};
    return vcltq_u32(vld1q_u32(numbers), vdupq_n_u32(n < 4 ? (uint32_t)n : 4));
}

/// v where i < n, else 0.
ALWAYS_INLINE float32x4_t keep_first(float32x4_t v, size_t n) {
    return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(v), first_lanes(n)));
}

/// The first n floats at x, at most 4, the other lanes 0; and their store.
ALWAYS_INLINE float32x4_t load_first(const float *x, size_t n) {
    if (n >= 4) return vld1q_f32(x);
    float lanes[4] = {0};
    memcpy(lanes, x, n * sizeof(float));
    return vld1q_f32(lanes);
}

ALWAYS_INLINE void store_first(float *y, size_t n, float32x4_t v) {
    if (n >= 4) {
        vst1q_f32(y, v);
        return;
    }
    float lanes[4];
    vst1q_f32(lanes, v);
    memcpy(y, lanes, n * sizeof(float));
}

/// 4 binary16 or bfloat16 as floats.
ALWAYS_INLINE float32x4_t floats_of_f16(uint16x4_t h) { return vcvt_f32_f16(vreinterpret_f16_u16(h)); }
ALWAYS_INLINE float32x4_t floats_of_bf16(uint16x4_t h) { return vreinterpretq_f32_u32(vshll_n_u16(h, 16)); }

/// The binary16 at x, and the nearest binary16 to a plain number.
ALWAYS_INLINE float load_f16(const void *x) {
    __fp16 h;
    memcpy(&h, x, sizeof h);
    return h;
}

ALWAYS_INLINE uint16_t f16_bits(float x) {
    const __fp16 h = (__fp16)x;
    uint16_t bits;
    memcpy(&bits, &h, sizeof bits);
    return bits;
}

/// 8 values as floats, and what reads them: `index` counts the values of a row.
typedef struct eight { float32x4_t low, high; } eight;
typedef eight (*eight_loader)(const char *row, size_t index);

ALWAYS_INLINE eight eight_f32(const char *row, size_t index) {
    const float *x = (const float *)row + index;
    return (eight){vld1q_f32(x), vld1q_f32(x + 4)};
}

ALWAYS_INLINE eight eight_f16(const char *row, size_t index) {
    const uint16x8_t h = vld1q_u16((const uint16_t *)row + index);
    return (eight){floats_of_f16(vget_low_u16(h)), floats_of_f16(vget_high_u16(h))};
}

ALWAYS_INLINE eight eight_bf16(const char *row, size_t index) {
    const uint16x8_t h = vld1q_u16((const uint16_t *)row + index);
    return (eight){floats_of_bf16(vget_low_u16(h)), floats_of_bf16(vget_high_u16(h))};
}

/// The last n < 8 values of a row, of `bytes` bytes each, the rest zero.
ALWAYS_INLINE eight last_values(eight_loader load, size_t bytes, const char *row, size_t index, size_t n) {
    char end[32] = {0};
    memcpy(end, row + index * bytes, n * bytes);
    return load(end, 0);
}

/// exp(r + n ln 2) = 2^n * p(r), |r| <= ln 2 / 2, p of degree 6 (Taylor).
typedef struct exp_parts {
    float32x4_t p;
    int32x4_t n;
} exp_parts;

ALWAYS_INLINE exp_parts split_exp(float32x4_t x) {
    const float32x4_t n = vrndnq_f32(vmulq_n_f32(x, 1.44269504f));
    float32x4_t r = vfmsq_f32(x, n, vdupq_n_f32(0.693145752f));   // ln 2 in two parts, the first exact times n
    r = vfmsq_f32(r, n, vdupq_n_f32(1.42860677e-6f));
    float32x4_t p = vdupq_n_f32(1.0f / 720);
    p = vfmaq_f32(vdupq_n_f32(1.0f / 120), p, r);
    p = vfmaq_f32(vdupq_n_f32(1.0f / 24), p, r);
    p = vfmaq_f32(vdupq_n_f32(1.0f / 6), p, r);
    p = vfmaq_f32(vdupq_n_f32(0.5f), p, r);
    p = vfmaq_f32(vdupq_n_f32(1), p, r);
    p = vfmaq_f32(vdupq_n_f32(1), p, r);
    return (exp_parts){p, vcvtq_s32_f32(n)};
}

/// 2^n, -127 < n < 128.
ALWAYS_INLINE float32x4_t power_of_two(int32x4_t n) {
    return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(n, vdupq_n_s32(127)), 23));
}

ALWAYS_INLINE float32x4_t zero_where_tiny(float32x4_t x, float32x4_t y) {
    return vbslq_f32(vcltq_f32(x, vdupq_n_f32(-87.3f)), vdupq_n_f32(0), y);
}

/// exp(x), relative error below 2e-7. Results below 2^-126 become 0, above the largest float infinity; NaN stays NaN.
ALWAYS_INLINE float32x4_t exp_ps(float32x4_t x) {
    const exp_parts e = split_exp(x);
    const int32x4_t half = vshrq_n_s32(e.n, 1);   // in two factors, so that n = 128 does not overflow too early
    const float32x4_t y = vmulq_f32(vmulq_f32(e.p, power_of_two(half)), power_of_two(vsubq_s32(e.n, half)));
    return vbslq_f32(vcgtq_f32(x, vdupq_n_f32(88.72284f)), vdupq_n_f32(__builtin_inff()), zero_where_tiny(x, y));
}

/// exp_ps for x <= 0 or NaN, with the same bits.
ALWAYS_INLINE float32x4_t exp_negative_ps(float32x4_t x) {
    const exp_parts e = split_exp(x);
    return zero_where_tiny(x, vmulq_f32(e.p, power_of_two(e.n)));
}

/// tanh(x), relative error below 3e-7: a polynomial below 0.625 (Cephes' tanhf), 1 - 2 / (exp(2x) + 1) above.
ALWAYS_INLINE float32x4_t tanh_ps(float32x4_t x) {
    const float32x4_t one = vdupq_n_f32(1), square = vmulq_f32(x, x);
    float32x4_t p = vdupq_n_f32(-5.70498872745e-3f);
    p = vfmaq_f32(vdupq_n_f32(2.06390887954e-2f), p, square);
    p = vfmaq_f32(vdupq_n_f32(-5.37397155531e-2f), p, square);
    p = vfmaq_f32(vdupq_n_f32(1.33314422036e-1f), p, square);
    p = vfmaq_f32(vdupq_n_f32(-3.33332819422e-1f), p, square);
    const float32x4_t small = vfmaq_f32(x, vmulq_f32(p, square), x);
    const float32x4_t e = exp_ps(vaddq_f32(x, x));
    const float32x4_t large = vsubq_f32(one, vdivq_f32(vdupq_n_f32(2), vaddq_f32(e, one)));
    return vbslq_f32(vcltq_f32(vabsq_f32(x), vdupq_n_f32(0.625f)), small, large);
}
#endif
