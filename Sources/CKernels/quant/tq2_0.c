/// TQ2_0: y[256] = d * (q - 1), 2-bit q. Block: 64 bytes | f16 d. Each half of 128 values has 32 bytes, whose bit pairs
/// belong to values j, j + 32, j + 64, j + 96.
#include "quant/rounding.h"
#include "quant/super_block.h"

static void unpack(const void *block, unpacked_super_block *u) {
    const block_tq2_0 *b = block;
    u->d = f16_to_f32(b->d);
    for (int g = 0; g < 16; g++)
        u->scale[g] = 1;
    for (int j = 0; j < super_block; j++)
        u->q[j] = (int8_t)((b->qs[32 * (j / 128) + j % 32] >> 2 * (j % 128 / 32) & 3) - 1);
}

void quantize_tq2_0(const float *x, void *w, size_t blocks) {
    block_tq2_0 *b = w;
    for (size_t i = 0; i < blocks; i++, x += super_block) {
        const float d = fabsf(extreme_value(x, super_block));
        const float id = reciprocal(d);
        b[i].d = f32_to_f16(d);
        memset(b[i].qs, 0, sizeof b[i].qs);
        for (int j = 0; j < super_block; j++) {
            const int q = truncated(roundf(x[j] * id), -1, 1) + 1;
            b[i].qs[32 * (j / 128) + j % 32] |= (uint8_t)(q << 2 * (j % 128 / 32));
        }
    }
}

const super_block_layout layout_tq2_0 = {sizeof(block_tq2_0), unpack};

void dequantize_tq2_0(const void *w, float *y, size_t blocks) {
    dequantize_super_blocks(layout_tq2_0, w, y, blocks);
}

float dot_tq2_0(const void *w, const void *x, size_t blocks) {
    return dot_super_blocks(layout_tq2_0, w, x, blocks);
}
