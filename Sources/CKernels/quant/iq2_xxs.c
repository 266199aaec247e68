/// IQ2_XXS: 8 groups of 32, y = d / 8 * (2 * scale + 1) * grid * sign.
/// Block: f16 d | for each group 8 bytes: four grid indices (8 values each), then a u32 with four times 7 sign bits and
/// the 4-bit scale on top.
#include "quant/iq_grids.h"
#include "quant/super_block.h"

static void unpack(const void *block, unpacked_super_block *u) {
    const block_iq2_xxs *b = block;
    u->d = f16_to_f32(b->d) * 0.125f;
    for (int g = 0; g < 8; g++) {
        const uint16_t *packed = b->qs + 4 * g;
        const uint32_t signs = packed[2] | (uint32_t)packed[3] << 16;
        u->scale[2 * g] = u->scale[2 * g + 1] = (int16_t)(2 * (signs >> 28) + 1);
        for (int l = 0; l < 4; l++) {
            int8_t *q = u->q + 32 * g + 8 * l;
            const uint8_t index = (uint8_t)(packed[l / 2] >> 8 * (l % 2));
            grid_row_of_8(iq2_xxs_grid[index], iq2_values, q);
            apply_signs(even_signs(signs >> 7 * l), q);
        }
    }
}

const super_block_layout layout_iq2_xxs = {sizeof(block_iq2_xxs), unpack};

void dequantize_iq2_xxs(const void *w, float *y, size_t blocks) {
    dequantize_super_blocks(layout_iq2_xxs, w, y, blocks);
}

float dot_iq2_xxs(const void *w, const void *x, size_t blocks) {
    return dot_super_blocks(layout_iq2_xxs, w, x, blocks);
}
