// Element-wise parts of a decoder: y = f(gate) * up (or f(gate)), y += scale * x, x = softcap(factor * x).
// silu(x) = x / (1 + exp(-x)); gelu(x) = x/2 (1 + erf(x / sqrt 2)); gelu_tanh is its tanh approximation (Hendrycks and
// Gimpel 2016); relu_squared(x) = max(x, 0)^2. Any of the arrays may alias.
#include <math.h>
#include "ops/ops.h"

static float apply(activation_kind kind, float x) {
    switch (kind) {
        case activation_silu: return x / (1 + expf(-x));
        case activation_gelu: return 0.5f * x * (1 + erff(x * 0.70710678118654752f));
        case activation_gelu_tanh: return 0.5f * x * (1 + tanhf(0.79788456080286536f * (x + 0.044715f * x * x * x)));
        case activation_relu: return x > 0 ? x : 0;
        case activation_relu_squared: return x > 0 ? x * x : 0;
    }
    return x;
}

void activate(activation_kind kind, const float *gate, const float *up, float *y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = apply(kind, gate[i]) * (up ? up[i] : 1.0f);
}

void add_scaled(const float *x, float scale, float *y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] += scale * x[i];
}

void scale(float *x, float factor, float cap, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const float v = x[i] * factor;
        x[i] = cap == 0 ? v : cap * tanhf(v / cap);
    }
}
