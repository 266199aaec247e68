/// IQ3_XXS: 8 groups of 32, y = d / 4 * (2 * scale + 1) * grid * sign.
/// Block: f16 d | 64 bytes, grid indices of 4 values each | for each group a u32 with four times 7 sign bits and the 4-bit
/// scale on top.
#include "quant/iq_grids.h"
#include "quant/super_block.h"

static void unpack(const void *block, unpacked_super_block *u) {
    const block_iq3_xxs *b = block;
    u->d = f16_to_f32(b->d) * 0.25f;
    for (int g = 0; g < 8; g++) {
        const uint32_t signs = load_u32(b->scales_signs + 4 * g);
        u->scale[2 * g] = u->scale[2 * g + 1] = (int16_t)(2 * (signs >> 28) + 1);
        for (int l = 0; l < 4; l++) {
            int8_t *q = u->q + 32 * g + 8 * l;
            const uint8_t *index = b->qs + 8 * g + 2 * l;
            grid_row_of_4(iq3_xxs_grid[index[0]], iq3_xxs_values, q);
            grid_row_of_4(iq3_xxs_grid[index[1]], iq3_xxs_values, q + 4);
            apply_signs(even_signs(signs >> 7 * l), q);
        }
    }
}

const super_block_layout layout_iq3_xxs = {sizeof(block_iq3_xxs), unpack};

void dequantize_iq3_xxs(const void *w, float *y, size_t blocks) {
    dequantize_super_blocks(layout_iq3_xxs, w, y, blocks);
}

float dot_iq3_xxs(const void *w, const void *x, size_t blocks) {
    return dot_super_blocks(layout_iq3_xxs, w, x, blocks);
}
