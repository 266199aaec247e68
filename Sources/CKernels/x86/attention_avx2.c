// Attention for AVX2: formula in ops/attention.c, the passes over cells in ops/attention_windows.h. Cells are converted to
// floats in tiles of 32, once for all lanes. A score is one accumulator of 8 lanes over k, then the sum of x86/avx2.h, so it
// depends neither on the other lanes nor on the tile.
#if defined(__x86_64__)
#include "isa/avx2_begin.h"
#include "x86/avx2.h"
#include "ops/attention_windows.h"

ALWAYS_INLINE __m256 load_values(const char *cell, size_t i, size_t n, tensor_type type) {
    if (type == tensor_type_f32) return load_first((const float *)cell + i, n);
    if (type == tensor_type_q8_0) {
        const block_q8_0 *b = (const block_q8_0 *)cell + i / 32;
        const __m256i q = _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(b->qs + i % 32)));
        return _mm256_mul_ps(_mm256_cvtepi32_ps(q), _mm256_set1_ps(_cvtsh_ss(b->d)));
    }
    uint16_t h[8] = {0};
    if (n == 8) return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)((const uint16_t *)cell + i)));
    memcpy(h, (const uint16_t *)cell + i, 2 * n);
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)h));
}

ALWAYS_INLINE void convert_cells(const char *cell, size_t cells, size_t dim, tensor_type type, float *tile) {
    const size_t bytes = type == tensor_type_f32 ? 4 * dim : type == tensor_type_f16 ? 2 * dim : dim / 32 * sizeof(block_q8_0);
    for (size_t c = 0; c < cells; c++, cell += bytes) {
        for (size_t i = 0; i < dim; i += 8, tile += 8)
            _mm256_storeu_ps(tile, load_values(cell, i, dim - i < 8 ? dim - i : 8, type));
    }
}

/// Cells start ..< start + count of K or V as floats in the tile, rows padded to a multiple of 8 with zeros.
static void fill_tile(const group *g, const void *cells, size_t dim, size_t start, size_t count) {
    const char *base = cells;
    switch (g->a->kv_type) {
        case tensor_type_f32: convert_cells(base + start * dim * 4, count, dim, tensor_type_f32, g->tile); break;
        case tensor_type_f16: convert_cells(base + start * dim * 2, count, dim, tensor_type_f16, g->tile); break;
        default:
            convert_cells(base + start * (dim / 32) * sizeof(block_q8_0), count, dim, tensor_type_q8_0, g->tile);
    }
}

/// q.k of `lanes` lanes with 4 cells.
ALWAYS_INLINE void score_4_cells(const float *q, const float *k, size_t dim, int lanes, __m128 *scores) {
    __m256 sums[2][4];
    UNROLL for (int l = 0; l < lanes; l++) {
        UNROLL for (int c = 0; c < 4; c++) sums[l][c] = _mm256_setzero_ps();
    }
    for (size_t i = 0; i < dim; i += 8) {
        UNROLL for (int c = 0; c < 4; c++) {
            const __m256 ki = _mm256_loadu_ps(k + (size_t)c * dim + i);
            UNROLL for (int l = 0; l < lanes; l++)
                sums[l][c] = _mm256_fmadd_ps(ki, _mm256_loadu_ps(q + (size_t)l * dim + i), sums[l][c]);
        }
    }
    UNROLL for (int l = 0; l < lanes; l++) {
        const __m256 pairs = _mm256_hadd_ps(sums[l][0], sums[l][1]), others = _mm256_hadd_ps(sums[l][2], sums[l][3]);
        const __m256 quads = _mm256_hadd_ps(pairs, others);
        scores[l] = _mm_add_ps(_mm256_castps256_ps128(quads), _mm256_extractf128_ps(quads, 1));
    }
}

ALWAYS_INLINE void score_tile(const group *g, size_t lane, int lanes, size_t at, size_t cells) {
    const size_t dim = g->layout.k_dim;
    for (size_t c = 0; c < cells; c += 4) {
        __m128 four[2];
        score_4_cells(g->q + lane * dim, g->tile + c * dim, dim, lanes, four);
        UNROLL for (int l = 0; l < lanes; l++) {
            float *scores = g->scores + (lane + (size_t)l) * g->layout.window + at + c;
            _mm_storeu_ps(scores, four[l]);   // what this writes beyond `cells` the lane's next cells overwrite
        }
    }
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

/// out[lane][v] += p[lane][cell] * tile[cell][v] for `lanes` lanes and `vectors` * 8 values.
ALWAYS_INLINE void mix_values(const group *g, size_t lane, size_t v, const size_t at_and_cells[2], int lanes, int vectors) {
    const size_t dim = g->layout.v_dim, stride = g->layout.window;
    const float *p = g->scores + lane * stride + at_and_cells[0], *tile = g->tile + v;
    float *out = g->out + lane * dim + v;
    __m256 sums[6][4];
    UNROLL for (int l = 0; l < lanes; l++) {
        UNROLL for (int j = 0; j < vectors; j++) sums[l][j] = _mm256_loadu_ps(out + (size_t)l * dim + 8 * j);
    }
    for (size_t c = 0; c < at_and_cells[1]; c++, tile += dim) {
        __m256 values[4];
        UNROLL for (int j = 0; j < vectors; j++) values[j] = _mm256_loadu_ps(tile + 8 * j);
        UNROLL for (int l = 0; l < lanes; l++) {
            const __m256 weight = _mm256_set1_ps(p[(size_t)l * stride + c]);
            UNROLL for (int j = 0; j < vectors; j++) sums[l][j] = _mm256_fmadd_ps(weight, values[j], sums[l][j]);
        }
    }
    UNROLL for (int l = 0; l < lanes; l++) {
        UNROLL for (int j = 0; j < vectors; j++) _mm256_storeu_ps(out + (size_t)l * dim + 8 * j, sums[l][j]);
    }
}

ALWAYS_INLINE void mix_lanes(const group *g, size_t lane, const size_t at_and_cells[2], int lanes) {
    const size_t dim = g->layout.v_dim;
    const int vectors = lanes >= 4 ? 2 : 4;
    size_t v = 0;
    for (; v + 8 * (size_t)vectors <= dim; v += 8 * (size_t)vectors)
        mix_values(g, lane, v, at_and_cells, lanes, lanes >= 4 ? 2 : 4);
    for (; v < dim; v += 8) mix_values(g, lane, v, at_and_cells, lanes, 1);
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
    const float slope = a->alibi_slopes ? a->alibi_slopes[head] : 0;
    const __m256 steps = _mm256_setr_ps(0, 1, 2, 3, 4, 5, 6, 7);
    __m256 most = _mm256_set1_ps(max);
    for (size_t i = 0; i < n; i += 8) {
        __m256 s = _mm256_mul_ps(_mm256_loadu_ps(scores + i), _mm256_set1_ps(a->scale));
        if (a->softcap != 0)
            s = _mm256_mul_ps(tanh_ps(_mm256_div_ps(s, _mm256_set1_ps(a->softcap))), _mm256_set1_ps(a->softcap));
        if (slope != 0) {
            const __m256 away = _mm256_sub_ps(_mm256_set1_ps((float)distance - (float)i), steps);
            s = _mm256_fnmadd_ps(_mm256_set1_ps(slope), away, s);
        }
        _mm256_storeu_ps(scores + i, s);
        if (n - i < 8) s = _mm256_blendv_ps(most, s, _mm256_castsi256_ps(first_lanes(n - i)));
        most = _mm256_max_ps(s, most);
    }
    return horizontal_max(most);
}

static float exponentials(float *scores, size_t n, float max) {
    __m256 sum = _mm256_setzero_ps();
    for (size_t i = 0; i < n; i += 8) {
        __m256 e = exp_negative_ps(_mm256_sub_ps(_mm256_loadu_ps(scores + i), _mm256_set1_ps(max)));
        _mm256_storeu_ps(scores + i, e);
        if (n - i < 8) e = _mm256_and_ps(e, _mm256_castsi256_ps(first_lanes(n - i)));
        sum = _mm256_add_ps(sum, e);
    }
    return horizontal_sum(sum);
}

static void multiply_row(float *x, size_t n, float factor) {
    for (size_t i = 0; i < n; i += 8) _mm256_storeu_ps(x + i, _mm256_mul_ps(_mm256_loadu_ps(x + i), _mm256_set1_ps(factor)));
}

void attention_avx2(const attention_args *a) { attend_by_groups(a); }
#include "isa/avx2_end.h"
#endif
