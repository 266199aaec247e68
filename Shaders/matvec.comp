// y[c, r] = sum_k W[r, k] x[c, k] + bias[r] for few rows of x: 64 threads take 4 rows of W and up to COLUMNS rows of x.
// One idea: a thread takes every 64th group of 8 values, then a tree adds the threads' sums. The order of additions of
// an element depends on k alone, so a row's result does not depend on the other rows; fma is written out because a compiler
// might join multiplication and addition for one number of columns and not for another. With INTEGER_DOT activations are
// signed bytes: x_q and their scales instead of x.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/dequant.glsl"
#ifdef INTEGER_DOT
#include "common/integer_dot.glsl"
#endif

layout(constant_id = 0) const uint COLUMNS = 1u;
const uint ROWS = 4u, MOST_COLUMNS = 8u, THREADS = 64u;
layout(local_size_x = 64) in;

layout(push_constant) uniform Push {
    Words w;         // [rows, k], `w_byte` bytes after this address
    Floats x, y;     // [columns, k], [columns, y_stride]
    Floats bias;     // [rows] if has_bias
    uint w_byte, w_row_bytes, k, rows, columns, y_stride, has_bias;
#ifdef INTEGER_DOT
    Words x_q;       // [columns, k / 4]
    Floats x_scales; // [columns, k / 32]
#endif
} p;

shared float partial[ROWS * MOST_COLUMNS * THREADS];

#ifdef INTEGER_DOT
void accumulate(uint first_row, uint first_column, inout float sums[ROWS * MOST_COLUMNS]) {
    for (uint k = gl_LocalInvocationID.x * 8u; k < p.k; k += THREADS * 8u) {
        uvec2 x[MOST_COLUMNS];
        float scales[MOST_COLUMNS], totals[MOST_COLUMNS];
        for (uint c = 0u; c < COLUMNS; c++) {
            const uint at = min(first_column + c, p.columns - 1u) * p.k + k;
            x[c] = uvec2(p.x_q.at[at / 4u], p.x_q.at[at / 4u + 1u]);
            scales[c] = p.x_scales.at[at / 32u];
            totals[c] = float(dot8(x[c], uvec2(0x01010101u)));
        }
        for (uint r = 0u; r < ROWS; r++) {
            vec2 scale;
            const uvec2 w = load_integers(p.w, p.w_byte + min(first_row + r, p.rows - 1u) * p.w_row_bytes, k, scale);
            for (uint c = 0u; c < COLUMNS; c++) {
                const float product = fma(scale.x, float(dot8(w, x[c])), scale.y * totals[c]);
                sums[r * COLUMNS + c] = fma(scales[c], product, sums[r * COLUMNS + c]);
            }
        }
    }
}
#else
void accumulate(uint first_row, uint first_column, inout float sums[ROWS * MOST_COLUMNS]) {
    for (uint k = gl_LocalInvocationID.x * 8u; k < p.k; k += THREADS * 8u) {
        float x[MOST_COLUMNS * 8u];
        for (uint c = 0u; c < COLUMNS; c++) {
            const uint row = min(first_column + c, p.columns - 1u) * p.k + k;
            for (uint j = 0u; j < 8u; j++) x[c * 8u + j] = k + j < p.k ? p.x.at[row + j] : 0.0;
        }
        for (uint r = 0u; r < ROWS; r++) {
            float w[8];
            load_values(p.w, p.w_byte + min(first_row + r, p.rows - 1u) * p.w_row_bytes, k, w);
            for (uint j = 0u; j < 8u; j++) {
                const float value = k + j < p.k ? w[j] : 0.0;
                for (uint c = 0u; c < COLUMNS; c++) sums[r * COLUMNS + c] = fma(value, x[c * 8u + j], sums[r * COLUMNS + c]);
            }
        }
    }
}
#endif

void main() {
    const uint thread = gl_LocalInvocationID.x;
    const uint first_row = gl_WorkGroupID.x * ROWS, first_column = gl_WorkGroupID.y * COLUMNS;
    float sums[ROWS * MOST_COLUMNS];
    for (uint i = 0u; i < ROWS * COLUMNS; i++) sums[i] = 0.0;
    accumulate(first_row, first_column, sums);
    for (uint i = 0u; i < ROWS * COLUMNS; i++) partial[i * THREADS + thread] = sums[i];
    barrier();
    for (uint width = THREADS / 2u; width > 0u; width /= 2u) {
        for (uint i = thread; i < ROWS * COLUMNS * width; i += THREADS) {
            const uint at = i / width * THREADS + i % width;
            partial[at] += partial[at + width];
        }
        barrier();
    }
    if (thread >= ROWS * COLUMNS) return;
    const uint r = first_row + thread / COLUMNS, c = first_column + thread % COLUMNS;
    if (r < p.rows && c < p.columns)
        p.y.at[c * p.y_stride + r] = partial[thread * THREADS] + (p.has_bias != 0u ? p.bias.at[r] : 0.0);
}
