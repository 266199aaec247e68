/// Matmul of types with super-blocks of 256 values and Q8_K activations; include after x86/tile_avx2.h.
///
///     y += d * dx * sum_g scale_g * (sum_k q_k x_k)  -  dmin * dx * sum_g min_g * (sum_k x_k)
///
/// with groups g of 16 or 32 values and integer scales and mins. Products of bytes are summed in 16 bits as long as they
/// fit (sum_mode), then multiplied by the scale while widening to 32 bits.
/// A type with an offset (q - 32) states it as mins in units of d: min = 32 * scale.
#ifndef X86_SUPER_BLOCK_AVX2_H
#define X86_SUPER_BLOCK_AVX2_H
#include "x86/tile_avx2.h"

typedef struct super_tile {
    __m256i q[64];        // q[j] lane r: values 4j ..< 4j + 4 of row r
    __m256i scale[16];    // per group; lane r: the scale of row r twice (16 bits)
    __m256i min[8];       // per two groups; lane r: their mins (16 bits)
    __m256 d, dmin;
} super_tile;

/// What a type is to the template: how its blocks unpack, and the constants of its integer sums. A block is unpacked in
/// parts of `part` vectors, which are whole groups.
typedef struct super_type {
    void (*scales)(const row_pointers *p, size_t offset, super_tile *t);            // all of the tile but q
    void (*values)(const row_pointers *p, size_t offset, int part, __m256i *q);     // NULL: scales fills q, too
    size_t bytes;   // of a block
    int part;       // 8, 16 or 32 vectors
    int group;      // values per scale: 16 or 32
    sum_mode mode;
    enum { no_mins, float_mins, integer_mins } mins;   // integer: in units of d
    bool interleaved;   // how the rows of the call stand in memory
} super_type;

enum { super_panel_size = 2048 };

/// Some columns x blocks of activations: fewer columns, longer runs of blocks.
typedef struct super_panel {
    const block_q8_K *x[panel_columns];      // the first block of each column
    int16_t sums[8 * super_panel_size];      // [columns][blocks][8]: sums of 32 values, where groups have 32 and mins
    size_t column, columns;                  // of the call
    size_t first, count;                     // blocks
    size_t ahead;                            // how far to fetch weights ahead, bytes
} super_panel;

/// The sums of 32 are taken once per panel, since every 8 rows need the same ones and Q8_K has sums of 16 only.
ALWAYS_INLINE void take_super_panel(const super_type type, bool has_mins, const matmul_args *a, super_panel *panel) {
    for (size_t c = 0; c < panel->columns; c++) {
        panel->x[c] = (const block_q8_K *)((const char *)a->x + (panel->column + c) * a->x_row_bytes) + panel->first;
        for (size_t b = 0; has_mins && type.group == 32 && b < panel->count; b++) {
            const __m256i sums = _mm256_loadu_si256((const __m256i *)panel->x[c][b].bsums);
            const __m256i pairs = _mm256_permute4x64_epi64(_mm256_hadd_epi16(sums, sums), 0x08);
            _mm_storeu_si128((__m128i *)(panel->sums + 8 * (c * panel->count + b)), _mm256_castsi256_si128(pairs));
        }
    }
}

/// The sums of 32 values of block b of column c.
ALWAYS_INLINE const int16_t *sums_of_32(const super_panel *panel, size_t c, size_t b) {
    return panel->sums + 8 * (c * panel->count + b);
}

/// Block b of the panel with columns c ..< c + count; the count is a constant.
typedef struct column_set {
    const super_panel *panel;
    size_t b, c;
    int count;
} column_set;

/// How a block with some columns is multiplied: its values are in the tile, and the columns that pass first fetch what comes
/// ahead, or the values are unpacked on the way (few columns).
typedef enum super_pass { from_tile, from_tile_with_prefetch, on_the_way } super_pass;

/// A block of 8 rows, `offset` bytes into them.
typedef struct weight_block {
    const row_pointers *p;
    size_t offset, ahead;
    super_pass how;
} weight_block;

/// The blocks of some columns, a constant number.
typedef struct q8_K_columns {
    const block_q8_K *x[4];
    int count;
} q8_K_columns;

/// sum_g min_g * (sum_k x_k) of each column, from the sums of its groups.
ALWAYS_INLINE void multiply_mins(const super_type type, const super_tile *t, const int16_t *const *groups, int columns,
                                 __m256i *mins) {
    UNROLL for (int j = 0; j < super_block / 2 / type.group; j++) {
        UNROLL for (int c = 0; c < columns; c++) {
            const __m256i product = _mm256_madd_epi16(t->min[j], broadcast4(groups[c] + 2 * j));
            mins[c] = j == 0 ? product : _mm256_add_epi32(mins[c], product);
        }
    }
}

/// Adds the products of vectors at ..< end of a block, which are at q, to the integer sums of each column.
ALWAYS_INLINE void multiply_vectors(const super_type type, const __m256i *q, const int at_and_end[2], const super_tile *t,
                                    const q8_K_columns *columns, __m256i *total) {
    const int vectors = type.group / 4, first = at_and_end[0];
    UNROLL for (int at = first; at < at_and_end[1]; at += type.mode.widen) {
        column_values values = {.count = columns->count};
        UNROLL for (int c = 0; c < columns->count; c++) values.x[c] = columns->x[c]->qs + 4 * at;
        add_products(type.mode, q + (at - first), &values, t->scale[at / vectors], false, total);
    }
}

/// The integer sums of a block that is unpacked part by part (few columns).
ALWAYS_INLINE void multiply_on_the_way(const super_type type, const weight_block *w, const super_tile *t,
                                       const q8_K_columns *columns, __m256i *total) {
    const size_t parts = 64 / (size_t)type.part, lines = (block_lines(type.bytes) + parts - 1) / parts;
    row_pointers here = *w->p;
    UNROLL for (int part = 0; part < (int)parts; part++) {
        __m256i q[32];
        __asm__ volatile("" : "+r"(here.row[0]));   // or the compiler loads the whole block first and spills it
        prefetch_ahead(&here, w->ahead, w->offset, lines * (size_t)part, lines);
        type.values(&here, w->offset, part, q);
        multiply_vectors(type, q, (int[2]){part * type.part, (part + 1) * type.part}, t, columns, total);
    }
}

/// The integer sums of a block that is in the tile.
ALWAYS_INLINE void multiply_tile(const super_type type, const weight_block *w, const super_tile *t,
                                 const q8_K_columns *columns, __m256i *total) {
    enum { step = 16, steps = 64 / step };
    const size_t lines = (block_lines(type.bytes) + steps - 1) / steps;
    for (int i = 0; i < steps; i++) {
        if (w->how == from_tile_with_prefetch) prefetch_ahead(w->p, w->ahead, w->offset, lines * (size_t)i, lines);
        multiply_vectors(type, t->q + step * i, (int[2]){step * i, step * (i + 1)}, t, columns, total);
    }
}

/// One block of 8 rows with some columns.
ALWAYS_INLINE void super_multiply(const super_type type, const super_tile *t, const row_pointers *p, super_pass how,
                                  const column_set columns, __m256 *sums) {
    const super_panel *panel = columns.panel;
    const weight_block w = {p, (panel->first + columns.b) * type.bytes, panel->ahead, how};
    __m256i total[4], mins[4];
    q8_K_columns x = {.count = columns.count};
    const int16_t *groups[4];
    UNROLL for (int c = 0; c < columns.count; c++) {
        total[c] = mins[c] = _mm256_setzero_si256();
        x.x[c] = panel->x[columns.c + (size_t)c] + columns.b;
        groups[c] = type.group == 16 ? x.x[c]->bsums : sums_of_32(panel, columns.c + (size_t)c, columns.b);
    }
    if (how == on_the_way) multiply_on_the_way(type, &w, t, &x, total);
    else multiply_tile(type, &w, t, &x, total);
    if (type.mins != no_mins) multiply_mins(type, t, groups, columns.count, mins);
    sums += columns.c;
    UNROLL for (int c = 0; c < columns.count; c++) {
        const __m256 dx = _mm256_set1_ps(x.x[c]->d);
        if (type.mins == integer_mins) total[c] = _mm256_sub_epi32(total[c], mins[c]);
        sums[c] = _mm256_fmadd_ps(_mm256_mul_ps(t->d, dx), _mm256_cvtepi32_ps(total[c]), sums[c]);
        if (type.mins == float_mins)
            sums[c] = _mm256_fnmadd_ps(_mm256_mul_ps(t->dmin, dx), _mm256_cvtepi32_ps(mins[c]), sums[c]);
    }
}

/// Block b of 8 rows with all columns of the panel, 4 at a time.
ALWAYS_INLINE void super_columns(const super_type type, const row_pointers *p, const super_panel *panel, size_t b,
                                 __m256 *sums) {
    const size_t offset = (panel->first + b) * type.bytes, columns = panel->columns;
    super_tile tile;
    type.scales(p, offset, &tile);
    if (columns == 1 && type.values) return super_multiply(type, &tile, p, on_the_way, (column_set){panel, b, 0, 1}, sums);
    if (columns == 2 && type.values) return super_multiply(type, &tile, p, on_the_way, (column_set){panel, b, 0, 2}, sums);
    for (int part = 0; type.values && part < 64 / type.part; part++)
        type.values(p, offset, part, tile.q + part * type.part);
    size_t c = 0;
    if (columns >= 4) super_multiply(type, &tile, p, from_tile_with_prefetch, (column_set){panel, b, 0, 4}, sums), c = 4;
    for (; c + 4 <= columns; c += 4) super_multiply(type, &tile, p, from_tile, (column_set){panel, b, c, 4}, sums);
    switch (columns - c) {
        case 3: super_multiply(type, &tile, p, from_tile_with_prefetch, (column_set){panel, b, c, 3}, sums); break;
        case 2: super_multiply(type, &tile, p, from_tile, (column_set){panel, b, c, 2}, sums); break;
        case 1: super_multiply(type, &tile, p, from_tile, (column_set){panel, b, c, 1}, sums); break;
    }
}

/// All rows with the panel; continues the sums in y where it is not the first of its columns.
ALWAYS_INLINE void super_rows(const super_type type, const matmul_args *a, const super_panel *panel) {
    __m256 sums[panel_columns];
    for (size_t row = 0; row < a->rows; row += tile_rows) {
        const row_pointers p = rows_at(a, row, type.interleaved);
        load_panel(a, row, panel->column, panel->columns, panel->first > 0, sums);
        for (size_t b = 0; b < panel->count; b++) super_columns(type, &p, panel, b, sums);
        store_panel(a, row, panel->column, panel->columns, sums);
    }
}

ALWAYS_INLINE void super_matmul(const matmul_args *a, super_type type, bool interleaved) {
    type.interleaved = interleaved;
    super_panel panel;
    const size_t blocks = a->k / super_block;
    for (panel.column = 0; panel.column < a->columns; panel.column += panel.columns) {
        const size_t left = a->columns - panel.column;
        panel.columns = left < panel_columns ? left : panel_columns;
        const size_t most = super_panel_size / panel.columns;
        for (panel.first = 0; panel.first < blocks; panel.first += panel.count) {
            panel.count = blocks - panel.first < most ? blocks - panel.first : most;
            panel.ahead = prefetch_distance(a, interleaved, panel.count * super_block);
            take_super_panel(type, type.mins != no_mins, a, &panel);
            super_rows(type, a, &panel);
        }
    }
}

/// Bytes `first` and `second` of each 32-bit lane as unsigned 16-bit numbers.
ALWAYS_INLINE __m256i two_bytes(__m256i bytes, int first, int second) {
    const char i = (char)first, j = (char)second;
    return _mm256_shuffle_epi8(bytes, _mm256_broadcastsi128_si256(_mm_setr_epi8(
        i, -1, j, -1, (char)(i + 4), -1, (char)(j + 4), -1, (char)(i + 8), -1, (char)(j + 8), -1, (char)(i + 12), -1,
        (char)(j + 12), -1)));
}
#endif
