/// The common form of all weight types with super-blocks of 256 values that meet Q8_K activations:
///
///     y[i] = (d * scale[i / 16]) * q[i] - dmin * min[i / 16]      (in f32, products rounded in this order)
///
/// A type states its bit layout once, as an `unpack` function into this form; dequantisation and the reference dot product
/// follow. Fast kernels of common types don't use it.
#ifndef SUPER_BLOCK_H
#define SUPER_BLOCK_H
#include <string.h>
#include "quant/blocks.h"
#include "quant/families.h"

typedef struct unpacked_super_block {
    float d, dmin;
    int16_t scale[16], min[16];   // of 16 consecutive values
    int8_t q[256];
} unpacked_super_block;

/// Fills every field but dmin and min, which are zero before the call.
typedef void (*super_block_unpacker)(const void *block, unpacked_super_block *u);

typedef struct super_block_layout {
    size_t bytes;
    super_block_unpacker unpack;
} super_block_layout;

/// Layouts that the fast kernels unpack by, too: those without a vector unpacking of their own.
#define LAYOUT(name) extern const super_block_layout layout_##name;
UNPACKED_TYPES(LAYOUT)
#undef LAYOUT

void dequantize_super_blocks(super_block_layout layout, const void *w, float *y, size_t blocks);
float dot_super_blocks(super_block_layout layout, const void *w, const block_q8_K *x, size_t blocks);

static inline uint32_t load_u32(const uint8_t *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint16_t load_u16(const uint8_t *p) {
    return (uint16_t)(p[0] | p[1] << 8);
}
#endif
