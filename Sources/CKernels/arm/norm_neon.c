// RMSNorm and LayerNorm for NEON: formulas in ops/norm.c. Sums in 8 accumulators of 4 floats, 32 values a step, so their
// order depends on n alone.
#if defined(__aarch64__)
#include <math.h>
#include "isa/no_contraction.h"
#include "arm/neon.h"

/// sum (x - mean)^2, or sum x where `plain`.
ALWAYS_INLINE float sum_row(const float *x, size_t n, float mean, bool plain) {
    float32x4_t sums[8];
    const float32x4_t m = vdupq_n_f32(mean);
    UNROLL for (int j = 0; j < 8; j++) sums[j] = vdupq_n_f32(0);
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        UNROLL for (int j = 0; j < 8; j++) {
            const float32x4_t v = vsubq_f32(vld1q_f32(x + i + 4 * j), m);
            sums[j] = plain ? vaddq_f32(sums[j], v) : vfmaq_f32(sums[j], v, v);
        }
    }
    for (int j = 0; i < n; i += 4, j++) {
        const float32x4_t v = keep_first(vsubq_f32(load_first(x + i, n - i), m), n - i);
        sums[j] = plain ? vaddq_f32(sums[j], v) : vfmaq_f32(sums[j], v, v);
    }
    UNROLL for (int j = 0; j < 4; j++) sums[j] = vaddq_f32(sums[j], sums[j + 4]);
    return horizontal_sum(vaddq_f32(sums[0], sums[1]), vaddq_f32(sums[2], sums[3]));
}

typedef struct affine {
    const float *w, *b;   // or NULL
    float mean, scale;
} affine;

/// y = (x - mean) * scale * w + b
ALWAYS_INLINE void apply_affine(const float *x, float *y, size_t n, const affine t) {
    const float32x4_t mean = vdupq_n_f32(t.mean);
    for (size_t i = 0; i < n; i += 4) {
        float32x4_t v = vmulq_n_f32(vsubq_f32(load_first(x + i, n - i), mean), t.scale);
        if (t.w) v = vmulq_f32(v, load_first(t.w + i, n - i));
        if (t.b) v = vaddq_f32(v, load_first(t.b + i, n - i));
        store_first(y + i, n - i, v);
    }
}

void rms_norm_neon(const float *x, const float *w, float *y, size_t n, float eps) {
    const float scale = 1 / sqrtf(sum_row(x, n, 0, false) / (float)n + eps);
    apply_affine(x, y, n, (affine){w, NULL, 0, scale});
}

void layer_norm_neon(const float *x, const float *w, const float *b, float *y, size_t n, float eps) {
    const float mean = sum_row(x, n, 0, true) / (float)n;
    const float scale = 1 / sqrtf(sum_row(x, n, mean, false) / (float)n + eps);
    apply_affine(x, y, n, (affine){w, b, mean, scale});
}
#endif
