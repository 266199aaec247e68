// Rotates pairs of every head in place: (a, b) becomes (a cos - b sin, a sin + b cos). A thread takes one pair.
// Adjacent: (x[2i], x[2i + 1]); halves: (x[i], x[i + pairs]). cos_sin: per row `pairs` cosines, then `pairs` sines.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/memory.glsl"

layout(local_size_x = 64) in;

layout(push_constant) uniform Push {
    Floats x, cos_sin;
    uint rows, heads, dim, pairs, halves;
} p;

void main() {
    const uint i = gl_GlobalInvocationID.x % p.pairs, head = gl_GlobalInvocationID.x / p.pairs, row = head / p.heads;
    if (row >= p.rows) return;
    const uint a = head * p.dim + (p.halves != 0u ? i : 2u * i), b = a + (p.halves != 0u ? p.pairs : 1u);
    const float c = p.cos_sin.at[row * 2u * p.pairs + i], s = p.cos_sin.at[(row * 2u + 1u) * p.pairs + i];
    const float xa = p.x.at[a], xb = p.x.at[b];
    p.x.at[a] = xa * c - xb * s;
    p.x.at[b] = xa * s + xb * c;
}
