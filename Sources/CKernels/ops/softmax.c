// softmax(x)_i = exp(x_i - max) / sum_j exp(x_j - max), and log(sum exp) = max + log(sum_j exp(x_j - max)).
// The maximum is subtracted first, so no finite input overflows; sums in double. -inf entries get probability 0.
#include <math.h>
#include "ops/ops.h"

static float maximum(const float *x, size_t n) {
    float max = -INFINITY;
    for (size_t i = 0; i < n; i++) max = x[i] > max ? x[i] : max;
    return max;
}

float softmax(float *x, size_t n) {
    const float max = maximum(x, n);
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        x[i] = expf(x[i] - max);
        sum += (double)x[i];
    }
    const float inverse = (float)(1 / sum);
    for (size_t i = 0; i < n; i++) x[i] *= inverse;
    return max + (float)log(sum);
}

float log_sum_exp(const float *x, size_t n) {
    const float max = maximum(x, n);
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)expf(x[i] - max);
    return max + (float)log(sum);
}
