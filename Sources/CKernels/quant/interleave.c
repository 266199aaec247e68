// Interleaving of 8 rows: the block at the same place of each becomes one group of 8 times its bytes, whose fields keep
// their order. A field at byte o of a block is at byte 8 * o of the group, cut into units of 4, 2 or 1 bytes: first unit of
// row 0 ... row 7, second unit of row 0 ... So a vector load brings a piece of 8 rows, one row in each lane; the size of a
// matrix does not change, and 8 rows of it are where they were.
#include <string.h>
#include "quant/blocks.h"

typedef struct field {
    uint16_t bytes, unit;
} field;

enum { most_fields = 3 };

/// The fields of the types that have an interleaved form; no fields: none.
static const field layouts[tensor_type_count][most_fields] = {
    [tensor_type_f16] = {{2, 2}},
    [tensor_type_bf16] = {{2, 2}},
    [tensor_type_q4_0] = {{2, 2}, {16, 4}},
    [tensor_type_q4_1] = {{2, 2}, {2, 2}, {16, 4}},
    [tensor_type_q5_0] = {{2, 2}, {20, 4}},
    [tensor_type_q5_1] = {{2, 2}, {2, 2}, {20, 4}},
    [tensor_type_q8_0] = {{2, 2}, {32, 4}},
    [tensor_type_iq4_nl] = {{2, 2}, {16, 4}},
    [tensor_type_mxfp4] = {{1, 1}, {16, 4}},
    [tensor_type_q2_K] = {{80, 4}, {2, 2}, {2, 2}},
    [tensor_type_q3_K] = {{108, 4}, {2, 2}},
    [tensor_type_q4_K] = {{144, 4}},
    [tensor_type_q5_K] = {{176, 4}},
    [tensor_type_q6_K] = {{208, 4}, {2, 2}},
    [tensor_type_iq4_xs] = {{136, 4}},
};

bool tensor_type_interleaves(tensor_type type) { return layouts[type][0].bytes > 0; }

/// `bytes` of 8 rows `stride` bytes apart; bytes and unit are constants where it is inlined in full pieces. The piece is
/// copied first: rows a multiple of 4096 bytes apart would make every load wait for a store with the same low bits.
static inline void gather_piece(const char *rows, size_t stride, size_t bytes, size_t unit, char *out) {
    char piece[interleaved_rows][32];
    for (size_t row = 0; row < interleaved_rows; row++) memcpy(piece[row], rows + row * stride, bytes);
    for (size_t o = 0; o < bytes; o += unit) {
        for (size_t row = 0; row < interleaved_rows; row++, out += unit) memcpy(out, piece[row] + o, unit);
    }
}

static inline void gather_field(const char *rows, size_t stride, size_t bytes, size_t unit, char *out) {
    size_t o = 0;
    for (; o + 32 <= bytes; o += 32) gather_piece(rows + o, stride, 32, unit, out + interleaved_rows * o);
    for (; o < bytes; o += unit) gather_piece(rows + o, stride, unit, unit, out + interleaved_rows * o);
}

void interleave_rows(tensor_type type, const void *rows, size_t row_bytes, void *out) {
    const field *fields = layouts[type];
    const bool uniform = fields[1].bytes == 0;   // then a row is one long field
    const size_t block_bytes = uniform ? row_bytes : tensor_type_get(type)->block_bytes;
    const char *source = rows;
    char *target = out;
    // In order, as memory likes it: 8 rows at once are 8 streams.
    for (size_t i = 0; i < interleaved_rows * row_bytes; i += 64) __builtin_prefetch(source + i);
    for (size_t block = 0; block < row_bytes; block += block_bytes) {
        for (const field *f = fields; f < fields + most_fields && f->bytes > 0; f++) {
            const size_t bytes = uniform ? row_bytes : f->bytes;
            if (f->unit == 4) gather_field(source, row_bytes, bytes, 4, target);
            if (f->unit == 2) gather_field(source, row_bytes, bytes, 2, target);
            if (f->unit == 1) gather_field(source, row_bytes, bytes, 1, target);
            source += bytes;
            target += interleaved_rows * bytes;
        }
    }
}

void take_interleaved_block(tensor_type type, const void *group, size_t row, void *block) {
    const char *source = group;
    char *target = block;
    for (const field *f = layouts[type]; f < layouts[type] + most_fields; f++) {
        for (size_t o = 0; o < f->bytes; o += f->unit, target += f->unit)
            memcpy(target, source + interleaved_rows * o + row * f->unit, f->unit);
        source += interleaved_rows * f->bytes;
    }
}
