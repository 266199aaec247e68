// y += scale * x.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/memory.glsl"

layout(local_size_x = 64) in;

layout(push_constant) uniform Push {
    Floats x, y;
    uint count;
    float scale;
} p;

void main() {
    const uint i = gl_GlobalInvocationID.x;
    if (i < p.count) p.y.at[i] += p.scale * p.x.at[i];
}
