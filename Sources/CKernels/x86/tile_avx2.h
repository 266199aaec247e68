/// Integer matmul by tiles of 8 weight rows; include between isa/avx2_begin.h and isa/avx2_end.h.
///
/// A type states only how 8 rows of its blocks unpack into a tile: bytes interleaved so that 32-bit lane r of a vector
/// holds 4 consecutive values of row r. The tile is then multiplied with all columns: 4 activation bytes are broadcast, the
/// sums of a block are exact integers, and each output element adds its blocks in order by FMA in its own lane. So no
/// element depends on how many rows or columns a call has, and no horizontal sums are needed.
#ifndef X86_TILE_AVX2_H
#define X86_TILE_AVX2_H
#include "x86/avx2.h"

/// panel_columns: what the sums of 8 rows are kept for at once; most_columns: what is multiplied in registers at once.
enum { tile_rows = 8, panel_columns = 64, most_columns = 8, cache_line = 64 };

/// 8 rows as they stand in a file (where a call has fewer rows left, the last one is repeated), or interleaved
/// (quant/interleave.c; where a call has no rows left, the last 8 are repeated): then what a block has at `offset`, the 8
/// rows have at 8 * offset from the first pointer.
typedef struct row_pointers {
    const char *row[tile_rows];
    bool interleaved;   // a constant
} row_pointers;

ALWAYS_INLINE row_pointers rows_at(const matmul_args *a, size_t first, bool interleaved) {
    row_pointers p = {.interleaved = interleaved};
    if (interleaved) {
        p.row[0] = (const char *)a->w + (first < a->rows ? first : a->rows - tile_rows) * a->w_row_bytes;
        return p;
    }
    for (size_t r = 0; r < tile_rows; r++) {
        const size_t row = first + r < a->rows ? first + r : a->rows - 1;
        p.row[r] = (const char *)a->w + row * a->w_row_bytes;
    }
    return p;
}

/// 16 bytes at `offset` of rows r and r + 4.
ALWAYS_INLINE __m256i load_two_rows(const row_pointers *p, int r, size_t offset) {
    const __m128i low = _mm_loadu_si128((const __m128i *)(p->row[r] + offset));
    const __m128i high = _mm_loadu_si128((const __m128i *)(p->row[r + 4] + offset));
    return _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
}

/// From a[r] = rows r and r + 4 to out[j] lane r = bytes 4j ..< 4j + 4 of row r.
ALWAYS_INLINE void transpose(const __m256i a[4], __m256i out[4]) {
    const __m256i t0 = _mm256_unpacklo_epi32(a[0], a[1]), t1 = _mm256_unpackhi_epi32(a[0], a[1]);
    const __m256i t2 = _mm256_unpacklo_epi32(a[2], a[3]), t3 = _mm256_unpackhi_epi32(a[2], a[3]);
    out[0] = _mm256_unpacklo_epi64(t0, t2);
    out[1] = _mm256_unpackhi_epi64(t0, t2);
    out[2] = _mm256_unpacklo_epi64(t1, t3);
    out[3] = _mm256_unpackhi_epi64(t1, t3);
}

/// 4 bytes at `offset` of each of 8 interleaved rows.
ALWAYS_INLINE __m256i load_interleaved(const row_pointers *p, size_t offset) {
    return _mm256_loadu_si256((const __m256i *)(p->row[0] + tile_rows * offset));
}

/// 16 bytes at `offset` of each of 8 rows as 4 vectors.
ALWAYS_INLINE void load_transposed(const row_pointers *p, size_t offset, __m256i out[4]) {
    if (p->interleaved) {
        UNROLL for (size_t j = 0; j < 4; j++) out[j] = load_interleaved(p, offset + 4 * j);
        return;
    }
    __m256i a[4];
    UNROLL for (int r = 0; r < 4; r++) a[r] = load_two_rows(p, r, offset);
    transpose(a, out);
}

/// 4 bytes at `offset` of each of 8 rows.
ALWAYS_INLINE __m256i load_words(const row_pointers *p, size_t offset) {
    if (p->interleaved) return load_interleaved(p, offset);
    uint32_t words[tile_rows];
    for (int r = 0; r < tile_rows; r++) memcpy(&words[r], p->row[r] + offset, 4);
    return _mm256_loadu_si256((const __m256i *)words);
}

/// The binary16 at `offset` of each of 8 rows, as floats.
ALWAYS_INLINE __m256 load_f16_of_rows(const row_pointers *p, size_t offset) {
    if (p->interleaved) return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(p->row[0] + tile_rows * offset)));
    uint16_t h[tile_rows];
    for (int r = 0; r < tile_rows; r++) memcpy(&h[r], p->row[r] + offset, 2);
    return _mm256_cvtph_ps(_mm_setr_epi16((short)h[0], (short)h[1], (short)h[2], (short)h[3], (short)h[4], (short)h[5],
                                          (short)h[6], (short)h[7]));
}

/// How far ahead of a block to fetch: interleaved rows are one stream, where 12 to 16 KiB were best (Zen 5, 1 column, rows of
/// 2048 and 8192: Q4_K 165 GOP/s, 135 at 4 KiB, 150 at 24 KiB); otherwise the same place of the next 8 rows.
ALWAYS_INLINE size_t prefetch_distance(const matmul_args *a, bool interleaved, size_t values) {
    return interleaved && values == a->k ? 16 << 10 : tile_rows * a->w_row_bytes;
}

/// Fetches `lines` cache lines of the block `distance` ahead of `offset`, from the `first` one on: the hardware's own
/// prefetcher forgets the stream while many columns pass (32 columns, a block fetched at once or not at all: Q8_0 178 and 150
/// GOP/s, Q4_K 318 and 258). A block's lines are best fetched a few at a time between its columns: all at once they occupy the
/// buffers of all misses, and activations wait (Q6_K at 8 columns 178 to 216, at 16 columns 190 to 245).
ALWAYS_INLINE void prefetch_ahead(const row_pointers *p, size_t distance, size_t offset, size_t first, size_t lines) {
    const char *next = p->row[0] + distance + tile_rows * offset + cache_line * first;
    for (size_t i = 0; i < lines; i++) _mm_prefetch(next + cache_line * i, _MM_HINT_T0);
}

/// Cache lines of a block of 8 rows.
ALWAYS_INLINE size_t block_lines(size_t block_bytes) { return (tile_rows * block_bytes + cache_line - 1) / cache_line; }

/// How the byte products of a tile are summed, constants of a type: bytes of the tile are unsigned and `widen` products of
/// pairs fit in 16 bits, or they are signed, and the sign moves to the activation (one product, |-128 * 2 * 127| fits).
typedef struct sum_mode {
    bool is_signed;
    int widen;   // 8, 4, 2 or 1
} sum_mode;

/// Keeps the compiler from computing one column after the other, which would load (or spill) every vector of the tile once
/// per column: loads were the limit then. What was computed so far must be in these registers before anything else is.
ALWAYS_INLINE void columns_in_step(__m256i *sums, int columns) {
    UNROLL for (int c = 0; c < columns; c++) __asm__ volatile("" : "+x"(sums[c]));
}

/// The values of some columns, a constant number, from one place on.
typedef struct column_values {
    const int8_t *x[most_columns];
    int count;
} column_values;

/// total += factor * (sums of products of one signed vector q with the values of each column). The empty asm statements put
/// the columns in order: the compiler would gather the products of all columns first and spill them.
ALWAYS_INLINE void add_signed_products(__m256i q, const column_values *columns, __m256i factor, bool first, __m256i *total) {
    __m256i magnitude = _mm256_abs_epi8(q);
    UNROLL for (int c = 0; c < columns->count; c++) {
        const __m256i product = _mm256_maddubs_epi16(magnitude, _mm256_sign_epi8(broadcast4(columns->x[c]), q));
        const __m256i wide = _mm256_madd_epi16(product, factor);
        total[c] = first ? wide : _mm256_add_epi32(total[c], wide);
        __asm__ volatile("" : "+x"(total[c]), "+x"(q), "+x"(magnitude));
    }
}

/// total += factor * (sums of products of `mode.widen` vectors q with the values of each column), lane r: row r; `first`:
/// total = ... The factor is a pair of equal 16-bit numbers in each lane.
ALWAYS_INLINE void add_products(const sum_mode mode, const __m256i *q, const column_values *columns, __m256i factor,
                                bool first, __m256i *total) {
    if (mode.is_signed) return add_signed_products(q[0], columns, factor, first, total);
    __m256i products[most_columns];
    UNROLL for (int j = 0; j < mode.widen; j++) {
        UNROLL for (int c = 0; c < columns->count; c++) {
            const __m256i product = _mm256_maddubs_epi16(q[j], broadcast4(columns->x[c] + 4 * j));
            products[c] = j == 0 ? product : _mm256_add_epi16(products[c], product);
        }
        columns_in_step(products, columns->count);
    }
    UNROLL for (int c = 0; c < columns->count; c++) {
        const __m256i wide = _mm256_madd_epi16(products[c], factor);
        total[c] = first ? wide : _mm256_add_epi32(total[c], wide);
    }
    columns_in_step(total, columns->count);
}

/// The sums of a panel to continue: zeros, or what store_panel wrote (rows beyond the last read as 0).
ALWAYS_INLINE void load_panel(const matmul_args *a, size_t row, size_t column, size_t columns, bool continues,
                              __m256 *sums) {
    const __m256i mask = first_lanes(a->rows - row < tile_rows ? a->rows - row : tile_rows);
    for (size_t c = 0; c < columns; c++)
        sums[c] = continues ? _mm256_maskload_ps(a->y + (column + c) * a->y_stride + row, mask) : _mm256_setzero_ps();
}

/// Writes the 8 sums of each column of a panel to y, or as many as there are rows.
ALWAYS_INLINE void store_panel(const matmul_args *a, size_t row, size_t column, size_t columns, const __m256 *sums) {
    const size_t rows = a->rows - row < tile_rows ? a->rows - row : tile_rows;
    const __m256i mask = first_lanes(rows);
    for (size_t c = 0; c < columns; c++) {
        float *y = a->y + (column + c) * a->y_stride + row;
        if (rows == tile_rows) _mm256_storeu_ps(y, sums[c]);
        else _mm256_maskstore_ps(y, mask, sums[c]);
    }
}
#endif
