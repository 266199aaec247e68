/// Matmul of types with blocks of 32 values and Q8_0 or Q8_1 activations; include after x86/tile_avx2.h.
///
///     y += d * dx * (sum_k q_k x_k - offset * sum_k x_k)  +  m * s        (s = dx * sum x, in Q8_1 only)
///
/// The scales and sums of the activations are taken out of their blocks once per call and panel of k, not once per row.
#ifndef X86_BLOCK_AVX2_H
#define X86_BLOCK_AVX2_H
#include "x86/tile_avx2.h"

enum { block_values = 32, block_columns = 32, panel_size = 2048, tile_blocks = 8 };

typedef struct block_tile {
    __m256i q[8];   // q[j] lane r: values 4j ..< 4j + 4 of row r
    __m256 d, m;
} block_tile;

/// What a type is to the template. `offset` is subtracted from unsigned q; has_min: activations are Q8_1 and m is added.
typedef struct block_type {
    void (*unpack)(const row_pointers *p, size_t block, block_tile *t);
    size_t bytes;   // of a block
    sum_mode mode;
    int offset;
    bool has_min;
    size_t direct;      // interleaved rows: for so many columns a block is unpacked on the way, not into a tile
    bool interleaved;   // how the rows of the call stand in memory
} block_type;

/// What the multiplication needs of some columns x blocks of activations: fewer columns, longer runs of blocks.
typedef struct activation_panel {
    float d[panel_size];           // [columns][blocks]
    union {
        int32_t sum[panel_size];   // offset * sum of the values
        float s[panel_size];
    };
    const char *blocks[block_columns];
    size_t stride, values;   // bytes between blocks, and from a block to its values
    size_t column, columns;  // of the call
    size_t first, count;     // blocks
    size_t ahead;            // how far to fetch weights ahead, bytes
} activation_panel;

ALWAYS_INLINE int32_t sum_of_bytes(const int8_t *x) {
    const __m256i biased = _mm256_xor_si256(_mm256_loadu_si256((const __m256i *)x), _mm256_set1_epi8((char)0x80));
    const __m256i sums = _mm256_sad_epu8(biased, _mm256_setzero_si256());
    const __m128i halves = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
    return _mm_cvtsi128_si32(halves) + _mm_extract_epi32(halves, 2) - 128 * block_values;
}

ALWAYS_INLINE void take_panel(const block_type type, const matmul_args *a, activation_panel *panel) {
    panel->stride = type.has_min ? sizeof(block_q8_1) : sizeof(block_q8_0);
    panel->values = type.has_min ? offsetof(block_q8_1, qs) : offsetof(block_q8_0, qs);
    for (size_t c = 0; c < panel->columns; c++) {
        const char *x = (const char *)a->x + (panel->column + c) * a->x_row_bytes + panel->first * panel->stride;
        panel->blocks[c] = x;
        for (size_t i = c * panel->count; i < (c + 1) * panel->count; i++, x += panel->stride) {
            uint16_t h[2];
            memcpy(h, x, sizeof h);
            panel->d[i] = _cvtsh_ss(h[0]);
            if (type.has_min) panel->s[i] = _cvtsh_ss(h[1]);
            else if (type.offset) panel->sum[i] = type.offset * sum_of_bytes((const int8_t *)(x + panel->values));
        }
    }
}

/// `blocks` tiles, the first at index `first` of the panel, with columns c ..< c + columns.
ALWAYS_INLINE void block_multiply(const block_type type, const block_tile *t, const activation_panel *panel,
                                  const size_t at[3], int columns, __m256 *sums) {
    const size_t c0 = at[0], first = at[1], blocks = at[2];
    const __m256i ones = _mm256_set1_epi16(1);
    __m256 y[most_columns];
    const int8_t *x[most_columns];
    UNROLL for (int c = 0; c < columns; c++) {
        y[c] = sums[c];
        x[c] = (const int8_t *)(panel->blocks[c0 + (size_t)c] + first * panel->stride + panel->values);
    }
    for (size_t b = 0; b < blocks; b++, t++) {
        __m256i total[most_columns];
        UNROLL for (int j = 0; j < 8; j += type.mode.widen) {
            column_values values = {.count = columns};
            UNROLL for (int c = 0; c < columns; c++) values.x[c] = x[c] + 4 * j;
            add_products(type.mode, t->q + j, &values, ones, j == 0, total);
        }
        UNROLL for (int c = 0; c < columns; c++) {
            const size_t i = (c0 + (size_t)c) * panel->count + first + b;
            if (type.offset && !type.has_min)
                total[c] = _mm256_sub_epi32(total[c], _mm256_set1_epi32(panel->sum[i]));
            const __m256 d = _mm256_mul_ps(t->d, _mm256_set1_ps(panel->d[i]));
            y[c] = _mm256_fmadd_ps(d, _mm256_cvtepi32_ps(total[c]), y[c]);
            if (type.has_min) y[c] = _mm256_fmadd_ps(t->m, _mm256_set1_ps(panel->s[i]), y[c]);
            x[c] += panel->stride;
        }
    }
    UNROLL for (int c = 0; c < columns; c++) sums[c] = y[c];
}

/// All blocks of the panel with columns c ..< c + columns, each multiplied as it is unpacked. The first columns to pass
/// fetch the next rows.
ALWAYS_INLINE void block_on_the_way(const block_type type, const row_pointers *p, const activation_panel *panel, size_t c,
                                    int columns, __m256 *sums) {
    for (size_t b = 0; b < panel->count; b++) {
        const size_t block = panel->first + b;
        block_tile tile;
        if (c == 0) prefetch_ahead(p, panel->ahead, block * type.bytes, 0, block_lines(type.bytes));
        type.unpack(p, block, &tile);
        block_multiply(type, &tile, panel, (size_t[3]){c, b, 1}, columns, sums + c);
    }
}

ALWAYS_INLINE void block_direct(const block_type type, const row_pointers *p, const activation_panel *panel, __m256 *sums) {
    size_t c = 0;
    for (; c + 8 <= panel->columns; c += 8) block_on_the_way(type, p, panel, c, 8, sums);
    switch (panel->columns - c) {
        case 7: return block_on_the_way(type, p, panel, c, 7, sums);
        case 6: return block_on_the_way(type, p, panel, c, 6, sums);
        case 5: return block_on_the_way(type, p, panel, c, 5, sums);
        case 4: return block_on_the_way(type, p, panel, c, 4, sums);
        case 3: return block_on_the_way(type, p, panel, c, 3, sums);
        case 2: return block_on_the_way(type, p, panel, c, 2, sums);
        case 1: return block_on_the_way(type, p, panel, c, 1, sums);
    }
}

/// Blocks are unpacked into tiles, which pass by all columns, 4 at a time.
ALWAYS_INLINE void block_by_tiles(const block_type type, const row_pointers *p, const activation_panel *panel, __m256 *sums) {
    block_tile tiles[tile_blocks];
    for (size_t b = 0; b < panel->count; b += tile_blocks) {
        const size_t count = panel->count - b < tile_blocks ? panel->count - b : tile_blocks;
        for (size_t i = 0; i < count; i++) {
            const size_t block = panel->first + b + i;
            prefetch_ahead(p, panel->ahead, block * type.bytes, 0, block_lines(type.bytes));
            type.unpack(p, block, &tiles[i]);
        }
        size_t at[3] = {0, b, count};
        for (; at[0] + 4 <= panel->columns; at[0] += 4) block_multiply(type, tiles, panel, at, 4, sums + at[0]);
        switch (panel->columns - at[0]) {
            case 3: block_multiply(type, tiles, panel, at, 3, sums + at[0]); break;
            case 2: block_multiply(type, tiles, panel, at, 2, sums + at[0]); break;
            case 1: block_multiply(type, tiles, panel, at, 1, sums + at[0]); break;
        }
    }
}

/// All rows with the panel; continues the sums in y where it is not the first of its columns.
ALWAYS_INLINE void block_rows(const block_type type, const matmul_args *a, const activation_panel *panel) {
    __m256 sums[block_columns];
    for (size_t row = 0; row < a->rows; row += tile_rows) {
        const row_pointers p = rows_at(a, row, type.interleaved);
        load_panel(a, row, panel->column, panel->columns, panel->first > 0, sums);
        if (panel->columns == 1) block_on_the_way(type, &p, panel, 0, 1, sums);
        else if (panel->columns == 2) block_on_the_way(type, &p, panel, 0, 2, sums);
        else if (type.interleaved && panel->columns <= type.direct) block_direct(type, &p, panel, sums);
        else block_by_tiles(type, &p, panel, sums);
        store_panel(a, row, panel->column, panel->columns, sums);
    }
}

ALWAYS_INLINE void block_matmul(const matmul_args *a, block_type type, bool interleaved) {
    type.interleaved = interleaved;
    activation_panel panel;
    const size_t blocks = a->k / block_values;
    for (panel.column = 0; panel.column < a->columns; panel.column += panel.columns) {
        const size_t left = a->columns - panel.column;
        panel.columns = left < block_columns ? left : block_columns;
        const size_t most = panel_size / panel.columns;
        for (panel.first = 0; panel.first < blocks; panel.first += panel.count) {
            panel.count = blocks - panel.first < most ? blocks - panel.first : most;
            panel.ahead = prefetch_distance(a, interleaved, panel.count * block_values);
            take_panel(type, a, &panel);
            block_rows(type, a, &panel);
        }
    }
}

/// The nibbles of 16 bytes at `offset` of each row: low ones are values 0 ..< 16, high ones 16 ..< 32.
ALWAYS_INLINE void unpack_nibbles(const row_pointers *p, size_t offset, __m256i q[8]) {
    const __m256i low = _mm256_set1_epi8(15);
    __m256i bytes[4];
    load_transposed(p, offset, bytes);
    UNROLL for (int j = 0; j < 4; j++) {
        q[j] = _mm256_and_si256(bytes[j], low);
        q[j + 4] = _mm256_and_si256(_mm256_srli_epi16(bytes[j], 4), low);
    }
}
#endif
