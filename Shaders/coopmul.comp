// y[c, r] = sum_k W[r, k] x[c, k] + bias[r] for many rows of x, as matmul.comp, by cooperative matrices
// (VK_KHR_cooperative_matrix): weights and x become binary16, sums are F32. A subgroup takes every NumSubgroups-th block of
// M x N results, BLOCKS of them at once, in as many passes over k as it needs; M, N and K are a shape that the device has.
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require
#define HALVES
#include "common/dequant.glsl"
#include "common/tile.glsl"

layout(constant_id = 0) const uint M = 16u;
layout(constant_id = 1) const uint N = 16u;
layout(constant_id = 2) const uint K = 16u;
const uint PAIRS = DEPTH / 2u + 4u;   // of a row in shared memory; the last 4 only part rows
const uint BLOCKS = 4u;

shared f16vec2 tile_w[TILE * PAIRS], tile_x[TILE * PAIRS];   // [row][pair of k]
shared float results[TILE * TILE];                           // [column][row]

/// Each thread loads 8 values of one row of W and of one row of x; results of rows that are not there are not written.
void load_tiles(uint first_row, uint k0) {
    const uint row = gl_LocalInvocationID.x / 4u, offset = gl_LocalInvocationID.x % 4u * 8u, k = k0 + offset;
    float values[8];
    for (uint j = 0u; j < 8u; j++) values[j] = 0.0;
    if (k < p.k) load_values(w, w_byte + min(first_row + row, p.rows - 1u) * p.w_row_bytes, k, values);
    const uint x = (x_row(min(first_column + row, end_column - 1u)) * p.x_stride + k) / 2u;
    for (uint j = 0u; j < 4u; j++) {
        const uint at = row * PAIRS + offset / 2u + j;
        const float low = k + 2u * j < p.k ? values[2u * j] : 0.0, high = k + 2u * j + 1u < p.k ? values[2u * j + 1u] : 0.0;
        tile_w[at] = f16vec2(low, high);
        tile_x[at] = unpackFloat2x16(p.x_h.at[x + j]);
    }
}

void main() {
    if (!find_tile()) return;
    const uint first_row = gl_WorkGroupID.x * TILE, across = TILE / M, count = across * (TILE / N);
    for (uint first = 0u; first < count; first += BLOCKS * gl_NumSubgroups) {
        coopmat<float, gl_ScopeSubgroup, M, N, gl_MatrixUseAccumulator> sums[BLOCKS];
        [[unroll]] for (uint i = 0u; i < BLOCKS; i++)
            sums[i] = coopmat<float, gl_ScopeSubgroup, M, N, gl_MatrixUseAccumulator>(0.0);
        for (uint k0 = 0u; k0 < p.k; k0 += DEPTH) {
            load_tiles(first_row, k0);
            barrier();
            for (uint k = 0u; k < DEPTH; k += K) {
                [[unroll]] for (uint i = 0u; i < BLOCKS; i++) {
                    const uint block = first + i * gl_NumSubgroups + gl_SubgroupID;
                    if (block >= count) continue;
                    coopmat<float16_t, gl_ScopeSubgroup, M, K, gl_MatrixUseA> a;
                    coopmat<float16_t, gl_ScopeSubgroup, K, N, gl_MatrixUseB> b;
                    const uint row = block % across * M, column = block / across * N;
                    coopMatLoad(a, tile_w, row * PAIRS + k / 2u, PAIRS, gl_CooperativeMatrixLayoutRowMajor);
                    coopMatLoad(b, tile_x, column * PAIRS + k / 2u, PAIRS, gl_CooperativeMatrixLayoutColumnMajor);
                    sums[i] = coopMatMulAdd(a, b, sums[i]);
                }
            }
            barrier();
        }
        [[unroll]] for (uint i = 0u; i < BLOCKS; i++) {
            const uint block = first + i * gl_NumSubgroups + gl_SubgroupID;
            const uint at = block / across * N * TILE + block % across * M;
            if (block < count) coopMatStore(sums[i], results, at, TILE, gl_CooperativeMatrixLayoutColumnMajor);
        }
    }
    barrier();
    for (uint i = gl_LocalInvocationID.x; i < TILE * TILE; i += 256u) {
        const uint r = first_row + i % TILE, c = first_column + i / TILE;
        if (r < p.rows && c < end_column)
            p.y.at[y_row(c) + r] = fma(results[i], p.x_scales.at[x_row(c)], has_bias ? bias.at[r] : 0.0);
    }
}
