/// Matmul of types with super-blocks of 256 values and Q8_K activations; include after arm/sum_16_neon.h or
/// arm/sum_16_dotprod.h.
///
///     y += d * dx * sum_g scale_g * (sum_k q_k x_k)  -  dmin * dx * sum_g min_g * (sum_k x_k)
///
/// with groups g of 16 or 32 values and integer scales and mins. Values are signed bytes: a type takes its offset (q - 32) off
/// while it unpacks.
#ifndef ARM_SUPER_BLOCK_H
#define ARM_SUPER_BLOCK_H
#include "arm/rows.h"
#include "quant/super_block.h"

/// One block of 4 rows.
typedef struct half_super_block {
    int8x16_t q[64];       // q[j] lane r: values 4j ..< 4j + 4 of row r
    int32x4_t scale[16];   // per group
    int16x4_t min[16];     // per group; only where the type has mins
    float32x4_t d, dmin;
} half_super_block;

/// A block is unpacked in parts of `part` vectors, which are whole groups; or by the reference where a type has no vector
/// unpacking of its own.
typedef struct super_type {
    void (*scales)(const row_pointers *p, size_t offset, half_super_block *h);   // all but q
    void (*values)(const row_pointers *p, size_t offset, int part, int8x16_t *q);
    const super_block_layout *layout;   // the reference's; NULL where the other two are given
    size_t bytes;   // of a block
    int part;       // 8, 16 or 32
    int group;      // values per scale: 16 or 32
    bool narrow;    // values fit in 6 bits (arm/sum_16_neon.h)
    bool has_min;
} super_type;

typedef struct column_set {
    const block_q8_K *const *x;
    int count;   // a constant, at most tile_columns
} column_set;

/// Adds scale_g * (sum_k q_k x_k) of the groups of a part to the total of each column.
ALWAYS_INLINE void multiply_part(const super_type type, const int8x16_t *q, const half_super_block *h, int part,
                                 const column_set columns, int32x4_t *total) {
    const int vectors = type.group / 4;
    UNROLL for (int first = 0; first < type.part; first += vectors) {
        const int at = part * type.part + first;
        UNROLL for (int c = 0; c < columns.count; c++) {
            const int8_t *x = columns.x[c]->qs + 4 * at;
            int32x4_t sum = sum_16(vdupq_n_s32(0), q + first, vld1q_s8(x), type.narrow);
            if (vectors == 8) sum = sum_16(sum, q + first + 4, vld1q_s8(x + 16), type.narrow);
            total[c] = vmlaq_s32(total[c], sum, h->scale[at / vectors]);
        }
    }
}

/// sum_g min_g * (sum_k x_k) of one column.
ALWAYS_INLINE int32x4_t multiply_mins(const super_type type, const half_super_block *h, const block_q8_K *x) {
    const int groups = type.group == 16 ? 16 : 8;
    int32x4_t mins = vdupq_n_s32(0);
    UNROLL for (int g = 0; g < groups; g++) {
        const int sum = groups == 16 ? x->bsums[g] : x->bsums[2 * g] + x->bsums[2 * g + 1];
        mins = vmlal_n_s16(mins, h->min[g], (int16_t)sum);
    }
    return mins;
}

/// One block of 4 rows with some columns. `p`: unpack the values on the way (few columns); NULL: they are in the block.
ALWAYS_INLINE void super_multiply(const super_type type, const half_super_block *h, const row_pointers *p, size_t offset,
                                  const column_set columns, float32x4_t *sums) {
    int32x4_t total[tile_columns];
    UNROLL for (int c = 0; c < columns.count; c++) total[c] = vdupq_n_s32(0);
    for (int part = 0; part < 64 / type.part; part++) {
        int8x16_t q[32];
        if (p) type.values(p, offset, part, q);
        multiply_part(type, p ? q : h->q + part * type.part, h, part, columns, total);
    }
    UNROLL for (int c = 0; c < columns.count; c++) {
        const float dx = columns.x[c]->d;
        sums[c] = vfmaq_f32(sums[c], vmulq_n_f32(h->d, dx), vcvtq_f32_s32(total[c]));
        if (type.has_min) {
            const int32x4_t mins = multiply_mins(type, h, columns.x[c]);
            sums[c] = vfmsq_f32(sums[c], vmulq_n_f32(h->dmin, dx), vcvtq_f32_s32(mins));
        }
    }
}

/// 4 rows by the reference, then interleaved. The mins of these types are all zero: offsets are in the values.
ALWAYS_INLINE void unpack_by_reference(const super_block_layout *layout, const row_pointers *p, size_t offset,
                                       half_super_block *h) {
    unpacked_super_block rows[half_rows];
    row_pointers unpacked = {.interleaved = false};
    float d[half_rows];
    for (int r = 0; r < half_rows; r++) {
        layout->unpack(p->row[r] + offset, &rows[r]);
        unpacked.row[r] = (const char *)&rows[r];
        d[r] = rows[r].d;
    }
    h->d = vld1q_f32(d);
    for (size_t j = 0; j < 64; j++)
        h->q[j] = vreinterpretq_s8_u8(load_words(&unpacked, offsetof(unpacked_super_block, q) + 4 * j));
    for (size_t g = 0; g < 16; g++)
        h->scale[g] = (int32x4_t){rows[0].scale[g], rows[1].scale[g], rows[2].scale[g], rows[3].scale[g]};
}

ALWAYS_INLINE void unpack_super_block(const super_type type, const row_pointers *p, size_t offset, half_super_block *h) {
    if (type.layout) return unpack_by_reference(type.layout, p, offset, h);
    for (int part = 0; part < 64 / type.part; part++) type.values(p, offset, part, h->q + part * type.part);
}

/// One block of 4 rows with all columns of a panel, 4 at a time.
ALWAYS_INLINE void super_panel(const super_type type, const row_pointers *p, size_t offset, const block_q8_K *const *x,
                               size_t columns, float32x4_t *sums) {
    half_super_block h;
    if (!type.layout) type.scales(p, offset, &h);
    if (columns == 1 && !type.layout) return super_multiply(type, &h, p, offset, (column_set){x, 1}, sums);
    if (columns == 2 && !type.layout) return super_multiply(type, &h, p, offset, (column_set){x, 2}, sums);
    unpack_super_block(type, p, offset, &h);
    size_t c = 0;
    for (; c + tile_columns <= columns; c += tile_columns)
        super_multiply(type, &h, NULL, 0, (column_set){x + c, tile_columns}, sums + c);
    switch (columns - c) {
        case 3: super_multiply(type, &h, NULL, 0, (column_set){x + c, 3}, sums + c); break;
        case 2: super_multiply(type, &h, NULL, 0, (column_set){x + c, 2}, sums + c); break;
        case 1: super_multiply(type, &h, NULL, 0, (column_set){x + c, 1}, sums + c); break;
    }
}

ALWAYS_INLINE void super_matmul(const matmul_args *a, const super_type type, bool interleaved) {
    float32x4_t sums[2][panel_columns];
    const block_q8_K *x[panel_columns];
    for (size_t first = 0; first < a->columns; first += panel_columns) {
        const size_t columns = a->columns - first < panel_columns ? a->columns - first : panel_columns;
        for (size_t tile = 0; tile < a->rows; tile += tile_rows) {
            const row_pointers rows[2] = {rows_at(a, tile, 0, interleaved), rows_at(a, tile, 1, interleaved)};
            for (size_t c = 0; c < columns; c++) {
                x[c] = (const block_q8_K *)((const char *)a->x + (first + c) * a->x_row_bytes);
                sums[0][c] = sums[1][c] = vdupq_n_f32(0);
            }
            for (size_t block = 0; block < a->k / super_block; block++) {
                for (int half = 0; half < 2; half++)
                    super_panel(type, &rows[half], block * type.bytes, x, columns, sums[half]);
                for (size_t c = 0; c < columns; c++) x[c]++;
            }
            for (size_t c = 0; c < columns; c++)
                store_tile(a, tile, first + c, (float32x4_t[2]){sums[0][c], sums[1][c]});
        }
    }
}
#endif
