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
    __m256i min[8];       // per 32 values; lane r: the mins of values 0 ..< 16 and 16 ..< 32
    __m256 d, dmin;
} super_tile;

/// What a type is to the template: how its blocks unpack, and the constants of its integer sums. A block is unpacked in
/// parts of `part` vectors, which are whole groups.
typedef struct super_type {
    void (*scales)(const row_pointers *p, size_t offset, super_tile *t);            // all of the tile but q
    void (*values)(const row_pointers *p, size_t offset, int part, __m256i *q);     // NULL: scales fills q, too
    size_t bytes;   // of a block
    int part;       // 8, 16 or 32
    int group;      // values per scale: 16 or 32
    sum_mode mode;
    enum { no_mins, float_mins, integer_mins } mins;   // integer: in units of d
    bool interleaved;   // how the rows of the call stand in memory
} super_type;

typedef struct column_set {
    const block_q8_K *const *x;
    int count;
} column_set;

/// sum_g min_g * (sum_k x_k) of each column.
ALWAYS_INLINE void multiply_mins(const super_tile *t, const column_set columns, __m256i *mins) {
    UNROLL for (int j = 0; j < 8; j++) {
        UNROLL for (int c = 0; c < columns.count; c++) {
            const __m256i product = _mm256_madd_epi16(t->min[j], broadcast4(columns.x[c]->bsums + 2 * j));
            mins[c] = j == 0 ? product : _mm256_add_epi32(mins[c], product);
        }
    }
}

/// Adds the products of a part, vectors q, to the integer sums of each column.
ALWAYS_INLINE void multiply_part(const super_type type, const __m256i *q, const super_tile *t, int part,
                                 const column_set columns, __m256i *total) {
    const int vectors = type.group / 4;
    UNROLL for (int first = 0; first < type.part; first += type.mode.widen) {
        const int at = part * type.part + first;
        __m256i products[4];
        const int8_t *values[4];
        UNROLL for (int c = 0; c < columns.count; c++) {
            values[c] = columns.x[c]->qs + 4 * at;
            products[c] = _mm256_setzero_si256();
        }
        byte_products(type.mode, q + first, values, columns.count, products);
        UNROLL for (int c = 0; c < columns.count; c++)
            total[c] = _mm256_add_epi32(total[c], _mm256_madd_epi16(products[c], t->scale[at / vectors]));
        columns_in_step(total, columns.count);
    }
}

/// One block of 8 rows with some columns. `p`: unpack the values on the way (few columns); NULL: they are in the tile.
ALWAYS_INLINE void super_multiply(const super_type type, const super_tile *t, const row_pointers *p, size_t offset,
                                  const column_set columns, __m256 *sums) {
    __m256i total[4], mins[4];
    UNROLL for (int c = 0; c < columns.count; c++) total[c] = mins[c] = _mm256_setzero_si256();
    for (int part = 0; part < 64 / type.part; part++) {
        __m256i q[32];
        if (p) type.values(p, offset, part, q);
        multiply_part(type, p ? q : t->q + part * type.part, t, part, columns, total);
    }
    if (type.mins != no_mins) multiply_mins(t, columns, mins);
    UNROLL for (int c = 0; c < columns.count; c++) {
        const __m256 dx = _mm256_set1_ps(columns.x[c]->d);
        if (type.mins == integer_mins) total[c] = _mm256_sub_epi32(total[c], mins[c]);
        sums[c] = _mm256_fmadd_ps(_mm256_mul_ps(t->d, dx), _mm256_cvtepi32_ps(total[c]), sums[c]);
        if (type.mins == float_mins)
            sums[c] = _mm256_fnmadd_ps(_mm256_mul_ps(t->dmin, dx), _mm256_cvtepi32_ps(mins[c]), sums[c]);
    }
}

/// One block of 8 rows with all columns of a panel, 4 at a time.
ALWAYS_INLINE void super_panel(const super_type type, super_tile *t, const row_pointers *p, size_t offset,
                               const column_set all, __m256 *sums) {
    type.scales(p, offset, t);
    if (all.count == 1 && type.values) return super_multiply(type, t, p, offset, (column_set){all.x, 1}, sums);
    if (all.count == 2 && type.values) return super_multiply(type, t, p, offset, (column_set){all.x, 2}, sums);
    for (int part = 0; type.values && part < 64 / type.part; part++)
        type.values(p, offset, part, t->q + part * type.part);
    int c = 0;
    for (; c + 4 <= all.count; c += 4) super_multiply(type, t, NULL, 0, (column_set){all.x + c, 4}, sums + c);
    switch (all.count - c) {
        case 3: super_multiply(type, t, NULL, 0, (column_set){all.x + c, 3}, sums + c); break;
        case 2: super_multiply(type, t, NULL, 0, (column_set){all.x + c, 2}, sums + c); break;
        case 1: super_multiply(type, t, NULL, 0, (column_set){all.x + c, 1}, sums + c); break;
    }
}

ALWAYS_INLINE void super_matmul(const matmul_args *a, super_type type, bool interleaved) {
    type.interleaved = interleaved;
    super_tile tile;
    __m256 sums[panel_columns];
    const block_q8_K *x[panel_columns];
    for (size_t column = 0; column < a->columns; column += panel_columns) {
        const size_t columns = a->columns - column < panel_columns ? a->columns - column : panel_columns;
        for (size_t row = 0; row < a->rows; row += tile_rows) {
            const row_pointers p = rows_at(a, row, type.interleaved);
            for (size_t c = 0; c < columns; c++) {
                x[c] = (const block_q8_K *)((const char *)a->x + (column + c) * a->x_row_bytes);
                sums[c] = _mm256_setzero_ps();
            }
            for (size_t block = 0; block < a->k / super_block; block++) {
                prefetch_next_rows(a, &p, block, type.bytes);
                super_panel(type, &tile, &p, block * type.bytes, (column_set){x, (int)columns}, sums);
                for (size_t c = 0; c < columns; c++) x[c]++;
            }
            store_panel(a, row, column, columns, sums);
        }
    }
}

/// One byte of each 32-bit lane as a pair of equal unsigned 16-bit numbers.
ALWAYS_INLINE __m256i byte_pair(__m256i bytes, int index) {
    const char i = (char)index;
    return _mm256_shuffle_epi8(bytes, _mm256_broadcastsi128_si256(_mm_setr_epi8(
        i, -1, i, -1, (char)(i + 4), -1, (char)(i + 4), -1, (char)(i + 8), -1, (char)(i + 8), -1, (char)(i + 12), -1,
        (char)(i + 12), -1)));
}
#endif
