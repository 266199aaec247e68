/// Block matmul for AVX-512 with VNNI: two tiles of x86/block_avx2.h side by side, 16 rows, with the same exact integer sums
/// and the same order of float additions, so the results have the same bits as AVX2's. Signed bytes become unsigned by an
/// offset of 128. One or two columns stay with AVX2, which multiplies a block as it unpacks it; here every block goes through
/// a tile in memory.
#ifndef X86_BLOCK_AVX512_H
#define X86_BLOCK_AVX512_H
#include "x86/block_avx2.h"
#include "x86/super_block_avx512.h"

typedef struct wide_block_tile {
    __m512i q[8];
    __m512 d, m;
} wide_block_tile;

ALWAYS_INLINE void wide_block_unpack(const block_type type, const row_pointers p[2], size_t block, wide_block_tile *t) {
    block_tile half[2];
    type.unpack(&p[0], block, &half[0]);
    type.unpack(&p[1], block, &half[1]);
    const __m512i bias = _mm512_set1_epi8((char)(type.mode.is_signed ? 0x80 : 0));
    UNROLL for (int j = 0; j < 8; j++) t->q[j] = _mm512_xor_si512(join(half[0].q[j], half[1].q[j]), bias);
    t->d = join_ps(half[0].d, half[1].d);
    if (type.has_min) t->m = join_ps(half[0].m, half[1].m);
}

/// `at`: first column, first block of the tiles in the panel, number of tiles.
ALWAYS_INLINE void wide_block_multiply(const block_type type, const wide_block_tile *t, const activation_panel *panel,
                                       const size_t at[3], int columns, __m512 *sums) {
    __m512 y[wide_columns];
    const char *x[wide_columns];
    UNROLL for (int c = 0; c < columns; c++) {
        y[c] = sums[c];
        x[c] = panel->blocks[at[0] + (size_t)c] + at[1] * panel->stride + panel->values;
    }
    for (size_t b = 0; b < at[2]; b++, t++) {
        __m512i total[wide_columns];
        UNROLL for (int c = 0; c < columns; c++) total[c] = _mm512_setzero_si512();
        UNROLL for (int j = 0; j < 8; j++) {
            UNROLL for (int c = 0; c < columns; c++)
                total[c] = _mm512_dpbusd_epi32(total[c], t->q[j], wide_broadcast4(x[c] + 4 * j));
        }
        UNROLL for (int c = 0; c < columns; c++) {
            const size_t i = (at[0] + (size_t)c) * panel->count + at[1] + b;
            if (type.offset && !type.has_min) total[c] = _mm512_sub_epi32(total[c], _mm512_set1_epi32(panel->sum[i]));
            const __m512 d = _mm512_mul_ps(t->d, _mm512_set1_ps(panel->d[i]));
            y[c] = _mm512_fmadd_ps(d, _mm512_cvtepi32_ps(total[c]), y[c]);
            if (type.has_min) y[c] = _mm512_fmadd_ps(t->m, _mm512_set1_ps(panel->s[i]), y[c]);
            x[c] += panel->stride;
        }
    }
    UNROLL for (int c = 0; c < columns; c++) sums[c] = y[c];
}

ALWAYS_INLINE void wide_block_columns(const block_type type, const wide_block_tile *t, const activation_panel *panel,
                                      const size_t first_and_count[2], __m512 *sums) {
    size_t at[3] = {0, first_and_count[0], first_and_count[1]};
    for (; at[0] + wide_columns <= panel->columns; at[0] += wide_columns)
        wide_block_multiply(type, t, panel, at, wide_columns, sums + at[0]);
    for (; at[0] + 4 <= panel->columns; at[0] += 4) wide_block_multiply(type, t, panel, at, 4, sums + at[0]);
    for (; at[0] < panel->columns; at[0]++) wide_block_multiply(type, t, panel, at, 1, sums + at[0]);
}

ALWAYS_INLINE void wide_block_rows(const block_type type, const matmul_args *a, const activation_panel *panel) {
    wide_block_tile tiles[tile_blocks];
    __m512 sums[block_columns];
    for (size_t row = 0; row < a->rows; row += wide_rows) {
        const row_pointers p[2] = {rows_at(a, row, type.interleaved), rows_at(a, row + tile_rows, type.interleaved)};
        wide_load(a, row, panel->column, panel->columns, panel->first > 0, sums);
        for (size_t b = 0; b < panel->count; b += tile_blocks) {
            const size_t count = panel->count - b < tile_blocks ? panel->count - b : tile_blocks;
            for (size_t i = 0; i < count; i++) {
                const size_t block = panel->first + b + i;
                prefetch_ahead(&p[0], panel->ahead, 2 * block * type.bytes, 0, 2 * block_lines(type.bytes));
                wide_block_unpack(type, p, block, &tiles[i]);
            }
            wide_block_columns(type, tiles, panel, (size_t[2]){b, count}, sums);
        }
        wide_store(a, row, panel->column, panel->columns, sums);
    }
}

ALWAYS_INLINE void wide_block_matmul(const matmul_args *a, block_type type, bool interleaved) {
    type.interleaved = interleaved;
    activation_panel panel;
    const size_t blocks = a->k / block_values;
    if (type.mode.is_signed) type.offset = 128;
    for (panel.column = 0; panel.column < a->columns; panel.column += panel.columns) {
        const size_t left = a->columns - panel.column;
        panel.columns = left < block_columns ? left : block_columns;
        const size_t most = panel_size / panel.columns;
        for (panel.first = 0; panel.first < blocks; panel.first += panel.count) {
            panel.count = blocks - panel.first < most ? blocks - panel.first : most;
            panel.ahead = wide_distance(a);
            take_panel(type, a, &panel);
            wide_block_rows(type, a, &panel);
        }
    }
}
#endif
