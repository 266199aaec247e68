/// The loops of a fast attention kernel that know no vectors; formula in ops/attention.c. A file that includes this defines the
/// functions declared in the middle.
///
/// The query heads of several rows are lanes that pass over K and V together; cells that only one row sees go to that row's
/// lanes. One pass over windows of 256 visible cells. In each a lane scores its cells, takes their exponentials over the largest
/// score so far and adds the weighted values to its output, in order; when the largest score grows, sum and output shrink by
/// exp(old - new) first, which merges windows as log-sum-exp does (arXiv 2205.14135). Windows are counted in the lane's own
/// visible cells, so no lane depends on the others.
#ifndef OPS_ATTENTION_WINDOWS_H
#define OPS_ATTENTION_WINDOWS_H
#include <math.h>
#include <string.h>
#include "ops/ops.h"

typedef struct group {
    const attention_args *a;
    attention_layout layout;
    float *tile;     // [attention_tile_cells][k_dim or v_dim]
    float *q;        // [lanes][layout.k_dim]
    float *out;      // [lanes][layout.v_dim]
    float *scores;   // [lanes][layout.window]
    float *max;      // [lanes], of the scores so far
    float *sum;      // [lanes], of exp(score - max)
    size_t first_row, rows;
    size_t common;   // cells at the start of the first range that every row sees
} group;

/// Consecutive cells that lanes first_lane ..< end_lane see from the `at`-th visible cell of the window on.
typedef struct run {
    size_t start, count, at;
    size_t first_lane, end_lane;
} run;

/// Visible cells from ..< end of every lane.
typedef struct window {
    size_t from, end;
} window;

/// Writes q.k of the run's cells to its lanes' scores.
static void score_run(const group *g, const run r);
/// Adds the run's values, weighted by its lanes' scores, to their outputs.
static void mix_run(const group *g, const run r);
/// Scale, soft cap and ALiBi of the scores of one lane's next n cells, in place; `distance` is how far before the row's own
/// cell the first of them is. Returns their maximum or `max`, whichever is larger.
static float bias_scores(const attention_args *a, size_t head, float *scores, size_t n, size_t distance, float max);
/// Exponentials of n scores over `max` in place; returns their sum.
static float exponentials(float *scores, size_t n, float max);
/// x *= factor; n is a multiple of 8.
static void multiply_row(float *x, size_t n, float factor);

/// Cells at the start of the first range that every row of the group sees.
static size_t common_cells(const group *g) {
    const attention_args *a = g->a;
    size_t common = SIZE_MAX;
    for (size_t r = g->first_row; r < g->first_row + g->rows; r++) {
        if (a->range_offsets[r] == a->range_offsets[r + 1]) return 0;
        const cell_range *first = a->ranges + a->range_offsets[r];
        if (first->start != a->ranges[a->range_offsets[g->first_row]].start) return 0;
        if (first->count < common) common = first->count;
    }
    return common;
}

/// Calls `visit` on the visible cells of a window: those in common with all lanes, the others row by row.
static void visit_runs(const group *g, const window w, void (*visit)(const group *, const run)) {
    const attention_args *a = g->a;
    const size_t heads = a->heads_per_kv;
    if (w.from < g->common) {
        const size_t end = w.end < g->common ? w.end : g->common;
        visit(g, (run){a->ranges[a->range_offsets[g->first_row]].start + w.from, end - w.from, 0, 0, g->rows * heads});
    }
    const size_t from = w.from > g->common ? w.from : g->common;
    for (size_t r = 0; r < g->rows && from < w.end; r++) {
        size_t at = 0;
        for (uint32_t i = a->range_offsets[g->first_row + r]; i < a->range_offsets[g->first_row + r + 1]; i++) {
            const cell_range range = a->ranges[i];
            const size_t first = at > from ? at : from, end = at + range.count < w.end ? at + range.count : w.end;
            if (first < end)
                visit(g, (run){range.start + (first - at), end - first, first - w.from, r * heads, (r + 1) * heads});
            at += range.count;
        }
    }
}

/// Scores of one window become weights; what the lanes have so far is rescaled where the maximum grew.
static void weigh_window(const group *g, const window w) {
    const attention_args *a = g->a;
    for (size_t l = 0; l < g->rows * a->heads_per_kv; l++) {
        const size_t cells = attention_visible_cells(a, g->first_row + l / a->heads_per_kv);
        if (cells <= w.from) continue;
        const size_t n = (cells < w.end ? cells : w.end) - w.from;
        float *scores = g->scores + l * g->layout.window;
        const float max = bias_scores(a, l % a->heads_per_kv, scores, n, cells - 1 - w.from, g->max[l]);
        if (max > g->max[l]) {
            const float shrink = expf(g->max[l] - max);
            g->sum[l] *= shrink;
            multiply_row(g->out + l * g->layout.v_dim, g->layout.v_dim, shrink);
            g->max[l] = max;
        }
        g->sum[l] += exponentials(scores, n, max);
    }
}

static void attend_group(group *g) {
    const attention_args *a = g->a;
    const size_t heads = a->heads_per_kv, lanes = g->rows * heads, k_dim = g->layout.k_dim, v_dim = g->layout.v_dim;
    memset(g->q, 0, lanes * k_dim * sizeof(float));
    memset(g->out, 0, lanes * v_dim * sizeof(float));
    size_t cells = 0;
    for (size_t l = 0; l < lanes; l++) {
        const size_t row = g->first_row + l / heads, head = l % heads, visible = attention_visible_cells(a, row);
        memcpy(g->q + l * k_dim, a->q + row * a->q_stride + head * a->k_dim, a->k_dim * sizeof(float));
        g->max[l] = a->sinks ? a->sinks[head] : -INFINITY;
        g->sum[l] = a->sinks ? 1 : 0;
        if (visible > cells) cells = visible;
    }
    g->common = common_cells(g);
    for (window w = {0, 0}; w.from < cells; w.from = w.end) {
        w.end = w.from + attention_window_cells;
        visit_runs(g, w, score_run);
        weigh_window(g, w);
        visit_runs(g, w, mix_run);
    }
    for (size_t l = 0; l < lanes; l++) {
        const float sum = g->sum[l], inverse = sum > 0 ? 1 / sum : sum == 0 ? 0 : sum;   // a NaN stays visible
        float *out = a->out + (g->first_row + l / heads) * a->out_stride + l % heads * a->v_dim;
        for (size_t v = 0; v < a->v_dim; v++) out[v] = g->out[l * v_dim + v] * inverse;
    }
}

static void attend_by_groups(const attention_args *a) {
    group g = {.a = a, .layout = attention_layout_for(a), .tile = a->scratch};
    g.q = g.tile + g.layout.tile;
    g.out = g.q + g.layout.lanes * g.layout.k_dim;
    g.scores = g.out + g.layout.lanes * g.layout.v_dim;
    g.max = g.scores + g.layout.lanes * g.layout.window;
    g.sum = g.max + g.layout.lanes;
    for (; g.first_row < a->rows; g.first_row += g.rows) {
        const size_t left = a->rows - g.first_row;
        g.rows = left < g.layout.rows_per_group ? left : g.layout.rows_per_group;
        attend_group(&g);
    }
}
#endif
