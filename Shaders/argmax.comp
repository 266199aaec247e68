// results[2r] = the index of the largest of logits[r], ties to the lowest; results[2r + 1] = its bits. A row with a NaN or an
// infinity gives the first of those. A workgroup takes one row; what is compared are integers in the order of the floats,
// so that no driver's idea of NaN, zero or tiny numbers matters.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/memory.glsl"

const uint THREADS = 256u;
layout(local_size_x = 256) in;

layout(buffer_reference, std430, buffer_reference_align = 4) writeonly buffer Results { uint at[]; };
layout(push_constant) uniform Push {
    Words logits;     // [rows, columns]
    Results results;  // [rows, 2]
    uint columns;
} p;

shared uint keys[THREADS], places[THREADS];

/// Larger for larger floats, the same for both zeros, largest for what is no finite number.
uint key(uint bits) {
    if ((bits & 0x7f800000u) == 0x7f800000u) return ~0u;
    if (bits == 0x80000000u) bits = 0u;
    return (bits & 0x80000000u) != 0u ? ~bits : bits | 0x80000000u;
}

void main() {
    const uint thread = gl_LocalInvocationID.x, row = gl_WorkGroupID.x, first = row * p.columns;
    uint largest = 0u, place = ~0u;   // less than any float's key
    for (uint i = thread; i < p.columns; i += THREADS) {
        const uint k = key(p.logits.at[first + i]);
        if (k > largest) {
            largest = k;
            place = i;
        }
    }
    keys[thread] = largest;
    places[thread] = place;
    for (uint width = THREADS / 2u; width > 0u; width /= 2u) {
        barrier();
        if (thread < width) {
            const uint other = keys[thread + width], there = places[thread + width];
            if (other > keys[thread] || (other == keys[thread] && there < places[thread])) {
                keys[thread] = other;
                places[thread] = there;
            }
        }
    }
    if (thread != 0u) return;
    p.results.at[2u * row] = places[0];
    p.results.at[2u * row + 1u] = p.logits.at[first + places[0]];
}
