/// IQ3_S: 8 groups of 32, y = d * (2 * scale + 1) * grid * sign.
/// Block: f16 d | 64 bytes, low 8 bits of the grid indices of 4 values each | 8 bytes, the upper bits of 8 indices each |
/// 32 sign bytes | 4 bytes, the 4-bit scales of two groups each.
#include "quant/iq_grids.h"
#include "quant/super_block.h"

static void unpack(const void *block, unpacked_super_block *u) {
    const block_iq3_s *b = block;
    u->d = f16_to_f32(b->d);
    for (int g = 0; g < 8; g++) {
        const int scale = b->scales[g / 2] >> 4 * (g % 2) & 15;
        u->scale[2 * g] = u->scale[2 * g + 1] = (int16_t)(2 * scale + 1);
        for (int l = 0; l < 8; l++) {
            const int upper = b->qh[g] >> l & 1;
            grid_row_of_4(iq3_s_grid[b->qs[8 * g + l] | upper << 8], iq3_s_values, u->q + 32 * g + 4 * l);
        }
        for (int l = 0; l < 4; l++)
            apply_signs(b->signs[4 * g + l], u->q + 32 * g + 8 * l);
    }
}

const super_block_layout layout_iq3_s = {sizeof(block_iq3_s), unpack};

void dequantize_iq3_s(const void *w, float *y, size_t blocks) {
    dequantize_super_blocks(layout_iq3_s, w, y, blocks);
}

float dot_iq3_s(const void *w, const void *x, size_t blocks) {
    return dot_super_blocks(layout_iq3_s, w, x, blocks);
}
