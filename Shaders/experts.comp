// y[i, r] = sum_k W_e[r, k] x[i / x_divisor, k] + bias_e[r] with e = experts[i]: each visit of a row to an expert is one
// product, as in matvec.comp. An expert whose weights have another type has a null address in the table and is left out.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/dequant.glsl"

const uint ROWS = 4u, THREADS = 64u;
layout(local_size_x = 64) in;

layout(push_constant) uniform Push {
    Words table;      // per expert: address of the weight (2 words), bytes after it, address of the bias or null (2 words)
    Words experts;    // [visits]
    Floats x, y;      // [visits / x_divisor, k], [visits, rows]
    uint w_row_bytes, k, rows, x_divisor;
} p;

shared float partial[ROWS * THREADS];

void main() {
    const uint thread = gl_LocalInvocationID.x, first_row = gl_WorkGroupID.x * ROWS, visit = gl_WorkGroupID.y;
    const uint entry = p.experts.at[visit] * 5u;
    const uvec2 address = uvec2(p.table.at[entry], p.table.at[entry + 1u]);
    const uvec2 bias = uvec2(p.table.at[entry + 3u], p.table.at[entry + 4u]);
    if (address == uvec2(0u)) return;
    Words w = Words(address);
    const uint x_row = visit / p.x_divisor * p.k;
    float sums[ROWS];
    for (uint r = 0u; r < ROWS; r++) sums[r] = 0.0;
    for (uint k = thread * 8u; k < p.k; k += THREADS * 8u) {
        for (uint r = 0u; r < ROWS; r++) {
            float values[8];
            load_values(w, p.table.at[entry + 2u] + min(first_row + r, p.rows - 1u) * p.w_row_bytes, k, values);
            for (uint j = 0u; j < 8u; j++)
                if (k + j < p.k) sums[r] = fma(values[j], p.x.at[x_row + k + j], sums[r]);
        }
    }
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
