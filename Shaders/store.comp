// Converts rows of x to the cache's type: row i, head h goes to cell cells[i] of cache [heads, cells, dim]. TYPE 0: F32,
// 1: F16 (nearest even), 2: Q8_0 (d = largest / 127, halves away from zero). A thread takes one value, for Q8_0 one block.
// Halves are stored as such: cells of a type with blocks of 34 bytes share words.
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_shader_16bit_storage : require
#include "common/memory.glsl"
#include "common/halves.glsl"

layout(constant_id = 0) const uint TYPE = 0u;
layout(local_size_x = 64) in;
layout(buffer_reference, std430, buffer_reference_align = 2) buffer Halves { uint16_t at[]; };

layout(push_constant) uniform Push {
    Floats x;         // [rows, heads * dim]
    Words cells;      // [rows]
    Floats floats;    // the cache as F32 or as halves
    Halves halves;
    uint rows, heads, dim, capacity;
} p;

void store_block(uint source, uint target) {
    float largest = 0.0;
    for (uint j = 0u; j < 32u; j++) largest = max(largest, abs(p.x.at[source + j]));
    const float d = largest / 127.0, inverse = d > 0.0 ? 1.0 / d : 0.0;
    p.halves.at[target] = uint16_t(f32_to_f16(d));
    for (uint j = 0u; j < 32u; j += 2u) {
        uint pair = 0u;
        for (uint i = 0u; i < 2u; i++) {
            const float v = p.x.at[source + j + i] * inverse;
            const float rounded = clamp(floor(abs(v) + 0.5), 0.0, 127.0);
            pair |= (uint(int(v < 0.0 ? -rounded : rounded)) & 255u) << 8u * i;
        }
        p.halves.at[target + 1u + j / 2u] = uint16_t(pair);
    }
}

void main() {
    const uint step = TYPE == 2u ? 32u : 1u, units = p.dim / step;
    const uint unit = gl_GlobalInvocationID.x % units, cell_of = gl_GlobalInvocationID.x / units;
    const uint row = cell_of / p.heads, head = cell_of % p.heads;
    if (row >= p.rows) return;
    const uint source = (row * p.heads + head) * p.dim + unit * step;
    const uint cell = head * p.capacity + p.cells.at[row];
    if (TYPE == 0u) p.floats.at[cell * p.dim + unit] = p.x.at[source];
    if (TYPE == 1u) p.halves.at[cell * p.dim + unit] = uint16_t(f32_to_f16(p.x.at[source]));
    if (TYPE == 2u) store_block(source, (cell * units + unit) * 17u);
}
