// F16 and BF16 matmul with interleaved rows for AVX2, activations f32: value k of 8 rows is one vector of 16 bits.
// Every element is one accumulator that takes k in order by FMA, in its own lane: no horizontal sums, and the tile shape
// never shows in the result. Register tiles of 16 rows x 6 columns: 12 accumulators, 2 conversions and 6 broadcasts for 12
// FMA (rows in the file's order need tiles of 3 x 3 and a sum over lanes). Panels of k keep the activations in the L2 cache.
// Zen 5, one thread, 2048 x 2048, GFLOP/s at 4, 16, 128 columns: 97, 118, 124; the other order 72, 95, 102 (peak 134).
#if defined(__x86_64__)
#include "isa/avx2_begin.h"
#include "x86/avx2.h"

enum { group_rows = 8, panel_values = 256, most_groups = 4, columns_per_tile = 6 };

/// 8 weights as floats.
typedef __m256 (*half_loader)(const char *w);

ALWAYS_INLINE __m256 load_f16(const char *w) { return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)w)); }

ALWAYS_INLINE __m256 load_bf16(const char *w) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)w)), 16));
}

/// Values first ..< first + count of some rows from `row` on: groups of 8 rows, `stride` bytes apart, one vector a value.
typedef struct row_panel {
    const char *w;
    size_t stride, row;
    size_t first, count;
} row_panel;

/// A register tile: groups and columns are constants.
ALWAYS_INLINE void multiply(half_loader load, const matmul_args *a, const row_panel *p, int groups, size_t column,
                            int columns) {
    __m256 sums[most_groups][columns_per_tile];
    const float *x[columns_per_tile];
    float *y[columns_per_tile];
    UNROLL for (int c = 0; c < columns; c++) {
        x[c] = (const float *)((const char *)a->x + (column + (size_t)c) * a->x_row_bytes) + p->first;
        y[c] = a->y + (column + (size_t)c) * a->y_stride + p->row;
        UNROLL for (int g = 0; g < groups; g++)
            sums[g][c] = p->first > 0 ? _mm256_loadu_ps(y[c] + group_rows * g) : _mm256_setzero_ps();
    }
    for (size_t k = 0; k < p->count; k++) {
        __m256 w[most_groups];
        UNROLL for (int g = 0; g < groups; g++) {
            const char *at = p->w + (size_t)g * p->stride + 2 * group_rows * k;
            _mm_prefetch(at + (size_t)groups * p->stride, _MM_HINT_T0);   // the next rows at the same place
            w[g] = load(at);
        }
        UNROLL for (int c = 0; c < columns; c++) {
            const __m256 xk = _mm256_broadcast_ss(x[c] + k);
            UNROLL for (int g = 0; g < groups; g++) sums[g][c] = _mm256_fmadd_ps(w[g], xk, sums[g][c]);
        }
    }
    UNROLL for (int c = 0; c < columns; c++)
        UNROLL for (int g = 0; g < groups; g++) _mm256_storeu_ps(y[c] + group_rows * g, sums[g][c]);
}

ALWAYS_INLINE void multiply_columns(half_loader load, const matmul_args *a, const row_panel *p, int groups) {
    size_t c = 0;
    for (; c + columns_per_tile <= a->columns; c += columns_per_tile)
        multiply(load, a, p, groups, c, columns_per_tile);
    switch (a->columns - c) {
        case 5: multiply(load, a, p, groups, c, 5); break;
        case 4: multiply(load, a, p, groups, c, 4); break;
        case 3: multiply(load, a, p, groups, c, 3); break;
        case 2: multiply(load, a, p, groups, c, 2); break;
        case 1: multiply(load, a, p, groups, c, 1); break;
    }
}

/// One to six columns: all of k at once.
ALWAYS_INLINE void few_columns(half_loader load, const matmul_args *a, int groups, int columns) {
    const size_t stride = group_rows * a->w_row_bytes;
    size_t row = 0;
    for (; row + (size_t)groups * group_rows <= a->rows; row += (size_t)groups * group_rows) {
        const row_panel p = {(const char *)a->w + row * a->w_row_bytes, stride, row, 0, a->k};
        multiply(load, a, &p, groups, 0, columns);
    }
    for (; row < a->rows; row += group_rows) {
        const row_panel p = {(const char *)a->w + row * a->w_row_bytes, stride, row, 0, a->k};
        multiply(load, a, &p, 1, 0, columns);
    }
}

ALWAYS_INLINE void interleaved_matmul(half_loader load, const matmul_args *a) {
    switch (a->columns) {
        case 1: return few_columns(load, a, 4, 1);
        case 2: return few_columns(load, a, 4, 2);
        case 3: return few_columns(load, a, 2, 3);
        case 4: return few_columns(load, a, 2, 4);
        case 5: return few_columns(load, a, 2, 5);
        case 6: return few_columns(load, a, 2, 6);
    }
    for (size_t first = 0; first < a->k; first += panel_values) {
        const size_t count = a->k - first < panel_values ? a->k - first : panel_values;
        for (size_t row = 0; row < a->rows; row += 2 * group_rows) {
            const size_t groups = a->rows - row < 2 * group_rows ? 1 : 2;
            const char *w = (const char *)a->w + row * a->w_row_bytes + 2 * group_rows * first;
            const row_panel p = {w, group_rows * a->w_row_bytes, row, first, count};
            if (groups == 2) multiply_columns(load, a, &p, 2);
            else multiply_columns(load, a, &p, 1);
        }
    }
}

void interleaved_f16_f32_avx2(const matmul_args *a) { interleaved_matmul(load_f16, a); }
void interleaved_bf16_f32_avx2(const matmul_args *a) { interleaved_matmul(load_bf16, a); }
#include "isa/avx2_end.h"
#endif
