// F16 and BF16 matmul with interleaved rows for NEON, activations f32: value k of 8 rows is one vector of 16 bits.
// Every element is one accumulator that takes k in order by FMA, in its own lane: no sums over lanes, and the tile shape never
// shows in the result. Register tiles of 16 rows x 6 columns: 24 accumulators of 32 registers. Panels of k keep the
// activations in the L2 cache; the sums wait in y between them.
#if defined(__aarch64__)
#include "isa/no_contraction.h"
#include "arm/neon.h"

enum { group_rows = 8, panel_values = 256, most_groups = 4, columns_per_tile = 6 };

/// 4 weights as floats.
typedef float32x4_t (*half_loader)(uint16x4_t w);

/// Values first ..< first + count of some rows from `row` on: groups of 8 rows, `stride` bytes apart, one vector a value.
typedef struct row_panel {
    const char *w;
    size_t stride, row;
    size_t first, count;
} row_panel;

/// A register tile: groups and columns are constants.
ALWAYS_INLINE void multiply(half_loader load, const matmul_args *a, const row_panel *p, int groups, size_t column,
                            int columns) {
    float32x4_t sums[2 * most_groups][columns_per_tile];
    const float *x[columns_per_tile];
    float *y[columns_per_tile];
    UNROLL for (int c = 0; c < columns; c++) {
        x[c] = (const float *)((const char *)a->x + (column + (size_t)c) * a->x_row_bytes) + p->first;
        y[c] = a->y + (column + (size_t)c) * a->y_stride + p->row;
        UNROLL for (int h = 0; h < 2 * groups; h++) sums[h][c] = p->first > 0 ? vld1q_f32(y[c] + 4 * h) : vdupq_n_f32(0);
    }
    for (size_t k = 0; k < p->count; k++) {
        float32x4_t w[2 * most_groups];
        UNROLL for (int g = 0; g < groups; g++) {
            const uint16x8_t bits = vld1q_u16((const uint16_t *)(p->w + (size_t)g * p->stride + 2 * group_rows * k));
            w[2 * g] = load(vget_low_u16(bits));
            w[2 * g + 1] = load(vget_high_u16(bits));
        }
        UNROLL for (int c = 0; c < columns; c++) {
            UNROLL for (int h = 0; h < 2 * groups; h++) sums[h][c] = vfmaq_n_f32(sums[h][c], w[h], x[c][k]);
        }
    }
    UNROLL for (int c = 0; c < columns; c++) {
        UNROLL for (int h = 0; h < 2 * groups; h++) vst1q_f32(y[c] + 4 * h, sums[h][c]);
    }
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

/// One column: all of k at once, more rows together.
ALWAYS_INLINE void one_column(half_loader load, const matmul_args *a) {
    const size_t stride = group_rows * a->w_row_bytes, rows_together = most_groups * group_rows;
    size_t row = 0;
    for (; row + rows_together <= a->rows; row += rows_together) {
        const row_panel p = {(const char *)a->w + row * a->w_row_bytes, stride, row, 0, a->k};
        multiply(load, a, &p, most_groups, 0, 1);
    }
    for (; row < a->rows; row += group_rows) {
        const row_panel p = {(const char *)a->w + row * a->w_row_bytes, stride, row, 0, a->k};
        multiply(load, a, &p, 1, 0, 1);
    }
}

ALWAYS_INLINE void interleaved_matmul(half_loader load, const matmul_args *a) {
    if (a->columns == 1) return one_column(load, a);
    for (size_t first = 0; first < a->k; first += panel_values) {
        const size_t count = a->k - first < panel_values ? a->k - first : panel_values;
        for (size_t row = 0; row < a->rows; row += 2 * group_rows) {
            const char *w = (const char *)a->w + row * a->w_row_bytes + 2 * group_rows * first;
            const row_panel p = {w, group_rows * a->w_row_bytes, row, first, count};
            if (a->rows - row > group_rows) multiply_columns(load, a, &p, 2);
            else multiply_columns(load, a, &p, 1);
        }
    }
}

void interleaved_f16_f32_neon(const matmul_args *a) { interleaved_matmul(floats_of_f16, a); }
void interleaved_bf16_f32_neon(const matmul_args *a) { interleaved_matmul(floats_of_bf16, a); }
#endif
