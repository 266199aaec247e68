// Normalises one group of `width` values (a workgroup). RMS: y = x / sqrt(mean(x^2) + eps) * w; layer: y = (x - mean) /
// sqrt(var + eps) * w + b. Group i takes the weights of set i modulo `weight_groups`. x and y may be the same.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/memory.glsl"

const uint THREADS = 128u;
layout(local_size_x = 128) in;

layout(push_constant) uniform Push {
    Floats x, y;
    Floats weight, bias;
    uint width, weight_groups;
    float epsilon;
    uint flags;   // 1: weight, 2: bias, 4: layer norm
} p;

shared float partial[THREADS];

float total(float own) {
    const uint thread = gl_LocalInvocationID.x;
    barrier();
    partial[thread] = own;
    for (uint width = THREADS / 2u; width > 0u; width /= 2u) {
        barrier();
        if (thread < width) partial[thread] += partial[thread + width];
    }
    barrier();
    return partial[0];
}

void main() {
    const uint thread = gl_LocalInvocationID.x, group = gl_WorkGroupID.x, first = group * p.width;
    const uint set = group % p.weight_groups * p.width;
    float sum = 0.0, mean = 0.0;
    if ((p.flags & 4u) != 0u) {
        for (uint i = thread; i < p.width; i += THREADS) sum += p.x.at[first + i];
        mean = total(sum) / float(p.width);
    }
    sum = 0.0;
    for (uint i = thread; i < p.width; i += THREADS) {
        const float v = p.x.at[first + i] - mean;
        sum += v * v;
    }
    const float factor = 1.0 / sqrt(total(sum) / float(p.width) + p.epsilon);
    for (uint i = thread; i < p.width; i += THREADS) {
        float v = (p.x.at[first + i] - mean) * factor;
        if ((p.flags & 1u) != 0u) v *= p.weight.at[set + i];
        if ((p.flags & 2u) != 0u) v += p.bias.at[set + i];
        p.y.at[first + i] = v;
    }
}
