// y = f(gate) * up, or f(gate); gate and y may be the same. KIND in the order of Activation in Compute: SiLU, GELU (erf),
// GELU (tanh), ReLU, ReLU squared, gpt-oss' clamped SwiGLU. Decided by Sources/CKernels/ops/activate.c.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/memory.glsl"
#include "common/math.glsl"

layout(constant_id = 0) const uint KIND = 0u;
layout(local_size_x = 64) in;

layout(push_constant) uniform Push {
    Floats gate, up, y;
    uint count, has_up;
} p;

float apply(float x) {
    if (KIND == 0u) return x * sigmoid(x);
    if (KIND == 1u) return 0.5 * x * (1.0 + erf(x * 0.70710678118654752));
    if (KIND == 2u) return 0.5 * x * (1.0 + safe_tanh(0.79788456080286536 * (x + 0.044715 * x * x * x)));
    const float positive = x > 0.0 ? x : 0.0;
    return KIND == 3u ? positive : positive * positive;
}

void main() {
    const uint i = gl_GlobalInvocationID.x;
    if (i >= p.count) return;
    float g = p.gate.at[i], u = p.has_up != 0u ? p.up.at[i] : 1.0;
    if (KIND == 5u) {
        g = min(g, 7.0);
        p.y.at[i] = g * sigmoid(1.702 * g) * (clamp(u, -7.0, 7.0) + 1.0);
    } else {
        p.y.at[i] = apply(g) * u;
    }
}
