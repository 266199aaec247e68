// y[c, r] = sum_k W[r, k] x[c, k] + bias[r] for many rows of x: 256 threads take a tile of 64 rows of W and 64 rows of x,
// 32 values of k at a time through shared memory (16 KiB, the least every device has), 4 x 4 results a thread.
// Each result is added up in the order of k.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/dequant.glsl"

const uint TILE = 64u, DEPTH = 32u;
layout(local_size_x = 256) in;

layout(push_constant) uniform Push {
    Words w;         // [rows, k], `w_byte` bytes after this address
    Floats x, y;     // [columns, k], [columns, y_stride]
    Floats bias;     // [rows] if has_bias
    uint w_byte, w_row_bytes, k, rows, columns, y_stride, has_bias;
} p;

shared float tile_w[DEPTH * TILE], tile_x[DEPTH * TILE];   // [k][row]

/// Each thread loads 8 values of one row of W and of one row of x.
void load_tiles(uint first_row, uint first_column, uint k0) {
    const uint row = gl_LocalInvocationID.x / 4u, offset = gl_LocalInvocationID.x % 4u * 8u, k = k0 + offset;
    float w[8];
    for (uint j = 0u; j < 8u; j++) w[j] = 0.0;
    const bool has_row = first_row + row < p.rows && k < p.k;
    if (has_row) load_values(p.w, p.w_byte + (first_row + row) * p.w_row_bytes, k, w);
    const bool has_column = first_column + row < p.columns;
    for (uint j = 0u; j < 8u; j++) {
        const bool inside = k + j < p.k;
        tile_w[(offset + j) * TILE + row] = inside && has_row ? w[j] : 0.0;
        tile_x[(offset + j) * TILE + row] = inside && has_column ? p.x.at[(first_column + row) * p.k + k + j] : 0.0;
    }
}

void main() {
    const uint first_row = gl_WorkGroupID.x * TILE, first_column = gl_WorkGroupID.y * TILE;
    const uint tr = gl_LocalInvocationID.x % 16u * 4u, tc = gl_LocalInvocationID.x / 16u * 4u;
    float sums[16];
    for (uint i = 0u; i < 16u; i++) sums[i] = 0.0;
    for (uint k0 = 0u; k0 < p.k; k0 += DEPTH) {
        load_tiles(first_row, first_column, k0);
        barrier();
        for (uint k = 0u; k < DEPTH; k++) {
            float w[4], x[4];
            for (uint i = 0u; i < 4u; i++) {
                w[i] = tile_w[k * TILE + tr + i];
                x[i] = tile_x[k * TILE + tc + i];
            }
            for (uint i = 0u; i < 16u; i++) sums[i] = fma(w[i % 4u], x[i / 4u], sums[i]);
        }
        barrier();
    }
    for (uint i = 0u; i < 16u; i++) {
        const uint r = first_row + tr + i % 4u, c = first_column + tc + i / 4u;
        if (r < p.rows && c < p.columns)
            p.y.at[c * p.y_stride + r] = sums[i] + (p.has_bias != 0u ? p.bias.at[r] : 0.0);
    }
}
