/// Q2_K: 16 groups of 16, y = d * scale * q - dmin * min, with 2-bit q and 4-bit scale and min.
/// Block: 16 bytes, low nibble scale, high nibble min | 64 bytes of q: each half of 128 values has 32 bytes, whose bit pairs
/// belong to values j, j + 32, j + 64, j + 96 | f16 d, dmin.
#include "quant/super_block.h"

static void unpack(const void *block, unpacked_super_block *u) {
    const block_q2_K *b = block;
    u->d = f16_to_f32(b->d);
    u->dmin = f16_to_f32(b->dmin);
    for (int g = 0; g < 16; g++) {
        u->scale[g] = b->scales[g] & 15;
        u->min[g] = b->scales[g] >> 4;
    }
    for (int j = 0; j < super_block; j++)
        u->q[j] = b->qs[32 * (j / 128) + j % 32] >> 2 * (j % 128 / 32) & 3;
}

static const super_block_layout layout = {sizeof(block_q2_K), unpack};

void dequantize_q2_K(const void *w, float *y, size_t blocks) {
    dequantize_super_blocks(layout, w, y, blocks);
}

float dot_q2_K(const void *w, const void *x, size_t blocks) {
    return dot_super_blocks(layout, w, x, blocks);
}
