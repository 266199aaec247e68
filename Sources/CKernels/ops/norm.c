// Normalisations of one row x[n], float results, sums in double.
// RMSNorm: y = x / sqrt(mean(x^2) + eps) * w (Zhang and Sennrich 2019). LayerNorm: y = (x - mean) / sqrt(var + eps) * w + b
// with the population variance (Ba et al. 2016). w and b may be NULL; x == y is allowed.
#include <math.h>
#include "ops/ops.h"

void rms_norm(const float *x, const float *w, float *y, size_t n, float eps) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)x[i] * x[i];
    const float scale = (float)(1 / sqrt(sum / (double)n + (double)eps));
    for (size_t i = 0; i < n; i++) y[i] = x[i] * scale * (w ? w[i] : 1.0f);
}

void layer_norm(const float *x, const float *w, const float *b, float *y, size_t n, float eps) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) sum += (double)x[i];
    const double mean = sum / (double)n;
    for (size_t i = 0; i < n; i++) squares += (x[i] - mean) * (x[i] - mean);
    const double scale = 1 / sqrt(squares / (double)n + (double)eps);
    for (size_t i = 0; i < n; i++) {
        y[i] = (float)((x[i] - mean) * scale) * (w ? w[i] : 1.0f) + (b ? b[i] : 0.0f);
    }
}
