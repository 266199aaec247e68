// result[r] = logits[r, targets[r]] - log(sum(exp(logits[r]))), 0 where the target is ~0: only results leave the device.
// A workgroup takes one row; the maximum is subtracted first, so no finite input overflows.
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
    p.results.at[row] = target == 0xffffffffu ? 0.0 : p.logits.at[first + target] - highest - log(partial[0]);
}
