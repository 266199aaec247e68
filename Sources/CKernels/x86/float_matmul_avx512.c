// F32, F16 and BF16 matmul for AVX-512: like x86/float_matmul_avx2.c with one accumulator of 16 lanes per element, so the
// order of additions differs from AVX2's, but not with the shape of the call. Tiles of 4 rows x 4 columns.
#if defined(__x86_64__)
#include "isa/avx512_begin.h"
#include <string.h>
#include "isa/inline.h"
#include "kernels.h"

enum { tile_rows = 4, tile_columns = 4, block_bytes = 256 * 1024 };

typedef struct float_type {
    __m512 (*load)(const char *row, size_t index);
    __m512 (*load_end)(const char *row, size_t index, __mmask16 mask);
    size_t value_bytes;
} float_type;

ALWAYS_INLINE __m512 load_f32(const char *row, size_t i) { return _mm512_loadu_ps((const float *)row + i); }
ALWAYS_INLINE __m512 load_f32_end(const char *row, size_t i, __mmask16 mask) {
    return _mm512_maskz_loadu_ps(mask, (const float *)row + i);
}

ALWAYS_INLINE __m512 load_f16(const char *row, size_t i) {
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(row + 2 * i)));
}
ALWAYS_INLINE __m512 load_f16_end(const char *row, size_t i, __mmask16 mask) {
    return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(mask, row + 2 * i));
}

ALWAYS_INLINE __m512 widen_bf16(__m256i bits) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}
ALWAYS_INLINE __m512 load_bf16(const char *row, size_t i) {
    return widen_bf16(_mm256_loadu_si256((const __m256i *)(row + 2 * i)));
}
ALWAYS_INLINE __m512 load_bf16_end(const char *row, size_t i, __mmask16 mask) {
    return widen_bf16(_mm256_maskz_loadu_epi16(mask, row + 2 * i));
}

typedef struct float_tile {
    size_t row, column;
    int rows, columns;
    bool prefetch;   // the rows after these: the first columns bring a block of rows from memory
} float_tile;

ALWAYS_INLINE void multiply_tile(const float_type type, const matmul_args *a, const float_tile tile) {
    const char *w[tile_rows];
    const float *x[tile_columns];
    __m512 sums[tile_rows][tile_columns];
    UNROLL for (int r = 0; r < tile.rows; r++) {
        w[r] = (const char *)a->w + (tile.row + (size_t)r) * a->w_row_bytes;
        UNROLL for (int c = 0; c < tile.columns; c++) sums[r][c] = _mm512_setzero_ps();
    }
    UNROLL for (int c = 0; c < tile.columns; c++)
        x[c] = (const float *)((const char *)a->x + (tile.column + (size_t)c) * a->x_row_bytes);
    const char *next = w[0] + (size_t)tile.rows * a->w_row_bytes;
    size_t i = 0;
    for (; i + 16 <= a->k; i += 16) {
        if (tile.prefetch) {
            UNROLL for (size_t line = 0; line < type.value_bytes; line++)
                _mm_prefetch(next + i * type.value_bytes * (size_t)tile.rows + 64 * line, _MM_HINT_T0);
        }
        __m512 xi[tile_columns];
        UNROLL for (int c = 0; c < tile.columns; c++) xi[c] = _mm512_loadu_ps(x[c] + i);
        UNROLL for (int r = 0; r < tile.rows; r++) {
            const __m512 wi = type.load(w[r], i);
            UNROLL for (int c = 0; c < tile.columns; c++) sums[r][c] = _mm512_fmadd_ps(wi, xi[c], sums[r][c]);
        }
    }
    if (i < a->k) {
        const __mmask16 mask = (__mmask16)((1u << (a->k - i)) - 1);
        UNROLL for (int r = 0; r < tile.rows; r++) {
            const __m512 wi = type.load_end(w[r], i, mask);
            UNROLL for (int c = 0; c < tile.columns; c++)
                sums[r][c] = _mm512_fmadd_ps(wi, _mm512_maskz_loadu_ps(mask, x[c] + i), sums[r][c]);
        }
    }
    UNROLL for (int c = 0; c < tile.columns; c++) {
        float *y = a->y + (tile.column + (size_t)c) * a->y_stride + tile.row;
        UNROLL for (int r = 0; r < tile.rows; r++) y[r] = _mm512_reduce_add_ps(sums[r][c]);
    }
}

/// Rows row ..< end with `columns` columns, both tile sizes constant.
ALWAYS_INLINE void multiply_rows(const float_type type, const matmul_args *a, size_t row, size_t end,
                                 const float_tile tile) {
    for (; row + tile_rows <= end; row += tile_rows)
        multiply_tile(type, a, (float_tile){row, tile.column, tile_rows, tile.columns, tile.prefetch});
    for (; row < end; row++) multiply_tile(type, a, (float_tile){row, tile.column, 1, tile.columns, false});
}

/// Blocks of rows that stay in the L2 cache while all columns pass.
ALWAYS_INLINE void float_matmul(const matmul_args *a, const float_type type) {
    size_t block = block_bytes / (a->k * type.value_bytes + 1) / tile_rows * tile_rows;
    if (block == 0) block = tile_rows;
    for (size_t row = 0; row < a->rows; row += block) {
        const size_t end = a->rows - row < block ? a->rows : row + block;
        size_t c = 0;
        for (; c + tile_columns <= a->columns; c += tile_columns)
            multiply_rows(type, a, row, end, (float_tile){0, c, tile_rows, tile_columns, c == 0});
        switch (a->columns - c) {
            case 3: multiply_rows(type, a, row, end, (float_tile){0, c, tile_rows, 3, c == 0}); break;
            case 2: multiply_rows(type, a, row, end, (float_tile){0, c, tile_rows, 2, c == 0}); break;
            case 1: multiply_rows(type, a, row, end, (float_tile){0, c, tile_rows, 1, c == 0}); break;
        }
    }
}

void matmul_f32_f32_avx512(const matmul_args *a) { float_matmul(a, (float_type){load_f32, load_f32_end, 4}); }
void matmul_f16_f32_avx512(const matmul_args *a) { float_matmul(a, (float_type){load_f16, load_f16_end, 2}); }
void matmul_bf16_f32_avx512(const matmul_args *a) { float_matmul(a, (float_type){load_bf16, load_bf16_end, 2}); }
#include "isa/avx512_end.h"
#endif
