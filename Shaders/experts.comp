// y[i, r] = sum_k W_e[r, k] x[i / x_divisor, k] + bias_e[r] with e = experts[i]: each visit of a row to an expert is one
// product, as in matvec.comp. An expert whose weights have another type has a null address in the table and is left out.
// With INTEGER_DOT activations are signed bytes: x_q and their scales instead of x.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/dequant.glsl"
#ifdef INTEGER_DOT
#include "common/integer_dot.glsl"
#endif

const uint ROWS = 4u, THREADS = 64u;
layout(local_size_x = 64) in;

layout(push_constant) uniform Push {
    Words table;      // per expert: address of the weight (2 words), bytes after it, address of the bias or null (2 words)
    Words experts;    // [visits]
    Floats x, y;      // [visits / x_divisor, k], [visits, rows]
    uint w_row_bytes, k, rows, x_divisor;
#ifdef INTEGER_DOT
    Words x_q;        // [visits / x_divisor, k / 4]
    Floats x_scales;  // [visits / x_divisor, k / 32]
#endif
} p;

shared float partial[ROWS * THREADS];

/// The rows of W from `first_row` on, `w_byte` bytes after the address, times the row of x at value `x`.
#ifdef INTEGER_DOT
void accumulate(Words w, uint w_byte, uint first_row, uint x, inout float sums[ROWS]) {
    for (uint k = gl_LocalInvocationID.x * 8u; k < p.k; k += THREADS * 8u) {
        const uint at = x + k;
        const uvec2 q = uvec2(p.x_q.at[at / 4u], p.x_q.at[at / 4u + 1u]);
        const float x_scale = p.x_scales.at[at / 32u], total = float(dot8(q, uvec2(0x01010101u)));
        for (uint r = 0u; r < ROWS; r++) {
            vec2 scale;
            const uvec2 values = load_integers(w, w_byte + min(first_row + r, p.rows - 1u) * p.w_row_bytes, k, scale);
            sums[r] = fma(x_scale, fma(scale.x, float(dot8(values, q)), scale.y * total), sums[r]);
        }
    }
}
#else
void accumulate(Words w, uint w_byte, uint first_row, uint x, inout float sums[ROWS]) {
    for (uint k = gl_LocalInvocationID.x * 8u; k < p.k; k += THREADS * 8u) {
        for (uint r = 0u; r < ROWS; r++) {
            float values[8];
            load_values(w, w_byte + min(first_row + r, p.rows - 1u) * p.w_row_bytes, k, values);
            for (uint j = 0u; j < 8u; j++)
                if (k + j < p.k) sums[r] = fma(values[j], p.x.at[x + k + j], sums[r]);
        }
    }
}
#endif

void main() {
    const uint thread = gl_LocalInvocationID.x, first_row = gl_WorkGroupID.x * ROWS, visit = gl_WorkGroupID.y;
    const uint entry = p.experts.at[visit] * 5u;
    const uvec2 address = uvec2(p.table.at[entry], p.table.at[entry + 1u]);
    const uvec2 bias = uvec2(p.table.at[entry + 3u], p.table.at[entry + 4u]);
    if (address == uvec2(0u)) return;
    float sums[ROWS];
    for (uint r = 0u; r < ROWS; r++) sums[r] = 0.0;
    accumulate(Words(address), p.table.at[entry + 2u], first_row, visit / p.x_divisor * p.k, sums);
    for (uint r = 0u; r < ROWS; r++) partial[r * THREADS + thread] = sums[r];
    barrier();
    for (uint width = THREADS / 2u; width > 0u; width /= 2u) {
        for (uint i = thread; i < ROWS * width; i += THREADS) {
            const uint at = i / width * THREADS + i % width;
            partial[at] += partial[at + width];
        }
        barrier();
    }
    const uint r = first_row + thread;
    if (thread < ROWS && r < p.rows)
        p.y.at[visit * p.rows + r] = partial[thread * THREADS] + (bias != uvec2(0u) ? Floats(bias).at[r] : 0.0);
}
