// y[i] = table[ids[i]] or y[i] += table[ids[i]]: a thread takes 8 values. Rows outside first ..< first + count are another
// dispatch's: large tables are looked at in parts.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/dequant.glsl"

layout(local_size_x = 64) in;

layout(push_constant) uniform Push {
    Words table;     // rows first ..< first + count, `byte` bytes after this address
    Words ids;       // [n]
    Floats y;        // [n, columns]
    uint byte, row_bytes, first, count, n, columns, accumulate;
} p;

void main() {
    const uint groups = (p.columns + 7u) / 8u;
    const uint i = gl_GlobalInvocationID.x / groups, column = gl_GlobalInvocationID.x % groups * 8u;
    if (i >= p.n) return;
    const uint id = p.ids.at[i] - p.first;
    if (id >= p.count) return;
    float values[8];
    load_values(p.table, p.byte + id * p.row_bytes, column, values);
    for (uint j = 0u; j < 8u && column + j < p.columns; j++) {
        const uint at = i * p.columns + column + j;
        p.y.at[at] = values[j] + (p.accumulate != 0u ? p.y.at[at] : 0.0);
    }
}
