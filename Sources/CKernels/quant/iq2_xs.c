/// IQ2_XS: 16 groups of 16, y = d / 8 * (2 * scale + 1) * grid * sign.
/// Block: f16 d | 32 u16, each 8 values: 9 bits of grid index, 7 sign bits | 8 bytes, the 4-bit scales of two groups each.
#include "quant/iq_grids.h"
#include "quant/super_block.h"

static void unpack(const void *block, unpacked_super_block *u) {
    const block_iq2_xs *b = block;
    u->d = f16_to_f32(b->d) * 0.125f;
    for (int g = 0; g < 16; g++)
        u->scale[g] = (int16_t)(2 * (b->scales[g / 2] >> 4 * (g % 2) & 15) + 1);
    for (int row = 0; row < 32; row++) {
        int8_t *q = u->q + 8 * row;
        grid_row_of_8(iq2_xs_grid[b->qs[row] & 511], iq2_values, q);
        apply_signs(even_signs(b->qs[row] >> 9), q);
    }
}

const super_block_layout layout_iq2_xs = {sizeof(block_iq2_xs), unpack};

void dequantize_iq2_xs(const void *w, float *y, size_t blocks) {
    dequantize_super_blocks(layout_iq2_xs, w, y, blocks);
}

float dot_iq2_xs(const void *w, const void *x, size_t blocks) {
    return dot_super_blocks(layout_iq2_xs, w, x, blocks);
}
