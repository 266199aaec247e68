/// Matmul of types with blocks of 32 values and Q8_0 or Q8_1 activations; include after arm/sum_16_neon.h or
/// arm/sum_16_dotprod.h.
///
///     y += d * dx * sum_k q_k x_k  +  m * s        (m, s = dx * sum x in Q8_1 only)
///
/// Values are signed bytes: a type takes its offset off while it unpacks. A few blocks of 8 rows are unpacked and then meet all
/// columns of a panel, 4 at a time; with one or two columns each block is multiplied as it is unpacked.
#ifndef ARM_BLOCK_H
#define ARM_BLOCK_H
#include "arm/rows.h"

enum { block_values = 32, tile_blocks = 8 };

/// One block of 4 rows.
typedef struct half_block {
    int8x16_t q[8];   // q[j] lane r: values 4j ..< 4j + 4 of row r
    float32x4_t d, m;
} half_block;

typedef struct block_type {
    void (*unpack)(const row_pointers *p, size_t block, half_block *h);
    bool narrow;    // values fit in 6 bits (arm/sum_16_neon.h)
    bool has_min;   // activations are Q8_1 and m is added
} block_type;

/// Columns that are multiplied together: their next activation blocks, and the sums of both halves of the rows.
typedef struct block_columns {
    const char *x[tile_columns];
    float32x4_t sums[tile_columns][2];
} block_columns;

ALWAYS_INLINE size_t activation_bytes(const block_type type) { return type.has_min ? sizeof(block_q8_1) : sizeof(block_q8_0); }

/// One block of 8 rows with `columns` columns, a constant.
ALWAYS_INLINE void block_multiply(const block_type type, const half_block tile[2], block_columns *c, int columns) {
    const size_t values = type.has_min ? offsetof(block_q8_1, qs) : offsetof(block_q8_0, qs);
    UNROLL for (int half = 0; half < 2; half++) {
        const half_block *h = &tile[half];
        UNROLL for (int i = 0; i < columns; i++) {
            const int8_t *x = (const int8_t *)(c->x[i] + values);
            int32x4_t total = sum_16(vdupq_n_s32(0), h->q, vld1q_s8(x), type.narrow);
            total = sum_16(total, h->q + 4, vld1q_s8(x + 16), type.narrow);
            const float32x4_t d = vmulq_n_f32(h->d, load_f16(c->x[i]));
            c->sums[i][half] = vfmaq_f32(c->sums[i][half], d, vcvtq_f32_s32(total));
            if (type.has_min) {
                const float s = load_f16(c->x[i] + offsetof(block_q8_1, s));
                c->sums[i][half] = vfmaq_n_f32(c->sums[i][half], h->m, s);
            }
        }
    }
    UNROLL for (int i = 0; i < columns; i++) c->x[i] += activation_bytes(type);
}

/// `blocks` tiles with some columns of a panel, continuing their sums.
ALWAYS_INLINE void multiply_tiles(const block_type type, half_block (*tiles)[2], size_t blocks, block_columns *panel,
                                  int columns) {
    block_columns c;
    UNROLL for (int i = 0; i < columns; i++) {
        c.x[i] = panel->x[i];
        c.sums[i][0] = panel->sums[i][0];
        c.sums[i][1] = panel->sums[i][1];
    }
    for (size_t b = 0; b < blocks; b++) block_multiply(type, tiles[b], &c, columns);
    UNROLL for (int i = 0; i < columns; i++) {
        panel->x[i] = c.x[i];
        panel->sums[i][0] = c.sums[i][0];
        panel->sums[i][1] = c.sums[i][1];
    }
}

ALWAYS_INLINE void unpack_block(const block_type type, const row_pointers rows[2], size_t block, half_block tile[2]) {
    type.unpack(&rows[0], block, &tile[0]);
    type.unpack(&rows[1], block, &tile[1]);
}

/// 8 rows with one or two columns, a constant.
ALWAYS_INLINE void few_columns(const block_type type, const row_pointers rows[2], size_t blocks, block_columns *c, int columns) {
    for (size_t b = 0; b < blocks; b++) {
        half_block tile[1][2];
        unpack_block(type, rows, b, tile[0]);
        multiply_tiles(type, tile, 1, c, columns);
    }
}

ALWAYS_INLINE void many_columns(const block_type type, const row_pointers rows[2], size_t blocks, block_columns *panel,
                                size_t columns) {
    half_block tiles[tile_blocks][2];
    for (size_t b = 0; b < blocks; b += tile_blocks) {
        const size_t count = blocks - b < tile_blocks ? blocks - b : tile_blocks;
        for (size_t i = 0; i < count; i++) unpack_block(type, rows, b + i, tiles[i]);
        size_t c = 0;
        for (; c + tile_columns <= columns; c += tile_columns)
            multiply_tiles(type, tiles, count, &panel[c / tile_columns], tile_columns);
        switch (columns - c) {
            case 3: multiply_tiles(type, tiles, count, &panel[c / tile_columns], 3); break;
            case 2: multiply_tiles(type, tiles, count, &panel[c / tile_columns], 2); break;
            case 1: multiply_tiles(type, tiles, count, &panel[c / tile_columns], 1); break;
        }
    }
}

ALWAYS_INLINE void block_matmul(const matmul_args *a, const block_type type, bool interleaved) {
    const size_t blocks = a->k / block_values;
    block_columns panel[panel_columns / tile_columns];
    for (size_t first = 0; first < a->columns; first += panel_columns) {
        const size_t columns = a->columns - first < panel_columns ? a->columns - first : panel_columns;
        for (size_t tile = 0; tile < a->rows; tile += tile_rows) {
            const row_pointers rows[2] = {rows_at(a, tile, 0, interleaved), rows_at(a, tile, 1, interleaved)};
            for (size_t c = 0; c < columns; c++) {
                block_columns *of = &panel[c / tile_columns];
                of->x[c % tile_columns] = (const char *)a->x + (first + c) * a->x_row_bytes;
                of->sums[c % tile_columns][0] = of->sums[c % tile_columns][1] = vdupq_n_f32(0);
            }
            if (columns == 1) few_columns(type, rows, blocks, panel, 1);
            else if (columns == 2) few_columns(type, rows, blocks, panel, 2);
            else many_columns(type, rows, blocks, panel, columns);
            for (size_t c = 0; c < columns; c++)
                store_tile(a, tile, first + c, panel[c / tile_columns].sums[c % tile_columns]);
        }
    }
}
#endif
