/// Super-block matmul for AVX-512 with VNNI: two tiles of x86/super_block_avx2.h side by side, 16 rows, with the same exact
/// integer sums and the same order of float additions, so the results have the same bits as AVX2's. One instruction
/// multiplies 4 values of 16 rows and widens to 32 bits. Signed bytes become unsigned by adding 128, which the sums of the
/// activations take off again: a min of 128 * scale. Up to three columns stay with AVX2: one or two it multiplies as it
/// unpacks a block, and three pass over its tile together, where here they would pass one by one.
#ifndef X86_SUPER_BLOCK_AVX512_H
#define X86_SUPER_BLOCK_AVX512_H
#include "x86/super_block_avx2.h"

enum { wide_rows = 16, wide_columns = 8 };

typedef struct wide_super_tile {
    __m512i q[64];
    __m512i scale[16];   // 32 bits
    __m512i min[8];      // pairs of 16 bits
    __m512 d, dmin;
} wide_super_tile;

ALWAYS_INLINE __m512i join(__m256i low, __m256i high) { return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1); }
ALWAYS_INLINE __m512 join_ps(__m256 low, __m256 high) { return _mm512_insertf32x8(_mm512_castps256_ps512(low), high, 1); }

/// The mins that take 128 off signed values made unsigned.
ALWAYS_INLINE void bias_mins(const super_type type, super_tile *t) {
    for (int j = 0; j < super_block / 2 / type.group; j++)
        t->min[j] = _mm256_slli_epi16(_mm256_blend_epi16(t->scale[2 * j], t->scale[2 * j + 1], 0xaa), 7);
}

ALWAYS_INLINE void wide_unpack(const super_type type, const row_pointers p[2], size_t offset, wide_super_tile *t) {
    super_tile half[2];
    for (int h = 0; h < 2; h++) {
        type.scales(&p[h], offset, &half[h]);
        if (type.mode.is_signed) bias_mins(type, &half[h]);
        for (int part = 0; type.values && part < 64 / type.part; part++)
            type.values(&p[h], offset, part, half[h].q + part * type.part);
    }
    const __m512i bias = _mm512_set1_epi8((char)(type.mode.is_signed ? 0x80 : 0));
    for (int j = 0; j < 64; j++) t->q[j] = _mm512_xor_si512(join(half[0].q[j], half[1].q[j]), bias);
    for (int g = 0; g < super_block / type.group; g++)
        t->scale[g] = _mm512_srai_epi32(join(half[0].scale[g], half[1].scale[g]), 16);
    if (type.mins != no_mins || type.mode.is_signed) {
        for (int j = 0; j < super_block / 2 / type.group; j++) t->min[j] = join(half[0].min[j], half[1].min[j]);
    }
    t->d = join_ps(half[0].d, half[1].d);
    if (type.mins == float_mins) t->dmin = join_ps(half[0].dmin, half[1].dmin);
}

ALWAYS_INLINE __m512i wide_broadcast4(const void *x) {
    int32_t bytes;
    memcpy(&bytes, x, 4);
    return _mm512_set1_epi32(bytes);
}

/// How far to fetch ahead: the next 16 rows, from their first byte to their last while the blocks of these pass. Two tiles side
/// by side are read at two places of memory, so there is no one stream to be a fixed distance ahead of (prefetch_distance).
ALWAYS_INLINE size_t wide_distance(const matmul_args *a) { return wide_rows * a->w_row_bytes; }

/// One block of 16 rows with some columns. `p`: fetch what comes ahead, a few lines at a time, or NULL.
ALWAYS_INLINE void wide_multiply(const super_type type, const wide_super_tile *t, const row_pointers *p,
                                 const column_set columns, __m512 *sums) {
    const int vectors = type.group / 4;
    const size_t offset = 2 * (columns.panel->first + columns.b) * type.bytes;
    const size_t all = (size_t)(super_block / type.group), lines = (2 * block_lines(type.bytes) + all - 1) / all;
    const bool has_mins = type.mins != no_mins || type.mode.is_signed;
    __m512i total[wide_columns], mins[wide_columns];
    const block_q8_K *x[wide_columns];
    UNROLL for (int c = 0; c < columns.count; c++) {
        total[c] = mins[c] = _mm512_setzero_si512();
        x[c] = columns.panel->x[columns.c + (size_t)c] + columns.b;
    }
    for (int g = 0; g < super_block / type.group; g++) {
        __m512i products[wide_columns];
        if (p) prefetch_ahead(p, columns.panel->ahead, offset, lines * (size_t)g, lines);
        UNROLL for (int c = 0; c < columns.count; c++) products[c] = _mm512_setzero_si512();
        UNROLL for (int j = 0; j < vectors; j++) {
            UNROLL for (int c = 0; c < columns.count; c++) {
                const __m512i values = wide_broadcast4(x[c]->qs + 4 * (g * vectors + j));
                products[c] = _mm512_dpbusd_epi32(products[c], t->q[g * vectors + j], values);
            }
        }
        UNROLL for (int c = 0; c < columns.count; c++)
            total[c] = _mm512_add_epi32(total[c], _mm512_mullo_epi32(products[c], t->scale[g]));
    }
    for (int j = 0; has_mins && j < super_block / 2 / type.group; j++) {
        UNROLL for (int c = 0; c < columns.count; c++) {
            const int16_t *sums32 = sums_of_32(columns.panel, columns.c + (size_t)c, columns.b);
            const int16_t *groups = type.group == 16 ? x[c]->bsums : sums32;
            mins[c] = _mm512_dpwssd_epi32(mins[c], t->min[j], wide_broadcast4(groups + 2 * j));
        }
    }
    UNROLL for (int c = 0; c < columns.count; c++) {
        const __m512 dx = _mm512_set1_ps(x[c]->d);
        __m512 *y = sums + columns.c + c;
        if (has_mins && type.mins != float_mins) total[c] = _mm512_sub_epi32(total[c], mins[c]);
        *y = _mm512_fmadd_ps(_mm512_mul_ps(t->d, dx), _mm512_cvtepi32_ps(total[c]), *y);
        if (type.mins == float_mins) *y = _mm512_fnmadd_ps(_mm512_mul_ps(t->dmin, dx), _mm512_cvtepi32_ps(mins[c]), *y);
    }
}

/// Block b of 16 rows with all columns of the panel; the first to pass fetch what comes ahead.
ALWAYS_INLINE void wide_super_columns(const super_type type, const row_pointers p[2], const super_panel *panel, size_t b,
                                      __m512 *sums) {
    wide_super_tile tile;
    wide_unpack(type, p, (panel->first + b) * type.bytes, &tile);
    const size_t columns = panel->columns, first = columns >= wide_columns ? wide_columns : columns >= 4 ? 4 : 1;
    size_t c = first;
    switch (first) {
        case wide_columns: wide_multiply(type, &tile, p, (column_set){panel, b, 0, wide_columns}, sums); break;
        case 4: wide_multiply(type, &tile, p, (column_set){panel, b, 0, 4}, sums); break;
        default: wide_multiply(type, &tile, p, (column_set){panel, b, 0, 1}, sums);
    }
    for (; c + wide_columns <= columns; c += wide_columns)
        wide_multiply(type, &tile, NULL, (column_set){panel, b, c, wide_columns}, sums);
    for (; c + 4 <= columns; c += 4) wide_multiply(type, &tile, NULL, (column_set){panel, b, c, 4}, sums);
    for (; c < columns; c++) wide_multiply(type, &tile, NULL, (column_set){panel, b, c, 1}, sums);
}

/// Writes the 16 sums of each column to y, or as many as there are rows.
ALWAYS_INLINE void wide_store(const matmul_args *a, size_t row, size_t column, size_t columns, const __m512 *sums) {
    const size_t rows = a->rows - row;
    const __mmask16 mask = (__mmask16)(rows < wide_rows ? (1u << rows) - 1 : 0xffff);
    for (size_t c = 0; c < columns; c++) _mm512_mask_storeu_ps(a->y + (column + c) * a->y_stride + row, mask, sums[c]);
}

/// The sums of columns column ..< column + columns to continue: what wide_store wrote, or zeros.
ALWAYS_INLINE void wide_load(const matmul_args *a, size_t row, size_t column, size_t columns, bool continues, __m512 *sums) {
    const size_t rows = a->rows - row;
    const __mmask16 mask = (__mmask16)(!continues ? 0 : rows < wide_rows ? (1u << rows) - 1 : 0xffff);
    for (size_t c = 0; c < columns; c++) sums[c] = _mm512_maskz_loadu_ps(mask, a->y + (column + c) * a->y_stride + row);
}

/// More than three columns.
ALWAYS_INLINE void wide_super_matmul(const matmul_args *a, super_type type, bool interleaved) {
    type.interleaved = interleaved;
    super_panel panel;
    __m512 sums[panel_columns];
    const size_t blocks = a->k / super_block;
    for (panel.column = 0; panel.column < a->columns; panel.column += panel.columns) {
        const size_t left = a->columns - panel.column;
        panel.columns = left < panel_columns ? left : panel_columns;
        const size_t most = super_panel_size / panel.columns;
        for (panel.first = 0; panel.first < blocks; panel.first += panel.count) {
            panel.count = blocks - panel.first < most ? blocks - panel.first : most;
            panel.ahead = wide_distance(a);
            take_super_panel(type, type.mins != no_mins || type.mode.is_signed, a, &panel);
            for (size_t row = 0; row < a->rows; row += wide_rows) {
                const row_pointers p[2] = {rows_at(a, row, type.interleaved), rows_at(a, row + tile_rows, type.interleaved)};
                wide_load(a, row, panel.column, panel.columns, panel.first > 0, sums);
                for (size_t b = 0; b < panel.count; b++) wide_super_columns(type, p, &panel, b, sums);
                wide_store(a, row, panel.column, panel.columns, sums);
            }
        }
    }
}
#endif
