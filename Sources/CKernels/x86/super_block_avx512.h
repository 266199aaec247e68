/// Super-block matmul for AVX-512 with VNNI: two tiles of x86/super_block_avx2.h side by side, 16 rows, with the same exact
/// integer sums and the same order of float additions, so the results have the same bits as AVX2's. One instruction
/// multiplies 4 values of 16 rows and widens to 32 bits. Signed bytes become unsigned by adding 128, which the sums of the
/// activations take off again: a min of 128 * scale. One or two columns are limited by memory and stay with AVX2.
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
    for (int j = 0; j < 8; j++) {
        const __m256i both = type.group == 32 ? t->scale[j] : _mm256_blend_epi16(t->scale[2 * j], t->scale[2 * j + 1], 0xaa);
        t->min[j] = _mm256_slli_epi16(both, 7);
    }
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
        for (int j = 0; j < 8; j++) t->min[j] = join(half[0].min[j], half[1].min[j]);
    }
    t->d = join_ps(half[0].d, half[1].d);
    if (type.mins == float_mins) t->dmin = join_ps(half[0].dmin, half[1].dmin);
}

ALWAYS_INLINE __m512i wide_broadcast4(const void *x) {
    int32_t bytes;
    memcpy(&bytes, x, 4);
    return _mm512_set1_epi32(bytes);
}

ALWAYS_INLINE void wide_multiply(const super_type type, const wide_super_tile *t, const column_set columns, __m512 *sums) {
    const int vectors = type.group / 4;
    const bool has_mins = type.mins != no_mins || type.mode.is_signed;
    __m512i total[wide_columns], mins[wide_columns];
    UNROLL for (int c = 0; c < columns.count; c++) total[c] = mins[c] = _mm512_setzero_si512();
    for (int g = 0; g < super_block / type.group; g++) {
        __m512i products[wide_columns];
        UNROLL for (int c = 0; c < columns.count; c++) products[c] = _mm512_setzero_si512();
        UNROLL for (int j = 0; j < vectors; j++) {
            UNROLL for (int c = 0; c < columns.count; c++) {
                const __m512i x = wide_broadcast4(columns.x[c]->qs + 4 * (g * vectors + j));
                products[c] = _mm512_dpbusd_epi32(products[c], t->q[g * vectors + j], x);
            }
        }
        UNROLL for (int c = 0; c < columns.count; c++)
            total[c] = _mm512_add_epi32(total[c], _mm512_mullo_epi32(products[c], t->scale[g]));
    }
    for (int j = 0; has_mins && j < 8; j++) {
        UNROLL for (int c = 0; c < columns.count; c++)
            mins[c] = _mm512_dpwssd_epi32(mins[c], t->min[j], wide_broadcast4(columns.x[c]->bsums + 2 * j));
    }
    UNROLL for (int c = 0; c < columns.count; c++) {
        const __m512 dx = _mm512_set1_ps(columns.x[c]->d);
        if (has_mins && type.mins != float_mins) total[c] = _mm512_sub_epi32(total[c], mins[c]);
        sums[c] = _mm512_fmadd_ps(_mm512_mul_ps(t->d, dx), _mm512_cvtepi32_ps(total[c]), sums[c]);
        if (type.mins == float_mins)
            sums[c] = _mm512_fnmadd_ps(_mm512_mul_ps(t->dmin, dx), _mm512_cvtepi32_ps(mins[c]), sums[c]);
    }
}

ALWAYS_INLINE void wide_panel(const super_type type, const wide_super_tile *t, const column_set all, __m512 *sums) {
    int c = 0;
    for (; c + wide_columns <= all.count; c += wide_columns)
        wide_multiply(type, t, (column_set){all.x + c, wide_columns}, sums + c);
    for (; c + 4 <= all.count; c += 4) wide_multiply(type, t, (column_set){all.x + c, 4}, sums + c);
    for (; c < all.count; c++) wide_multiply(type, t, (column_set){all.x + c, 1}, sums + c);
}

/// Writes the 16 sums of each column to y, or as many as there are rows.
ALWAYS_INLINE void wide_store(const matmul_args *a, size_t row, size_t column, size_t columns, const __m512 *sums) {
    const size_t rows = a->rows - row;
    const __mmask16 mask = (__mmask16)(rows < wide_rows ? (1u << rows) - 1 : 0xffff);
    for (size_t c = 0; c < columns; c++) _mm512_mask_storeu_ps(a->y + (column + c) * a->y_stride + row, mask, sums[c]);
}

/// More than two columns.
ALWAYS_INLINE void wide_super_matmul(const matmul_args *a, super_type type, bool interleaved) {
    type.interleaved = interleaved;
    wide_super_tile tile;
    __m512 sums[panel_columns];
    const block_q8_K *x[panel_columns];
    for (size_t column = 0; column < a->columns; column += panel_columns) {
        const size_t columns = a->columns - column < panel_columns ? a->columns - column : panel_columns;
        for (size_t row = 0; row < a->rows; row += wide_rows) {
            const row_pointers p[2] = {rows_at(a, row, type.interleaved), rows_at(a, row + tile_rows, type.interleaved)};
            for (size_t c = 0; c < columns; c++) {
                x[c] = (const block_q8_K *)((const char *)a->x + (column + c) * a->x_row_bytes);
                sums[c] = _mm512_setzero_ps();
            }
            for (size_t block = 0; block < a->k / super_block; block++) {
                prefetch_next_rows(a, &p[1], 2 * block, type.bytes);
                prefetch_next_rows(a, &p[1], 2 * block + 1, type.bytes);
                wide_unpack(type, p, block * type.bytes, &tile);
                wide_panel(type, &tile, (column_set){x, (int)columns}, sums);
                for (size_t c = 0; c < columns; c++) x[c]++;
            }
            wide_store(a, row, column, columns, sums);
        }
    }
}
#endif
