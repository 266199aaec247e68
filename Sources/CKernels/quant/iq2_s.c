/// IQ2_S: 16 groups of 16, y = d / 8 * (2 * scale + 1) * grid * sign.
/// Block: f16 d | 32 bytes, low 8 bits of the grid indices of 8 values each | 32 sign bytes | 8 bytes, for every 32 values
/// four times the upper 2 bits of an index | 8 bytes, the 4-bit scales of two groups each.
#include "quant/iq_grids.h"
#include "quant/super_block.h"

static void unpack(const void *block, unpacked_super_block *u) {
    const block_iq2_s *b = block;
    u->d = f16_to_f32(b->d) * 0.125f;
    for (int g = 0; g < 16; g++)
        u->scale[g] = (int16_t)(2 * (b->scales[g / 2] >> 4 * (g % 2) & 15) + 1);
    for (int row = 0; row < 32; row++) {
        int8_t *q = u->q + 8 * row;
        const int upper = b->qh[row / 4] >> 2 * (row % 4) & 3;
        grid_row_of_8(iq2_s_grid[b->qs[row] | upper << 8], iq2_values, q);
        apply_signs(b->signs[row], q);
    }
}

const super_block_layout layout_iq2_s = {sizeof(block_iq2_s), unpack};

void dequantize_iq2_s(const void *w, float *y, size_t blocks) {
    dequantize_super_blocks(layout_iq2_s, w, y, blocks);
}

float dot_iq2_s(const void *w, const void *x, size_t blocks) {
    return dot_super_blocks(layout_iq2_s, w, x, blocks);
}
