// y[i] = x[rows[i]]: a thread copies one word.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/memory.glsl"

layout(local_size_x = 64) in;

layout(push_constant) uniform Push {
    Floats x, y;
    Words rows;
    uint count, columns;
} p;

void main() {
    const uint i = gl_GlobalInvocationID.x / p.columns, column = gl_GlobalInvocationID.x % p.columns;
    if (i < p.count) p.y.at[i * p.columns + column] = p.x.at[p.rows.at[i] * p.columns + column];
}
