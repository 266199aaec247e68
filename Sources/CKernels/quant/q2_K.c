/// Q2_K: 16 groups of 16, y = d * scale * q - dmin * min, with 2-bit q and 4-bit scale and min.
/// Block: 16 bytes, low nibble scale, high nibble min | 64 bytes of q: each half of 128 values has 32 bytes, whose bit pairs
/// belong to values j, j + 32, j + 64, j + 96 | f16 d, dmin.
#include "quant/scales_and_mins.h"

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

void quantize_q2_K(const float *x, void *w, size_t blocks) {
    const scales_and_mins type = {16, 15, 3};
    block_q2_K *b = w;
    for (size_t i = 0; i < blocks; i++, x += super_block) {
        unpacked_super_block u;
        quantize_with_mins(x, type, &u);
        memset(&b[i], 0, sizeof b[i]);
        b[i].d = f32_to_f16(u.d);
        b[i].dmin = f32_to_f16(u.dmin);
        for (int g = 0; g < 16; g++)
            b[i].scales[g] = (uint8_t)(u.scale[g] | u.min[g] << 4);
        for (int j = 0; j < super_block; j++)
            b[i].qs[32 * (j / 128) + j % 32] |= (uint8_t)(u.q[j] << 2 * (j % 128 / 32));
    }
}

static const super_block_layout layout = {sizeof(block_q2_K), unpack};

void dequantize_q2_K(const void *w, float *y, size_t blocks) {
    dequantize_super_blocks(layout, w, y, blocks);
}

float dot_q2_K(const void *w, const void *x, size_t blocks) {
    return dot_super_blocks(layout, w, x, blocks);
}
