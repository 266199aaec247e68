// y[c, r] = sum_k W[r, k] x[c, k] + bias[r] for many rows of x: 256 threads take a tile of 64 rows of W and 64 rows of x,
// 32 values of k at a time through shared memory (16 KiB, the least every device has), 4 x 4 results a thread.
// Each result is added up in the order of k. With INTEGER_DOT activations are signed bytes: x_q and their scales instead of x.
// With EXPERTS a column is a visit of a row of x to an expert, a tile has visits to one expert (group.comp lists them), and
// W is that expert's.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/dequant.glsl"
#ifdef INTEGER_DOT
#include "common/integer_dot.glsl"
#endif

const uint TILE = 64u, DEPTH = 32u;
layout(local_size_x = 256) in;

#ifdef EXPERTS
layout(push_constant) uniform Push {
    Words table;     // as in experts.comp
    Words tiles;     // per tile: expert, first column, end of columns
    Words order;     // [columns] visits, sorted by expert
    Floats x, y;     // [visits / x_divisor, k], [visits, rows]
    uint w_row_bytes, k, rows, x_divisor;
#else
layout(push_constant) uniform Push {
    Words w;         // [rows, k], `w_byte` bytes after this address
    Floats x, y;     // [columns, k], [columns, y_stride]
    Floats bias;     // [rows] if has_bias
    uint w_byte, w_row_bytes, k, rows, columns, y_stride, has_bias;
#endif
#ifdef INTEGER_DOT
    Words x_q;       // [rows of x, k / 4]
    Floats x_scales; // [rows of x, k / 32]
#endif
} p;

/// The tile's part of the push constants.
Words w;
Floats bias;
uint w_byte, first_column, end_column;
bool has_bias;

#ifdef EXPERTS
/// False where the tile is empty, or its expert's weights have another type.
bool find_tile() {
    const uint tile = 3u * gl_WorkGroupID.y, entry = 5u * p.tiles.at[tile];
    first_column = p.tiles.at[tile + 1u];
    end_column = p.tiles.at[tile + 2u];
    const uvec2 address = uvec2(p.table.at[entry], p.table.at[entry + 1u]);
    const uvec2 bias_address = uvec2(p.table.at[entry + 3u], p.table.at[entry + 4u]);
    w = Words(address);
    w_byte = p.table.at[entry + 2u];
    bias = Floats(bias_address);
    has_bias = bias_address != uvec2(0u);
    return first_column < end_column && address != uvec2(0u);
}

uint x_row(uint column) { return p.order.at[column] / p.x_divisor; }
uint y_row(uint column) { return p.order.at[column] * p.rows; }
#else
bool find_tile() {
    first_column = gl_WorkGroupID.y * TILE;
    end_column = min(first_column + TILE, p.columns);
    w = p.w;
    w_byte = p.w_byte;
    bias = p.bias;
    has_bias = p.has_bias != 0u;
    return true;
}

uint x_row(uint column) { return column; }
uint y_row(uint column) { return column * p.y_stride; }
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
