// F32, F16 and BF16 matmul for AVX2, activations f32.
// Every element is one accumulator of 8 lanes that takes k in steps of 8 (the last one padded with zeros), then the
// horizontal sum of x86/avx2.h: the same in every register tile, so the tile shape never shows in the result.
// Tiles of 3 rows x 3 columns (with 4 x 3 clang 21 spills an accumulator, half the speed), and of 4 rows for one or two
// columns: 8 rows of 4 KiB would fall into one set of the L1 cache.
#if defined(__x86_64__)
#include "isa/avx2_begin.h"
#include "x86/avx2.h"

enum { rows_per_tile = 3, columns_per_tile = 3, rows_of_few_columns = 4, block_bytes = 128 * 1024 };

/// 8 weights as floats.
typedef __m256 (*float_loader)(const char *row, size_t index);

ALWAYS_INLINE __m256 load_f32(const char *row, size_t index) {
    return _mm256_loadu_ps((const float *)row + index);
}

ALWAYS_INLINE __m256 load_f16(const char *row, size_t index) {
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(row + 2 * index)));
}

ALWAYS_INLINE __m256 load_bf16(const char *row, size_t index) {
    const __m128i bits = _mm_loadu_si128((const __m128i *)(row + 2 * index));
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
}

/// What the template needs of a type; value_bytes is the size of one weight.
typedef struct float_type {
    float_loader load;
    size_t value_bytes;
} float_type;

/// The last k % 8 weights of a row, the rest zero.
ALWAYS_INLINE __m256 load_end(const float_type type, const char *row, size_t index, size_t n) {
    char end[32] = {0};
    memcpy(end, row + index * type.value_bytes, n * type.value_bytes);
    return type.load(end, 0);
}

typedef struct float_tile {
    size_t row, column;
    int rows, columns;
    bool prefetch;   // the rows after these: the first columns bring a block of rows from memory
} float_tile;

ALWAYS_INLINE void multiply_tile(const float_type type, const matmul_args *a, const float_tile tile) {
    const char *w[rows_of_few_columns];
    const float *x[columns_per_tile];
    __m256 sums[rows_of_few_columns][columns_per_tile];
    UNROLL for (int r = 0; r < tile.rows; r++) {
        w[r] = (const char *)a->w + (tile.row + (size_t)r) * a->w_row_bytes;
        UNROLL for (int c = 0; c < tile.columns; c++) sums[r][c] = _mm256_setzero_ps();
    }
    UNROLL for (int c = 0; c < tile.columns; c++)
        x[c] = (const float *)((const char *)a->x + (tile.column + (size_t)c) * a->x_row_bytes);
    const char *next = w[0] + (size_t)tile.rows * a->w_row_bytes;
    size_t i = 0;
    for (; i + 8 <= a->k; i += 8) {
        if (tile.prefetch) {
            UNROLL for (size_t line = 0; line < type.value_bytes / 2; line++)
                _mm_prefetch(next + i * type.value_bytes * (size_t)tile.rows + 64 * line, _MM_HINT_T0);
        }
        __m256 xi[columns_per_tile];
        UNROLL for (int c = 0; c < tile.columns; c++) xi[c] = _mm256_loadu_ps(x[c] + i);
        UNROLL for (int r = 0; r < tile.rows; r++) {
            const __m256 wi = type.load(w[r], i);
            UNROLL for (int c = 0; c < tile.columns; c++) sums[r][c] = _mm256_fmadd_ps(wi, xi[c], sums[r][c]);
        }
    }
    if (i < a->k) {
        const __m256i mask = first_lanes(a->k - i);
        UNROLL for (int r = 0; r < tile.rows; r++) {
            const __m256 wi = load_end(type, w[r], i, a->k - i);
            UNROLL for (int c = 0; c < tile.columns; c++)
                sums[r][c] = _mm256_fmadd_ps(wi, _mm256_maskload_ps(x[c] + i, mask), sums[r][c]);
        }
    }
    UNROLL for (int c = 0; c < tile.columns; c++) {
        float *y = a->y + (tile.column + (size_t)c) * a->y_stride + tile.row;
        UNROLL for (int r = 0; r < tile.rows; r++) y[r] = horizontal_sum(sums[r][c]);
    }
}

/// Rows row ..< end with `columns` columns, both tile sizes constant.
ALWAYS_INLINE void multiply_rows(const float_type type, const matmul_args *a, size_t row, size_t end,
                                 const float_tile tile) {
    for (; row + (size_t)tile.rows <= end; row += (size_t)tile.rows)
        multiply_tile(type, a, (float_tile){row, tile.column, tile.rows, tile.columns, tile.prefetch});
    for (; row < end; row++) multiply_tile(type, a, (float_tile){row, tile.column, 1, tile.columns, false});
}

/// Blocks of rows that stay in the L2 cache while all columns pass.
ALWAYS_INLINE void float_matmul(const matmul_args *a, const float_type type) {
    size_t block = block_bytes / (a->k * type.value_bytes + 1) / 24 * 24;
    if (block == 0) block = 24;
    for (size_t row = 0; row < a->rows; row += block) {
        const size_t end = a->rows - row < block ? a->rows : row + block;
        size_t c = 0;
        for (; c + columns_per_tile <= a->columns; c += columns_per_tile)
            multiply_rows(type, a, row, end, (float_tile){0, c, rows_per_tile, columns_per_tile, c == 0});
        if (a->columns - c == 2) multiply_rows(type, a, row, end, (float_tile){0, c, rows_of_few_columns, 2, c == 0});
        if (a->columns - c == 1) multiply_rows(type, a, row, end, (float_tile){0, c, rows_of_few_columns, 1, c == 0});
    }
}

void matmul_f32_f32_avx2(const matmul_args *a) { float_matmul(a, (float_type){load_f32, 4}); }
void matmul_f16_f32_avx2(const matmul_args *a) { float_matmul(a, (float_type){load_f16, 2}); }
void matmul_bf16_f32_avx2(const matmul_args *a) { float_matmul(a, (float_type){load_bf16, 2}); }
#include "isa/avx2_end.h"
#endif
