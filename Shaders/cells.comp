// Copies cells of every head from one cache to another or the same. A thread owns one half-word of the cells of one head and
// every `lanes`-th cell: with one lane cells are copied in order, so moves downwards within one cache may overlap.
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_shader_16bit_storage : require
#include "common/memory.glsl"

layout(local_size_x = 64) in;
layout(buffer_reference, std430, buffer_reference_align = 2) buffer Halves { uint16_t at[]; };

layout(push_constant) uniform Push {
    Halves source, target;
    uint heads, row_halves, source_cells, target_cells, from, to, count, lanes;
} p;

void main() {
    const uint at = gl_GlobalInvocationID.x % p.row_halves, rest = gl_GlobalInvocationID.x / p.row_halves;
    const uint head = rest % p.heads, lane = rest / p.heads;
    if (lane >= p.lanes) return;
    for (uint i = lane; i < p.count; i += p.lanes) {
        const uint source = (head * p.source_cells + p.from + i) * p.row_halves + at;
        p.target.at[(head * p.target_cells + p.to + i) * p.row_halves + at] = p.source.at[source];
    }
}
