// Scalar attention of query rows against one KV head, one row and one query head at a time.
// s_i = scale * q.k_i; soft cap: s = softcap * tanh(s / softcap); ALiBi: s += slope * (position of i - position of the row,
// which is the last visible cell); out = sum_i exp(s_i - max) v_i / (sum_i exp(s_i - max) + exp(sink - max)).
// A sink is an extra logit without value. The visible cells are the row's ranges in order; a row without cells gets zeros.
#include <math.h>
#include <string.h>
#include "ops/ops.h"

size_t attention_visible_cells(const attention_args *a, size_t row) {
    size_t cells = 0;
    for (uint32_t i = a->range_offsets[row]; i < a->range_offsets[row + 1]; i++) cells += a->ranges[i].count;
    return cells;
}

static size_t round_up(size_t n, size_t multiple) { return (n + multiple - 1) / multiple * multiple; }

attention_layout attention_layout_for(const attention_args *a) {
    attention_layout layout = {.k_dim = round_up(a->k_dim, 8), .v_dim = round_up(a->v_dim, 8)};
    layout.rows_per_group = a->heads_per_kv < attention_lanes ? attention_lanes / a->heads_per_kv : 1;
    if (layout.rows_per_group > a->rows) layout.rows_per_group = a->rows;
    layout.lanes = layout.rows_per_group * a->heads_per_kv;
    layout.window = attention_window_cells + 8;   // rows of a power of two would share the sets of the L1 cache
    layout.tile = attention_tile_cells * (layout.k_dim > layout.v_dim ? layout.k_dim : layout.v_dim);
    return layout;
}

size_t attention_scratch_floats(const attention_args *a) {
    const attention_layout l = attention_layout_for(a);
    const size_t fast = l.lanes * (l.window + l.k_dim + l.v_dim + 2);   // 2: maximum and sum
    size_t scalar = 0;   // keeps all scores of one row
    for (size_t r = 0; r < a->rows; r++) {
        const size_t cells = attention_visible_cells(a, r);
        if (cells > scalar) scalar = cells;
    }
    return l.tile + (fast > scalar ? fast : scalar);
}

/// One cell's values as floats.
static void load_cell(const void *cells, size_t cell, size_t dim, tensor_type type, float *out) {
    const tensor_type_info *info = tensor_type_get(type);
    const size_t blocks = dim / info->block_size;
    info->dequantize((const char *)cells + cell * blocks * info->block_bytes, out, blocks);
}

/// scores[i] of every visible cell; returns their number.
static size_t score_cells(const attention_args *a, size_t row, size_t head, float *scores, float *cell) {
    const float *q = a->q + row * a->q_stride + head * a->k_dim;
    const size_t visible = attention_visible_cells(a, row);
    size_t i = 0;
    for (uint32_t range = a->range_offsets[row]; range < a->range_offsets[row + 1]; range++) {
        for (uint32_t j = 0; j < a->ranges[range].count; j++, i++) {
            load_cell(a->k, (size_t)a->ranges[range].start + j, a->k_dim, a->kv_type, cell);
            double dot = 0;
            for (size_t d = 0; d < a->k_dim; d++) dot += (double)q[d] * cell[d];
            float s = (float)dot * a->scale;
            if (a->softcap != 0) s = a->softcap * tanhf(s / a->softcap);
            if (a->alibi_slopes) s -= a->alibi_slopes[head] * (float)(visible - 1 - i);
            scores[i] = s;
        }
    }
    return visible;
}

static void attend(const attention_args *a, size_t row, size_t head, float *scores, float *cell) {
    float *out = a->out + row * a->out_stride + head * a->v_dim;
    const size_t visible = score_cells(a, row, head, scores, cell);
    float max = a->sinks ? a->sinks[head] : -INFINITY;
    for (size_t i = 0; i < visible; i++) max = scores[i] > max ? scores[i] : max;
    double sum = a->sinks ? (double)expf(a->sinks[head] - max) : 0;
    for (size_t i = 0; i < visible; i++) {
        scores[i] = expf(scores[i] - max);
        sum += (double)scores[i];
    }
    memset(out, 0, a->v_dim * sizeof(float));
    const float inverse = sum > 0 ? (float)(1 / sum) : 0;
    size_t i = 0;
    for (uint32_t range = a->range_offsets[row]; range < a->range_offsets[row + 1]; range++) {
        for (uint32_t j = 0; j < a->ranges[range].count; j++, i++) {
            load_cell(a->v, (size_t)a->ranges[range].start + j, a->v_dim, a->kv_type, cell);
            for (size_t d = 0; d < a->v_dim; d++) out[d] += scores[i] * inverse * cell[d];
        }
    }
}

void attention(const attention_args *a) {
    const attention_layout layout = attention_layout_for(a);
    float *cell = a->scratch, *scores = a->scratch + layout.tile;
    for (size_t row = 0; row < a->rows; row++) {
        for (size_t head = 0; head < a->heads_per_kv; head++) attend(a, row, head, scores, cell);
    }
}
