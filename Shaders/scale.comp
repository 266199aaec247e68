// x = softcap(factor * x) in place, softcap(v) = cap * tanh(v / cap); cap 0: no cap.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/memory.glsl"
#include "common/math.glsl"

layout(local_size_x = 64) in;

layout(push_constant) uniform Push {
    Floats x;
    uint count;
    float factor, cap;
} p;

void main() {
    const uint i = gl_GlobalInvocationID.x;
    if (i >= p.count) return;
    const float v = p.x.at[i] * p.factor;
    p.x.at[i] = p.cap == 0.0 ? v : p.cap * safe_tanh(v / p.cap);
}
