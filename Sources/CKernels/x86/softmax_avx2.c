// Softmax and log-sum-exp for AVX2: formulas in ops/softmax.c, exp in x86/avx2.h. The sum runs in 32 lanes of
// f32, n / 32 additions each, so its relative error stays below n / 32 * 2^-24.
#if defined(__x86_64__)
#include <math.h>
#include "isa/avx2_begin.h"
#include "x86/avx2.h"

ALWAYS_INLINE __m256 load_or(const float *x, size_t left, float rest) {
    if (left >= 8) return _mm256_loadu_ps(x);
    const __m256i mask = first_lanes(left);
    return _mm256_blendv_ps(_mm256_set1_ps(rest), _mm256_maskload_ps(x, mask), _mm256_castsi256_ps(mask));
}

ALWAYS_INLINE float maximum(const float *x, size_t n) {
    __m256 max[2] = {_mm256_set1_ps(-INFINITY), _mm256_set1_ps(-INFINITY)};
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        UNROLL for (int j = 0; j < 2; j++) max[j] = _mm256_max_ps(_mm256_loadu_ps(x + i + 8 * j), max[j]);
    }
    for (; i < n; i += 8) max[0] = _mm256_max_ps(load_or(x + i, n - i, -INFINITY), max[0]);
    return horizontal_max(_mm256_max_ps(max[0], max[1]));
}

/// sum exp(x - max); the exponentials go to y unless it is NULL.
ALWAYS_INLINE float sum_exp(const float *x, float *y, size_t n, float max) {
    __m256 sums[4] = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps()};
    const __m256 m = _mm256_set1_ps(max);
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        UNROLL for (int j = 0; j < 4; j++) {
            const __m256 e = exp_negative_ps(_mm256_sub_ps(_mm256_loadu_ps(x + i + 8 * j), m));
            if (y) _mm256_storeu_ps(y + i + 8 * j, e);
            sums[j] = _mm256_add_ps(sums[j], e);
        }
    }
    for (; i < n; i += 8) {
        const __m256i mask = first_lanes(n - i < 8 ? n - i : 8);
        const __m256 e = _mm256_and_ps(exp_negative_ps(_mm256_sub_ps(_mm256_maskload_ps(x + i, mask), m)),
                                       _mm256_castsi256_ps(mask));
        if (y) _mm256_maskstore_ps(y + i, mask, e);
        sums[0] = _mm256_add_ps(sums[0], e);
    }
    return horizontal_sum(_mm256_add_ps(_mm256_add_ps(sums[0], sums[1]), _mm256_add_ps(sums[2], sums[3])));
}

float softmax_avx2(float *x, size_t n) {
    const float max = maximum(x, n), sum = sum_exp(x, x, n, max);
    const __m256 inverse = _mm256_set1_ps(1 / sum);
    for (size_t i = 0; i < n; i += 8) {
        store_first(x + i, n - i, _mm256_mul_ps(load_first(x + i, n - i), inverse));
    }
    return max + logf(sum);
}

float log_sum_exp_avx2(const float *x, size_t n) {
    const float max = maximum(x, n);
    return max + logf(sum_exp(x, NULL, n, max));
}
#include "isa/avx2_end.h"
#endif
