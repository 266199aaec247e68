// Attention for NEON: formula in ops/attention.c, the passes over cells in ops/attention_windows.h. Cells are converted to
// floats in tiles of 32, once for all lanes. A score is one accumulator of 8 lanes (two vectors) over k, then the sum of
// arm/neon.h, so it depends neither on the other lanes nor on the tile.
#if defined(__aarch64__)
#include "isa/no_contraction.h"
#include "arm/neon.h"
#include "ops/attention_windows.h"

ALWAYS_INLINE eight eight_q8_0(const char *row, size_t index) {
    const block_q8_0 *b = (const block_q8_0 *)row + index / 32;
    const int16x8_t q = vmovl_s8(vld1_s8(b->qs + index % 32));
    const float d = load_f16(&b->d);
    return (eight){vmulq_n_f32(vcvtq_f32_s32(vmovl_s16(vget_low_s16(q))), d),
                   vmulq_n_f32(vcvtq_f32_s32(vmovl_high_s16(q)), d)};
}

/// One cell; value_bytes: of a type whose cells may end within 8 values.
ALWAYS_INLINE void convert_cell(eight_loader load, size_t value_bytes, const char *cell, size_t dim, float *out) {
    for (size_t i = 0; i < dim; i += 8) {
        const eight v = dim - i >= 8 ? load(cell, i) : last_values(load, value_bytes, cell, i, dim - i);
        vst1q_f32(out + i, v.low);
        vst1q_f32(out + i + 4, v.high);
    }
}

/// Cells start ..< start + count of K or V as floats in the tile, `width` floats apart: rows padded to a multiple of 8 with zeros.
static void fill_tile(const group *g, const void *cells, size_t dim, size_t start, size_t count) {
    const tensor_type_info *type = tensor_type_get(g->a->kv_type);
    const size_t bytes = dim / type->block_size * type->block_bytes, width = (dim + 7) / 8 * 8;
    const char *cell = (const char *)cells + start * bytes;
    for (float *out = g->tile; out < g->tile + count * width; out += width, cell += bytes) {
        switch (g->a->kv_type) {
            case tensor_type_f32: convert_cell(eight_f32, 4, cell, dim, out); break;
            case tensor_type_f16: convert_cell(eight_f16, 2, cell, dim, out); break;
            default: convert_cell(eight_q8_0, 0, cell, dim, out);
        }
    }
}

/// q.k of `lanes` lanes with 4 cells; what a run's last store writes beyond its cells the lane's next cells overwrite.
ALWAYS_INLINE void score_4_cells(const group *g, size_t lane, int lanes, const float *k, float *scores) {
    const size_t dim = g->layout.k_dim;
    const float *q = g->q + lane * dim;
    float32x4_t low[2][4], high[2][4];
    UNROLL for (int l = 0; l < lanes; l++) {
        UNROLL for (int c = 0; c < 4; c++) low[l][c] = high[l][c] = vdupq_n_f32(0);
    }
    for (size_t i = 0; i < dim; i += 8) {
        UNROLL for (int c = 0; c < 4; c++) {
            const float32x4_t k_low = vld1q_f32(k + (size_t)c * dim + i), k_high = vld1q_f32(k + (size_t)c * dim + i + 4);
            UNROLL for (int l = 0; l < lanes; l++) {
                low[l][c] = vfmaq_f32(low[l][c], k_low, vld1q_f32(q + (size_t)l * dim + i));
                high[l][c] = vfmaq_f32(high[l][c], k_high, vld1q_f32(q + (size_t)l * dim + i + 4));
            }
        }
    }
    UNROLL for (int l = 0; l < lanes; l++) {
        const float32x4_t of_low = vpaddq_f32(vpaddq_f32(low[l][0], low[l][1]), vpaddq_f32(low[l][2], low[l][3]));
        const float32x4_t of_high = vpaddq_f32(vpaddq_f32(high[l][0], high[l][1]), vpaddq_f32(high[l][2], high[l][3]));
        vst1q_f32(scores + (size_t)l * g->layout.window, vaddq_f32(of_low, of_high));
    }
}

ALWAYS_INLINE void score_tile(const group *g, size_t lane, int lanes, size_t at, size_t cells) {
    float *scores = g->scores + lane * g->layout.window + at;
    for (size_t c = 0; c < cells; c += 4) score_4_cells(g, lane, lanes, g->tile + c * g->layout.k_dim, scores + c);
}

static void score_run(const group *g, const run r) {
    for (size_t done = 0; done < r.count; done += attention_tile_cells) {
        const size_t cells = r.count - done < attention_tile_cells ? r.count - done : attention_tile_cells;
        fill_tile(g, g->a->k, g->a->k_dim, r.start + done, cells);
        size_t lane = r.first_lane;
        for (; lane + 2 <= r.end_lane; lane += 2) score_tile(g, lane, 2, r.at + done, cells);
        if (lane < r.end_lane) score_tile(g, lane, 1, r.at + done, cells);
    }
}

/// out[lane][v] += p[lane][cell] * tile[cell][v] for `lanes` lanes and `vectors` * 4 values.
ALWAYS_INLINE void mix_values(const group *g, size_t lane, size_t v, const size_t at_and_cells[2], int lanes, int vectors) {
    const size_t dim = g->layout.v_dim, stride = g->layout.window;
    const float *p = g->scores + lane * stride + at_and_cells[0], *tile = g->tile + v;
    float *out = g->out + lane * dim + v;
    float32x4_t sums[6][4];
    UNROLL for (int l = 0; l < lanes; l++) {
        UNROLL for (int j = 0; j < vectors; j++) sums[l][j] = vld1q_f32(out + (size_t)l * dim + 4 * j);
    }
    for (size_t c = 0; c < at_and_cells[1]; c++, tile += dim) {
        float32x4_t values[4];
        UNROLL for (int j = 0; j < vectors; j++) values[j] = vld1q_f32(tile + 4 * j);
        UNROLL for (int l = 0; l < lanes; l++) {
            const float weight = p[(size_t)l * stride + c];
            UNROLL for (int j = 0; j < vectors; j++) sums[l][j] = vfmaq_n_f32(sums[l][j], values[j], weight);
        }
    }
    UNROLL for (int l = 0; l < lanes; l++) {
        UNROLL for (int j = 0; j < vectors; j++) vst1q_f32(out + (size_t)l * dim + 4 * j, sums[l][j]);
    }
}

ALWAYS_INLINE void mix_lanes(const group *g, size_t lane, const size_t at_and_cells[2], int lanes) {
    const size_t dim = g->layout.v_dim;
    size_t v = 0;
    for (; v + 16 <= dim; v += 16) mix_values(g, lane, v, at_and_cells, lanes, 4);
    if (v < dim) mix_values(g, lane, v, at_and_cells, lanes, 2);
}

static void mix_run(const group *g, const run r) {
    for (size_t done = 0; done < r.count; done += attention_tile_cells) {
        const size_t cells = r.count - done < attention_tile_cells ? r.count - done : attention_tile_cells;
        fill_tile(g, g->a->v, g->a->v_dim, r.start + done, cells);
        const size_t at_and_cells[2] = {r.at + done, cells};
        size_t lane = r.first_lane;
        for (; lane + 6 <= r.end_lane; lane += 6) mix_lanes(g, lane, at_and_cells, 6);
        for (; lane + 4 <= r.end_lane; lane += 4) mix_lanes(g, lane, at_and_cells, 4);
        for (; lane + 2 <= r.end_lane; lane += 2) mix_lanes(g, lane, at_and_cells, 2);
        if (lane < r.end_lane) mix_lanes(g, lane, at_and_cells, 1);
    }
}

static float bias_scores(const attention_args *a, size_t head, float *scores, size_t n, size_t distance, float max) {
    static const float numbers[4] = {0, 1, 2, 3};
    const float slope = a->alibi_slopes ? a->alibi_slopes[head] : 0;
    float32x4_t most = vdupq_n_f32(max);
    for (size_t i = 0; i < n; i += 4) {
        float32x4_t s = vmulq_n_f32(vld1q_f32(scores + i), a->scale);
        if (a->softcap != 0) s = vmulq_n_f32(tanh_ps(vdivq_f32(s, vdupq_n_f32(a->softcap))), a->softcap);
        if (slope != 0) {
            const float32x4_t away = vsubq_f32(vdupq_n_f32((float)distance - (float)i), vld1q_f32(numbers));
            s = vfmsq_f32(s, vdupq_n_f32(slope), away);
        }
        vst1q_f32(scores + i, s);
        most = vmaxnmq_f32(most, vbslq_f32(first_lanes(n - i), s, most));
    }
    return vmaxnmvq_f32(most);
}

static float exponentials(float *scores, size_t n, float max) {
    float32x4_t sums[2] = {vdupq_n_f32(0), vdupq_n_f32(0)};
    for (size_t i = 0; i < n; i += 4) {
        const float32x4_t e = exp_negative_ps(vsubq_f32(vld1q_f32(scores + i), vdupq_n_f32(max)));
        vst1q_f32(scores + i, e);
        sums[i / 4 % 2] = vaddq_f32(sums[i / 4 % 2], keep_first(e, n - i));
    }
    return horizontal_sum(sums[0], sums[1]);
}

static void multiply_row(float *x, size_t n, float factor) {
    for (size_t i = 0; i < n; i += 4) vst1q_f32(x + i, vmulq_n_f32(vld1q_f32(x + i), factor));
}

void attention_neon(const attention_args *a) { attend_by_groups(a); }
#endif
