// Softmax and log-sum-exp for NEON: formulas in ops/softmax.c, exp in arm/neon.h. The sum runs in 16 lanes of f32, n / 16
// additions each, so its relative error stays below n / 16 * 2^-24.
#if defined(__aarch64__)
#include <math.h>
#include "isa/no_contraction.h"
#include "arm/neon.h"

ALWAYS_INLINE float maximum(const float *x, size_t n) {
    const float32x4_t lowest = vdupq_n_f32(-INFINITY);
    float32x4_t max[2] = {lowest, lowest};
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        UNROLL for (int j = 0; j < 2; j++) max[j] = vmaxnmq_f32(max[j], vld1q_f32(x + i + 4 * j));
    }
    for (; i < n; i += 4) max[0] = vmaxnmq_f32(max[0], vbslq_f32(first_lanes(n - i), load_first(x + i, n - i), lowest));
    return vmaxnmvq_f32(vmaxnmq_f32(max[0], max[1]));
}

/// sum exp(x - max); the exponentials go to y unless it is NULL.
ALWAYS_INLINE float sum_exp(const float *x, float *y, size_t n, float max) {
    float32x4_t sums[4];
    const float32x4_t m = vdupq_n_f32(max);
    UNROLL for (int j = 0; j < 4; j++) sums[j] = vdupq_n_f32(0);
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        UNROLL for (int j = 0; j < 4; j++) {
            const float32x4_t e = exp_negative_ps(vsubq_f32(vld1q_f32(x + i + 4 * j), m));
            if (y) vst1q_f32(y + i + 4 * j, e);
            sums[j] = vaddq_f32(sums[j], e);
        }
    }
    for (; i < n; i += 4) {
        const float32x4_t e = keep_first(exp_negative_ps(vsubq_f32(load_first(x + i, n - i), m)), n - i);
        if (y) store_first(y + i, n - i, e);
        sums[0] = vaddq_f32(sums[0], e);
    }
    return horizontal_sum(vaddq_f32(sums[0], sums[1]), vaddq_f32(sums[2], sums[3]));
}

float softmax_neon(float *x, size_t n) {
    const float max = maximum(x, n), sum = sum_exp(x, x, n, max), inverse = 1 / sum;
    for (size_t i = 0; i < n; i += 4) store_first(x + i, n - i, vmulq_n_f32(load_first(x + i, n - i), inverse));
    return max + logf(sum);
}

float log_sum_exp_neon(const float *x, size_t n) {
    const float max = maximum(x, n);
    return max + logf(sum_exp(x, NULL, n, max));
}
#endif
