// y[c, r] = sum_k W[r, k] x[c, k] + bias[r] for many rows of x: 256 threads take a tile of 64 rows of W and 64 rows of x,
// 32 values of k at a time through shared memory (16 KiB, the least every device has), 4 x 4 results a thread.
// Each result is added up in the order of k. With INTEGER_DOT activations are signed bytes: x_q and their scales instead of x.
// With EXPERTS a column is a visit of a row of x to an expert, a tile has visits to one expert (group.comp lists them), and
// W is that expert's.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/dequant.glsl"
#include "common/tile.glsl"
#ifdef INTEGER_DOT
#include "common/integer_dot.glsl"
#endif

#ifdef INTEGER_DOT
shared uint tile_w[DEPTH / 4u * TILE], tile_x[DEPTH / 4u * TILE];                  // [word of k][row]
shared vec2 w_scales[DEPTH / 8u * TILE];                                          // [8 values of k][row]
shared float x_totals[DEPTH / 8u * TILE], x_scales[TILE];

/// Each thread loads 8 values of one row of W and of one row of x; results of rows that are not there are not written.
void load_tiles(uint first_row, uint k0) {
    const uint row = gl_LocalInvocationID.x / 4u, group = gl_LocalInvocationID.x % 4u, k = k0 + group * 8u;
    vec2 scale;
    const uint w_row = min(first_row + row, p.rows - 1u);
    const uvec2 q = load_integers(w, w_byte + w_row * p.w_row_bytes, k, scale);
    const uint at = x_row(min(first_column + row, end_column - 1u)) * p.k + k;
    const uvec2 x = uvec2(p.x_q.at[at / 4u], p.x_q.at[at / 4u + 1u]);
    for (uint i = 0u; i < 2u; i++) {
        tile_w[(2u * group + i) * TILE + row] = q[i];
        tile_x[(2u * group + i) * TILE + row] = x[i];
    }
    w_scales[group * TILE + row] = scale;
    x_totals[group * TILE + row] = float(dot8(x, uvec2(0x01010101u)));
    if (group == 0u) x_scales[row] = p.x_scales.at[at / 32u];
}

void add_products(uint tr, uint tc, inout float sums[16]) {
    for (uint g = 0u; g < DEPTH / 8u; g++) {
        for (uint i = 0u; i < 16u; i++) {
            const uint r = tr + i % 4u, c = tc + i / 4u;
            const uvec2 w = uvec2(tile_w[2u * g * TILE + r], tile_w[(2u * g + 1u) * TILE + r]);
            const uvec2 x = uvec2(tile_x[2u * g * TILE + c], tile_x[(2u * g + 1u) * TILE + c]);
            const vec2 scale = w_scales[g * TILE + r];
            const float product = fma(scale.x, float(dot8(w, x)), scale.y * x_totals[g * TILE + c]);
            sums[i] = fma(x_scales[c], product, sums[i]);
        }
    }
}
#else
shared float tile_w[DEPTH * TILE], tile_x[DEPTH * TILE];   // [k][row]

/// Each thread loads 8 values of one row of W and of one row of x.
void load_tiles(uint first_row, uint k0) {
    const uint row = gl_LocalInvocationID.x / 4u, offset = gl_LocalInvocationID.x % 4u * 8u, k = k0 + offset;
    float values[8];
    for (uint j = 0u; j < 8u; j++) values[j] = 0.0;
    const bool has_row = first_row + row < p.rows && k < p.k;
    if (has_row) load_values(w, w_byte + (first_row + row) * p.w_row_bytes, k, values);
    const bool has_column = first_column + row < end_column;
    const uint x = has_column ? x_row(first_column + row) * p.k + k : 0u;
    for (uint j = 0u; j < 8u; j++) {
        const bool inside = k + j < p.k;
        tile_w[(offset + j) * TILE + row] = inside && has_row ? values[j] : 0.0;
        tile_x[(offset + j) * TILE + row] = inside && has_column ? p.x.at[x + j] : 0.0;
    }
}

void add_products(uint tr, uint tc, inout float sums[16]) {
    for (uint k = 0u; k < DEPTH; k++) {
        float w[4], x[4];
        for (uint i = 0u; i < 4u; i++) {
            w[i] = tile_w[k * TILE + tr + i];
            x[i] = tile_x[k * TILE + tc + i];
        }
        for (uint i = 0u; i < 16u; i++) sums[i] = fma(w[i % 4u], x[i / 4u], sums[i]);
    }
}
#endif

void main() {
    if (!find_tile()) return;
    const uint first_row = gl_WorkGroupID.x * TILE;
    const uint tr = gl_LocalInvocationID.x % 16u * 4u, tc = gl_LocalInvocationID.x / 16u * 4u;
    float sums[16];
    for (uint i = 0u; i < 16u; i++) sums[i] = 0.0;
    for (uint k0 = 0u; k0 < p.k; k0 += DEPTH) {
        load_tiles(first_row, k0);
        barrier();
        add_products(tr, tc, sums);
        barrier();
    }
    for (uint i = 0u; i < 16u; i++) {
        const uint r = first_row + tr + i % 4u, c = first_column + tc + i / 4u;
        if (r < p.rows && c < end_column) p.y.at[y_row(c) + r] = sums[i] + (has_bias ? bias.at[r] : 0.0);
    }
}
