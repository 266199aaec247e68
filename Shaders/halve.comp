// Activations for cooperative matrices: a row (a workgroup) becomes binary16 times a power of two that puts its largest value
// between 2^14 and 2^15, so that none is too large and small ones keep their bits. NaN and infinities stay what they are.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/memory.glsl"
#include "common/halves.glsl"

const uint THREADS = 256u;
layout(local_size_x = 256) in;
layout(buffer_reference, std430, buffer_reference_align = 4) buffer Pairs { uint at[]; };

layout(push_constant) uniform Push {
    Floats x;        // [rows, k]
    Pairs halves;    // [rows, stride / 2] pairs, zeros from k on
    Floats scales;   // [rows]
    uint k, stride;
} p;

shared uint largest[THREADS];

void main() {
    const uint thread = gl_LocalInvocationID.x, row = gl_WorkGroupID.x;
    uint magnitude = 0u;
    // As bits: magnitudes are in order as numbers, and NaN is the largest.
    for (uint i = thread; i < p.k; i += THREADS) magnitude = max(magnitude, floatBitsToUint(p.x.at[row * p.k + i]) & 0x7fffffffu);
    largest[thread] = magnitude;
    for (uint width = THREADS / 2u; width > 0u; width /= 2u) {
        barrier();
        if (thread < width) largest[thread] = max(largest[thread], largest[thread + width]);
    }
    barrier();
    const uint exponent = max(largest[0] >> 23, 15u) - 14u;
    const float inverse = uintBitsToFloat(254u - exponent << 23);
    for (uint i = thread; i < p.stride / 2u; i += THREADS) {
        uint pair = 0u;
        for (uint j = 0u; j < 2u; j++)
            if (2u * i + j < p.k) pair |= f32_to_f16(p.x.at[row * p.k + 2u * i + j] * inverse) << 16u * j;
        p.halves.at[row * p.stride / 2u + i] = pair;
    }
    if (thread == 0u) p.scales.at[row] = uintBitsToFloat(exponent << 23);
}
