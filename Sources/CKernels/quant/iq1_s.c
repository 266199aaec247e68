/// IQ1_S: 8 groups of 32, y = d * (2 * scale + 1) * (grid + delta), grid in {-1, 0, 1}, delta = 1/8 or -1/8 per group.
/// Block: f16 d | 32 bytes, low 8 bits of the grid indices of 8 values each | 8 u16, for each group four times the upper
/// 3 bits of an index, the 3-bit scale, the sign of delta.
/// Unpacked as d / 8 and 8 * grid + 8 * delta, which are integers; every step stays exact.
#include "quant/iq_grids.h"
#include "quant/super_block.h"

static void unpack(const void *block, unpacked_super_block *u) {
    const block_iq1_s *b = block;
    u->d = f16_to_f32(b->d) * 0.125f;
    for (int g = 0; g < 8; g++) {
        const int delta = b->qh[g] & 0x8000 ? -1 : 1;
        u->scale[2 * g] = u->scale[2 * g + 1] = (int16_t)(2 * (b->qh[g] >> 12 & 7) + 1);
        for (int l = 0; l < 4; l++) {
            int8_t *q = u->q + 32 * g + 8 * l;
            const int upper = b->qh[g] >> 3 * l & 7;
            grid_row_of_8(iq1_grid[b->qs[4 * g + l] | upper << 8], iq1_values, q);
            for (int j = 0; j < 8; j++)
                q[j] = (int8_t)(8 * q[j] + delta);
        }
    }
}

const super_block_layout layout_iq1_s = {sizeof(block_iq1_s), unpack};

void dequantize_iq1_s(const void *w, float *y, size_t blocks) {
    dequantize_super_blocks(layout_iq1_s, w, y, blocks);
}

float dot_iq1_s(const void *w, const void *x, size_t blocks) {
    return dot_super_blocks(layout_iq1_s, w, x, blocks);
}
