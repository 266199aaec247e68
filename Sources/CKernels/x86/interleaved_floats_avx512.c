// F16 and BF16 matmul with interleaved rows for AVX-512: what x86/interleaved_floats_avx2.c does, two groups of 8 rows in a
// vector, tiles of 32 rows x 12 columns. Each element is the same chain of FMA, so the bits are AVX2's. Up to three columns are
// limited by memory and stay with AVX2, as do the last rows that fill no tile.
#if defined(__x86_64__)
#include "isa/avx512_begin.h"
#include "isa/inline.h"
#include "kernels.h"

enum { group_rows = 8, tile_rows = 32, panel_values = 256, columns_per_tile = 12 };

/// 16 weights as floats from 8 each.
typedef __m512 (*half_loader)(const char *low, const char *high);

ALWAYS_INLINE __m256i load_pair(const char *low, const char *high) {
    return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)low)),
                                   _mm_loadu_si128((const __m128i *)high), 1);
}

ALWAYS_INLINE __m512 load_f16(const char *low, const char *high) { return _mm512_cvtph_ps(load_pair(low, high)); }

ALWAYS_INLINE __m512 load_bf16(const char *low, const char *high) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(load_pair(low, high)), 16));
}

/// Values first ..< first + count of 32 rows from `row` on; groups are `stride` bytes apart.
typedef struct row_panel {
    const char *w;
    size_t stride, row;
    size_t first, count;
} row_panel;

ALWAYS_INLINE void multiply(half_loader load, const matmul_args *a, const row_panel *p, size_t column, int columns) {
    __m512 low[columns_per_tile], high[columns_per_tile];
    const float *x[columns_per_tile];
    float *y[columns_per_tile];
    UNROLL for (int c = 0; c < columns; c++) {
        x[c] = (const float *)((const char *)a->x + (column + (size_t)c) * a->x_row_bytes) + p->first;
        y[c] = a->y + (column + (size_t)c) * a->y_stride + p->row;
        low[c] = p->first > 0 ? _mm512_loadu_ps(y[c]) : _mm512_setzero_ps();
        high[c] = p->first > 0 ? _mm512_loadu_ps(y[c] + 16) : _mm512_setzero_ps();
    }
    for (size_t k = 0; k < p->count; k++) {
        const char *at = p->w + 2 * group_rows * k;
        UNROLL for (size_t g = 0; g < 4; g++) _mm_prefetch(at + (4 + g) * p->stride, _MM_HINT_T0);
        const __m512 w0 = load(at, at + p->stride), w1 = load(at + 2 * p->stride, at + 3 * p->stride);
        UNROLL for (int c = 0; c < columns; c++) {
            const __m512 xk = _mm512_set1_ps(x[c][k]);
            low[c] = _mm512_fmadd_ps(w0, xk, low[c]);
            high[c] = _mm512_fmadd_ps(w1, xk, high[c]);
        }
    }
    UNROLL for (int c = 0; c < columns; c++) {
        _mm512_storeu_ps(y[c], low[c]);
        _mm512_storeu_ps(y[c] + 16, high[c]);
    }
}

ALWAYS_INLINE void multiply_columns(half_loader load, const matmul_args *a, const row_panel *p) {
    size_t c = 0;
    for (; c + columns_per_tile <= a->columns; c += columns_per_tile) multiply(load, a, p, c, columns_per_tile);
    for (; c + 4 <= a->columns; c += 4) multiply(load, a, p, c, 4);
    switch (a->columns - c) {
        case 3: multiply(load, a, p, c, 3); break;
        case 2: multiply(load, a, p, c, 2); break;
        case 1: multiply(load, a, p, c, 1); break;
    }
}

/// Rows of whole tiles; returns how many.
ALWAYS_INLINE size_t multiply_tiles(half_loader load, const matmul_args *a) {
    const size_t rows = a->rows / tile_rows * tile_rows;
    for (size_t first = 0; first < a->k; first += panel_values) {
        const size_t count = a->k - first < panel_values ? a->k - first : panel_values;
        for (size_t row = 0; row < rows; row += tile_rows) {
            const char *w = (const char *)a->w + row * a->w_row_bytes + 2 * group_rows * first;
            const row_panel p = {w, group_rows * a->w_row_bytes, row, first, count};
            multiply_columns(load, a, &p);
        }
    }
    return rows;
}

#define MATMUL(name)                                                              \
    void interleaved_##name##_f32_avx2(const matmul_args *a);                     \
    void interleaved_##name##_f32_avx512(const matmul_args *a) {                  \
        if (a->columns <= 3) return interleaved_##name##_f32_avx2(a);             \
        matmul_args rest = *a;                                                    \
        const size_t done = multiply_tiles(load_##name, a);                       \
        rest.w = (const char *)a->w + done * a->w_row_bytes;                      \
        rest.y += done;                                                           \
        rest.rows -= done;                                                        \
        if (rest.rows > 0) interleaved_##name##_f32_avx2(&rest);                  \
    }
MATMUL(f16)
MATMUL(bf16)
#include "isa/avx512_end.h"
#endif
