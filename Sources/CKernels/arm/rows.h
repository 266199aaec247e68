/// Access to the weight rows of a matmul by halves of 4 rows; what the integer matmuls share.
///
/// Kernels work on tiles of 8 weight rows as two halves of 4. A half's bytes are interleaved so that 32-bit lane r of a
/// vector holds 4 consecutive values of row r: the sums of a row then stay in its lane, no element depends on how many rows or
/// columns a call has, and no sum over lanes is needed.
#ifndef ARM_ROWS_H
#define ARM_ROWS_H
#include "arm/neon.h"

enum { half_rows = 4, tile_rows = 8, tile_columns = 4, panel_columns = 32 };

/// 4 rows as they stand in a file (where a call has fewer rows left, the last one is repeated), or half of 8 interleaved rows
/// (quant/interleave.c; the last 8 are repeated): then a unit of `u` bytes at `offset` of a block is at
/// 8 * offset + half * 4 * u from the first pointer.
typedef struct row_pointers {
    const char *row[half_rows];
    size_t half;
    bool interleaved;   // a constant
} row_pointers;

ALWAYS_INLINE row_pointers rows_at(const matmul_args *a, size_t tile, size_t half, bool interleaved) {
    row_pointers p = {.half = half, .interleaved = interleaved};
    for (size_t r = 0; r < half_rows; r++) {
        const size_t wanted = tile + (interleaved ? 0 : half_rows * half + r);
        p.row[r] = (const char *)a->w + (wanted < a->rows ? wanted : a->rows - 1) * a->w_row_bytes;
    }
    return p;
}

/// Where the units of `unit` bytes at `offset` of interleaved rows begin.
ALWAYS_INLINE const char *interleaved_at(const row_pointers *p, size_t offset, size_t unit) {
    return p->row[0] + tile_rows * offset + p->half * half_rows * unit;
}

/// From a[r] = 16 bytes of row r to out[j] lane r = its bytes 4j ..< 4j + 4.
ALWAYS_INLINE void transpose(const uint8x16_t a[4], uint8x16_t out[4]) {
    const uint32x4_t t0 = vtrn1q_u32(vreinterpretq_u32_u8(a[0]), vreinterpretq_u32_u8(a[1]));
    const uint32x4_t t1 = vtrn2q_u32(vreinterpretq_u32_u8(a[0]), vreinterpretq_u32_u8(a[1]));
    const uint32x4_t t2 = vtrn1q_u32(vreinterpretq_u32_u8(a[2]), vreinterpretq_u32_u8(a[3]));
    const uint32x4_t t3 = vtrn2q_u32(vreinterpretq_u32_u8(a[2]), vreinterpretq_u32_u8(a[3]));
    out[0] = vreinterpretq_u8_u64(vtrn1q_u64(vreinterpretq_u64_u32(t0), vreinterpretq_u64_u32(t2)));
    out[1] = vreinterpretq_u8_u64(vtrn1q_u64(vreinterpretq_u64_u32(t1), vreinterpretq_u64_u32(t3)));
    out[2] = vreinterpretq_u8_u64(vtrn2q_u64(vreinterpretq_u64_u32(t0), vreinterpretq_u64_u32(t2)));
    out[3] = vreinterpretq_u8_u64(vtrn2q_u64(vreinterpretq_u64_u32(t1), vreinterpretq_u64_u32(t3)));
}

/// 4 bytes at `offset` of each row.
ALWAYS_INLINE uint8x16_t load_words(const row_pointers *p, size_t offset) {
    if (p->interleaved) return vld1q_u8((const uint8_t *)interleaved_at(p, offset, 4));
    uint32_t words[half_rows];
    for (size_t r = 0; r < half_rows; r++) memcpy(&words[r], p->row[r] + offset, 4);
    return vreinterpretq_u8_u32(vld1q_u32(words));
}

/// 16 bytes at `offset` of each row as 4 vectors.
ALWAYS_INLINE void load_transposed(const row_pointers *p, size_t offset, uint8x16_t out[4]) {
    if (p->interleaved) {
        UNROLL for (size_t j = 0; j < 4; j++) out[j] = load_words(p, offset + 4 * j);
        return;
    }
    uint8x16_t a[half_rows];
    UNROLL for (size_t r = 0; r < half_rows; r++) a[r] = vld1q_u8((const uint8_t *)(p->row[r] + offset));
    transpose(a, out);
}

/// The binary16 at `offset` of each row, as floats.
ALWAYS_INLINE float32x4_t load_f16_of_rows(const row_pointers *p, size_t offset) {
    uint16_t h[half_rows];
    if (p->interleaved) memcpy(h, interleaved_at(p, offset, 2), sizeof h);
    else for (size_t r = 0; r < half_rows; r++) memcpy(&h[r], p->row[r] + offset, 2);
    return floats_of_f16(vld1_u16(h));
}

/// One byte of each 32-bit lane as an unsigned number.
ALWAYS_INLINE int32x4_t byte_of_rows(uint8x16_t words, int index) {
    const uint32x4_t moved = vshlq_u32(vreinterpretq_u32_u8(words), vdupq_n_s32(-8 * index));
    return vreinterpretq_s32_u32(vandq_u32(moved, vdupq_n_u32(255)));
}

/// The nibbles of 16 bytes at `offset` of each row: low ones are values 0 ..< 16, high ones 16 ..< 32.
ALWAYS_INLINE void load_nibbles(const row_pointers *p, size_t offset, uint8x16_t q[8]) {
    uint8x16_t bytes[4];
    load_transposed(p, offset, bytes);
    UNROLL for (int j = 0; j < 4; j++) {
        q[j] = vandq_u8(bytes[j], vdupq_n_u8(15));
        q[j + 4] = vshrq_n_u8(bytes[j], 4);
    }
}

/// Unsigned values less `offset`, as the kernels multiply them.
ALWAYS_INLINE int8x16_t less(uint8x16_t q, int offset) {
    return vsubq_s8(vreinterpretq_s8_u8(q), vdupq_n_s8((int8_t)offset));
}

/// Writes the sums of a tile's rows with one column, as many as there are rows.
ALWAYS_INLINE void store_tile(const matmul_args *a, size_t tile, size_t column, const float32x4_t sums[2]) {
    float *y = a->y + column * a->y_stride + tile;
    if (a->rows - tile >= tile_rows) {
        vst1q_f32(y, sums[0]);
        vst1q_f32(y + half_rows, sums[1]);
    } else {
        memcpy(y, sums, (a->rows - tile) * sizeof(float));
    }
}
#endif
