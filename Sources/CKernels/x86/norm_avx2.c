// RMSNorm and LayerNorm for AVX2: formulas in ops/norm.c. Sums in four accumulators of 8 floats, 32 values a step, so their
// order depends on n alone.
#if defined(__x86_64__)
#include <math.h>
#include "isa/avx2_begin.h"
#include "x86/avx2.h"

/// sum (x - mean)^2, or sum x where `plain`.
ALWAYS_INLINE float sum_row(const float *x, size_t n, float mean, bool plain) {
    __m256 sums[4] = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps()};
    const __m256 m = _mm256_set1_ps(mean);
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        UNROLL for (int j = 0; j < 4; j++) {
            const __m256 v = _mm256_sub_ps(_mm256_loadu_ps(x + i + 8 * j), m);
            sums[j] = plain ? _mm256_add_ps(sums[j], v) : _mm256_fmadd_ps(v, v, sums[j]);
        }
    }
    for (; i < n; i += 8) {
        const __m256i mask = first_lanes(n - i < 8 ? n - i : 8);
        const __m256 v = _mm256_and_ps(_mm256_sub_ps(_mm256_maskload_ps(x + i, mask), m), _mm256_castsi256_ps(mask));
        sums[0] = plain ? _mm256_add_ps(sums[0], v) : _mm256_fmadd_ps(v, v, sums[0]);
    }
    return horizontal_sum(_mm256_add_ps(_mm256_add_ps(sums[0], sums[1]), _mm256_add_ps(sums[2], sums[3])));
}

typedef struct affine {
    const float *w, *b;   // or NULL
    float mean, scale;
} affine;

/// y = (x - mean) * scale * w + b
ALWAYS_INLINE void apply_affine(const float *x, float *y, size_t n, const affine t) {
    const __m256 mean = _mm256_set1_ps(t.mean), scale = _mm256_set1_ps(t.scale);
    for (size_t i = 0; i < n; i += 8) {
        __m256 v = _mm256_mul_ps(_mm256_sub_ps(load_first(x + i, n - i), mean), scale);
        if (t.w) v = _mm256_mul_ps(v, load_first(t.w + i, n - i));
        if (t.b) v = _mm256_add_ps(v, load_first(t.b + i, n - i));
        store_first(y + i, n - i, v);
    }
}

void rms_norm_avx2(const float *x, const float *w, float *y, size_t n, float eps) {
    const float scale = 1 / sqrtf(sum_row(x, n, 0, false) / (float)n + eps);
    apply_affine(x, y, n, (affine){w, NULL, 0, scale});
}

void layer_norm_avx2(const float *x, const float *w, const float *b, float *y, size_t n, float eps) {
    const float mean = sum_row(x, n, 0, true) / (float)n;
    const float scale = 1 / sqrtf(sum_row(x, n, mean, false) / (float)n + eps);
    apply_affine(x, y, n, (affine){w, b, mean, scale});
}
#include "isa/avx2_end.h"
#endif
