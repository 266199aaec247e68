// Activations for integer dot products: 32 values become signed bytes q with a scale d, x = d * q, d = largest / 127 and q
// rounded to the nearest. A workgroup takes two blocks of 32, a thread one value.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/memory.glsl"

layout(local_size_x = 64) in;
layout(buffer_reference, std430, buffer_reference_align = 4) buffer Bytes { uint at[]; };

layout(push_constant) uniform Push {
    Floats x;        // [blocks * 32]
    Bytes q;         // [blocks * 8] words
    Floats scales;   // [blocks]
    uint blocks;
} p;

shared float largest[64];
shared uint quants[64];

void main() {
    const uint thread = gl_LocalInvocationID.x, i = gl_GlobalInvocationID.x, lane = thread % 32u;
    const bool inside = i / 32u < p.blocks;
    const float x = inside ? p.x.at[i] : 0.0;
    largest[thread] = abs(x);
    for (uint width = 16u; width > 0u; width /= 2u) {
        barrier();
        // Not max(): it may lose a NaN, which must reach the result.
        const float own = largest[thread], other = lane < width ? largest[thread + width] : own;
        if (own == own && !(other <= own)) largest[thread] = other;
    }
    barrier();
    const float d = largest[thread - lane] / 127.0;
    // The sign is put back after rounding: halves go away from zero, as on the CPU.
    const float steps = d > 0.0 ? min(floor(abs(x) / d + 0.5), 127.0) : 0.0;
    quants[thread] = uint(int(x < 0.0 ? -steps : steps)) & 255u;
    barrier();
    if (!inside) return;
    if (lane < 8u) {
        const uint first = thread - lane + 4u * lane;
        p.q.at[i / 32u * 8u + lane] =
            quants[first] | quants[first + 1u] << 8 | quants[first + 2u] << 16 | quants[first + 3u] << 24;
    }
    if (lane == 0u) p.scales.at[i / 32u] = d;
}
