// result[r] = logits[r, targets[r]] - log(sum(exp(logits[r]))): only results leave the device. Where the target is ~0 it is 0,
// where it is ~1 it is the logarithm itself. A workgroup takes one row; the maximum is subtracted first, so no finite input
// overflows.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/memory.glsl"

const uint THREADS = 256u;
layout(local_size_x = 256) in;

layout(push_constant) uniform Push {
    Floats logits;    // [rows, columns]
    Words targets;    // [rows]
    Floats results;   // [rows]
    uint columns;
} p;

shared float partial[THREADS];

void main() {
    const uint thread = gl_LocalInvocationID.x, row = gl_WorkGroupID.x, first = row * p.columns;
    float highest = p.logits.at[first];
    for (uint i = thread; i < p.columns; i += THREADS) highest = max(highest, p.logits.at[first + i]);
    partial[thread] = highest;
    for (uint width = THREADS / 2u; width > 0u; width /= 2u) {
        barrier();
        if (thread < width) partial[thread] = max(partial[thread], partial[thread + width]);
    }
    barrier();
    highest = partial[0];
    barrier();
    float sum = 0.0;
    for (uint i = thread; i < p.columns; i += THREADS) sum += exp(p.logits.at[first + i] - highest);
    partial[thread] = sum;
    for (uint width = THREADS / 2u; width > 0u; width /= 2u) {
        barrier();
        if (thread < width) partial[thread] += partial[thread + width];
    }
    barrier();
    if (thread != 0u) return;
    const uint target = p.targets.at[row];
    const float log_sum = highest + log(partial[0]);
    float result = log_sum;
    if (target == ~0u) result = 0.0;
    if (target < ~1u) result = p.logits.at[first + target] - log_sum;
    p.results.at[row] = result;
}
