// Chooses the experts of each row (a thread): the `used` best router scores, ties to the lowest number, listed in ascending
// order of their number, and their weights. GATING: 1 softmax over all, 2 sigmoid, 3 softmax over the chosen.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/memory.glsl"
#include "common/math.glsl"

layout(local_size_x = 64) in;
layout(buffer_reference, std430, buffer_reference_align = 4) buffer Numbers { uint at[]; };

layout(push_constant) uniform Push {
    Floats scores;      // [rows, count]
    Numbers chosen;     // [rows, used]
    Floats weights;     // [rows, used]
    uint rows, count, used, gating, normalizes;
    float scale;
} p;

/// The best expert below `limit` in the order (score descending, number ascending); numbers[0 ..< n] are taken.
uint best_free(uint row, uint first, uint n) {
    uint best = p.count;
    for (uint e = 0u; e < p.count; e++) {
        bool taken = false;
        for (uint i = 0u; i < n; i++) taken = taken || p.chosen.at[first + i] == e;
        if (!taken && (best == p.count || p.scores.at[row * p.count + e] > p.scores.at[row * p.count + best])) best = e;
    }
    return best;
}

void sort_by_number(uint first) {
    for (uint i = 1u; i < p.used; i++) {
        const uint number = p.chosen.at[first + i];
        uint at = i;
        for (; at > 0u && p.chosen.at[first + at - 1u] > number; at--) p.chosen.at[first + at] = p.chosen.at[first + at - 1u];
        p.chosen.at[first + at] = number;
    }
}

void main() {
    const uint row = gl_GlobalInvocationID.x, first = row * p.used, scores = row * p.count;
    if (row >= p.rows) return;
    for (uint i = 0u; i < p.used; i++) p.chosen.at[first + i] = best_free(row, first, i);
    const float highest = p.scores.at[scores + p.chosen.at[first]];
    sort_by_number(first);
    float all = 0.0, sum = 0.0;
    if (p.gating == 1u)
        for (uint e = 0u; e < p.count; e++) all += exp(p.scores.at[scores + e] - highest);
    for (uint i = 0u; i < p.used; i++) {
        const float s = p.scores.at[scores + p.chosen.at[first + i]];
        const float weight = p.gating == 2u ? sigmoid(s) : exp(s - highest);
        p.weights.at[first + i] = weight;
        sum += weight;
    }
    float divisor = p.gating == 1u ? all : p.gating == 3u ? sum : 1.0;
    if (p.normalizes != 0u) divisor = sum;
    for (uint i = 0u; i < p.used; i++) p.weights.at[first + i] = p.weights.at[first + i] / divisor * p.scale;
}
