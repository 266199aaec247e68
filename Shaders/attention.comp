// Attention of one query head of one row (a workgroup): out = softmax(scale q.k (soft-capped) + bias) . v over the cells
// the row sees, 128 cells at a time with a running maximum. The cells are the row's ranges laid end to end, so the order of
// additions depends on how many cells are seen, not on where they lie. In the scores a thread is a cell; in the values a
// thread is 8 dimensions of every (128 / groups)-th cell. Decided by Sources/CKernels/ops/attention.c.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "common/dequant.glsl"
#include "common/math.glsl"

const uint THREADS = 128u, MOST_DIM = 1024u;
const float LEAST = -3.402823e38;
layout(local_size_x = 128) in;

layout(push_constant) uniform Push {
    Floats q, y;          // [rows, heads * k_dim], [rows, heads * v_dim]
    Words keys, values;   // [kv heads, cells, k_dim], [kv heads, cells, v_dim]
    Words ranges;         // (start, count) of runs of cells
    Words offsets;        // [rows + 1] first range of each row
    Floats slopes, sinks; // [heads] if flagged
    uint first_row, heads, heads_per_kv, cells, k_dim, v_dim, k_row_bytes, v_row_bytes;
    float scale, softcap;
    uint flags;           // 1: ALiBi slopes, 2: sinks
} p;

shared float query[MOST_DIM], sums[MOST_DIM], scores[THREADS];
shared uint cells[THREADS];

float maximum_of_scores() {
    const uint thread = gl_LocalInvocationID.x;
    for (uint width = THREADS / 2u; width > 0u; width /= 2u) {
        barrier();
        if (thread < width) scores[thread] = max(scores[thread], scores[thread + width]);
    }
    barrier();
    const float result = scores[0];
    barrier();
    return result;
}

float score(uint cell, uint head, uint distance, uint kv_head) {
    const uint row = (kv_head * p.cells + cell) * p.k_row_bytes;
    float dot = 0.0;
    for (uint d = 0u; d < p.k_dim; d += 8u) {
        float k[8];
        load_values(p.keys, row, d, k);
        for (uint j = 0u; j < 8u; j++)
            if (d + j < p.k_dim) dot += query[d + j] * k[j];
    }
    float s = dot * p.scale;
    if (p.softcap != 0.0) s = p.softcap * safe_tanh(s / p.softcap);
    if ((p.flags & 1u) != 0u) s -= p.slopes.at[head] * float(distance);
    return s;
}

/// The dimensions of the result from the shared sums of all threads.
void write_result(uint out_row, uint groups, uint lanes, float denominator) {
    const uint thread = gl_LocalInvocationID.x;
    for (uint d = thread; d < p.v_dim; d += THREADS) {
        float total = 0.0;
        for (uint lane = 0u; lane < lanes; lane++) total += sums[(lane * groups + d / 8u) * 8u + d % 8u];
        // Zeros for a row that sees nothing; a NaN must come out as one, and this comparison does not hide it.
        p.y.at[out_row + d] = denominator == 0.0 ? 0.0 : total / denominator;
    }
}

void main() {
    const uint thread = gl_LocalInvocationID.x;
    const uint row = p.first_row + gl_WorkGroupID.x, head = gl_WorkGroupID.y, kv_head = head / p.heads_per_kv;
    for (uint d = thread; d < p.k_dim; d += THREADS) query[d] = p.q.at[(row * p.heads + head) * p.k_dim + d];
    const uint first_range = p.offsets.at[row], end_range = p.offsets.at[row + 1u];
    uint visible = 0u;
    for (uint r = first_range; r < end_range; r++) visible += p.ranges.at[2u * r + 1u];

    const uint groups = (p.v_dim + 7u) / 8u, lanes = THREADS / groups;
    const uint group = thread % groups, lane = thread / groups;
    float highest = (p.flags & 2u) != 0u ? p.sinks.at[head] : LEAST;
    float own[8];
    for (uint j = 0u; j < 8u; j++) own[j] = 0.0;
    float weight_sum = 0.0;
    uint range = first_range, range_begin = 0u;
    for (uint base = 0u; base < visible; base += THREADS) {
        barrier();
        const uint i = base + thread;
        float s = LEAST;
        if (i < visible) {
            while (i - range_begin >= p.ranges.at[2u * range + 1u]) range_begin += p.ranges.at[2u * range++ + 1u];
            const uint cell = p.ranges.at[2u * range] + i - range_begin;
            s = score(cell, head, visible - 1u - i, kv_head);
            cells[thread] = cell;
        }
        scores[thread] = s;
        const float before = highest;
        highest = max(highest, maximum_of_scores());
        const float shrink = exp(before - highest);
        const float weight = i < visible ? exp(s - highest) : 0.0;
        scores[thread] = weight;
        weight_sum = weight_sum * shrink + weight;
        barrier();
        for (uint j = 0u; j < 8u; j++) own[j] *= shrink;
        for (uint c = lane; lane < lanes && c < min(THREADS, visible - base); c += lanes) {
            float v[8];
            load_values(p.values, (kv_head * p.cells + cells[c]) * p.v_row_bytes, group * 8u, v);
            for (uint j = 0u; j < 8u; j++) own[j] += scores[c] * v[j];
        }
    }
    barrier();
    if (lane < lanes)
        for (uint j = 0u; j < 8u; j++) sums[thread * 8u + j] = own[j];
    scores[thread] = weight_sum;
    for (uint width = THREADS / 2u; width > 0u; width /= 2u) {
        barrier();
        if (thread < width) scores[thread] += scores[thread + width];
    }
    barrier();
    float denominator = scores[0];
    if ((p.flags & 2u) != 0u) denominator += exp(p.sinks.at[head] - highest);
    write_result((row * p.heads + head) * p.v_dim, groups, lanes, denominator);
}
