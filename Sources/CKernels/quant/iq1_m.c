/// IQ1_M: 16 groups of 16, y = d * (2 * scale + 1) * (grid + delta), grid in {-1, 0, 1}, delta = 1/8 or -1/8 per 8 values.
/// Block: 32 bytes, low 8 bits of the grid indices of 8 values each | 16 bytes, a nibble per 8 values: upper 3 bits of the
/// index, sign of delta | 4 u16, each the 3-bit scales of four groups and, on top, 4 bits of d (f16, lowest first).
/// Unpacked as d / 8 and 8 * grid + 8 * delta, which are integers; every step stays exact.
#include "quant/iq_grids.h"
#include "quant/super_block.h"

static void unpack(const void *block, unpacked_super_block *u) {
    const block_iq1_m *b = block;
    uint16_t d = 0;
    for (int g = 0; g < 16; g++) {
        const uint16_t packed = load_u16(b->scales + 2 * (g / 4));
        u->scale[g] = (int16_t)(2 * (packed >> 3 * (g % 4) & 7) + 1);
        if (g % 4 == 0)
            d |= (uint16_t)(packed >> 12 << g);
    }
    u->d = f16_to_f32(d) * 0.125f;
    for (int row = 0; row < 32; row++) {
        int8_t *q = u->q + 8 * row;
        const int nibble = b->qh[row / 2] >> 4 * (row % 2) & 15;
        const int delta = nibble & 8 ? -1 : 1;
        grid_row_of_8(iq1_grid[b->qs[row] | (nibble & 7) << 8], iq1_values, q);
        for (int j = 0; j < 8; j++)
            q[j] = (int8_t)(8 * q[j] + delta);
    }
}

const super_block_layout layout_iq1_m = {sizeof(block_iq1_m), unpack};

void dequantize_iq1_m(const void *w, float *y, size_t blocks) {
    dequantize_super_blocks(layout_iq1_m, w, y, blocks);
}

float dot_iq1_m(const void *w, const void *x, size_t blocks) {
    return dot_super_blocks(layout_iq1_m, w, x, blocks);
}
