// F32, F16 and BF16 matmul for NEON, activations f32.
// Every element is one accumulator of 8 lanes (two vectors) that takes k in steps of 8, the last one padded with zeros, then
// the sum of arm/neon.h: the same in every register tile, so the tile shape never shows in the result. Tiles of 3 rows x 3
// columns are 18 accumulators of 32 registers.
#if defined(__aarch64__)
#include "isa/no_contraction.h"
#include "arm/neon.h"

enum { rows_per_tile = 3, columns_per_tile = 3, rows_of_few_columns = 4, block_bytes = 128 * 1024 };

/// What the template needs of a type; value_bytes is the size of one weight.
typedef struct float_type {
    eight_loader load;
    size_t value_bytes;
} float_type;

ALWAYS_INLINE eight multiply_add(eight sum, eight a, eight b) {
    return (eight){vfmaq_f32(sum.low, a.low, b.low), vfmaq_f32(sum.high, a.high, b.high)};
}

typedef struct float_tile {
    size_t row, column;
    int rows, columns;   // constants
} float_tile;

ALWAYS_INLINE void multiply_tile(const float_type type, const matmul_args *a, const float_tile tile) {
    const char *w[rows_of_few_columns], *x[columns_per_tile];
    eight sums[rows_of_few_columns][columns_per_tile];
    UNROLL for (int r = 0; r < tile.rows; r++) {
        w[r] = (const char *)a->w + (tile.row + (size_t)r) * a->w_row_bytes;
        UNROLL for (int c = 0; c < tile.columns; c++) sums[r][c] = (eight){vdupq_n_f32(0), vdupq_n_f32(0)};
    }
    UNROLL for (int c = 0; c < tile.columns; c++) x[c] = (const char *)a->x + (tile.column + (size_t)c) * a->x_row_bytes;
    size_t i = 0;
    for (; i + 8 <= a->k; i += 8) {
        eight xi[columns_per_tile];
        UNROLL for (int c = 0; c < tile.columns; c++) xi[c] = eight_f32(x[c], i);
        UNROLL for (int r = 0; r < tile.rows; r++) {
            const eight wi = type.load(w[r], i);
            UNROLL for (int c = 0; c < tile.columns; c++) sums[r][c] = multiply_add(sums[r][c], wi, xi[c]);
        }
    }
    if (i < a->k) {
        UNROLL for (int r = 0; r < tile.rows; r++) {
            const eight wi = last_values(type.load, type.value_bytes, w[r], i, a->k - i);
            UNROLL for (int c = 0; c < tile.columns; c++)
                sums[r][c] = multiply_add(sums[r][c], wi, last_values(eight_f32, 4, x[c], i, a->k - i));
        }
    }
    UNROLL for (int c = 0; c < tile.columns; c++) {
        float *y = a->y + (tile.column + (size_t)c) * a->y_stride + tile.row;
        UNROLL for (int r = 0; r < tile.rows; r++) y[r] = horizontal_sum(sums[r][c].low, sums[r][c].high);
    }
}

/// Rows tile.row ..< end with `tile.columns` columns, both tile sizes constant.
ALWAYS_INLINE void multiply_rows(const float_type type, const matmul_args *a, const float_tile tile, size_t end) {
    size_t row = tile.row;
    for (; row + (size_t)tile.rows <= end; row += (size_t)tile.rows)
        multiply_tile(type, a, (float_tile){row, tile.column, tile.rows, tile.columns});
    for (; row < end; row++) multiply_tile(type, a, (float_tile){row, tile.column, 1, tile.columns});
}

/// Blocks of rows that stay in the L2 cache while all columns pass.
ALWAYS_INLINE void float_matmul(const matmul_args *a, const float_type type) {
    size_t block = block_bytes / (a->k * type.value_bytes + 1) / 12 * 12;
    if (block == 0) block = 12;
    for (size_t row = 0; row < a->rows; row += block) {
        const size_t end = a->rows - row < block ? a->rows : row + block;
        size_t c = 0;
        for (; c + columns_per_tile <= a->columns; c += columns_per_tile)
            multiply_rows(type, a, (float_tile){row, c, rows_per_tile, columns_per_tile}, end);
        if (a->columns - c == 2) multiply_rows(type, a, (float_tile){row, c, rows_of_few_columns, 2}, end);
        if (a->columns - c == 1) multiply_rows(type, a, (float_tile){row, c, rows_of_few_columns, 1}, end);
    }
}

void matmul_f32_f32_neon(const matmul_args *a) { float_matmul(a, (float_type){eight_f32, 4}); }
void matmul_f16_f32_neon(const matmul_args *a) { float_matmul(a, (float_type){eight_f16, 2}); }
void matmul_bf16_f32_neon(const matmul_args *a) { float_matmul(a, (float_type){eight_bf16, 2}); }
#endif
