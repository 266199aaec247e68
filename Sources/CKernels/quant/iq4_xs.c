/// IQ4_XS: 8 groups of 32, y = d * (scale - 32) * value, with 6-bit scale and the 16 values of IQ4_NL.
/// Block: f16 d | u16, upper 2 bits of the scales | 4 bytes, their low 4 bits | for each group 16 bytes, low nibbles the
/// first 16 values, high nibbles the second.
#include "quant/signed_scales.h"

static void unpack(const void *block, unpacked_super_block *u) {
    const block_iq4_xs *b = block;
    u->d = f16_to_f32(b->d);
    for (int g = 0; g < 8; g++) {
        const int scale = (b->scales_l[g / 2] >> 4 * (g % 2) & 15) | (b->scales_h >> 2 * g & 3) << 4;
        u->scale[2 * g] = u->scale[2 * g + 1] = (int16_t)(scale - 32);
        for (int j = 0; j < 16; j++) {
            const uint8_t packed = b->qs[16 * g + j];
            u->q[32 * g + j] = iq4_values[packed & 15];
            u->q[32 * g + 16 + j] = iq4_values[packed >> 4];
        }
    }
}

void quantize_iq4_xs(const float *x, void *w, size_t blocks) {
    const signed_scales type = {32, -32, {iq4_values[0], iq4_values[15]}};
    block_iq4_xs *b = w;
    for (size_t i = 0; i < blocks; i++, x += super_block) {
        unpacked_super_block u;
        quantize_with_signed_scales(x, type, nearest_iq4_value, &u);
        b[i].d = f32_to_f16(u.d);
        b[i].scales_h = 0;
        memset(b[i].scales_l, 0, sizeof b[i].scales_l);
        for (int g = 0; g < 8; g++) {
            const int scale = u.scale[2 * g] + 32;
            b[i].scales_l[g / 2] |= (uint8_t)((scale & 15) << 4 * (g % 2));
            b[i].scales_h |= (uint16_t)(scale >> 4 << 2 * g);
            for (int j = 0; j < 16; j++) {
                const int low = nearest_iq4_index(u.q[32 * g + j]), high = nearest_iq4_index(u.q[32 * g + 16 + j]);
                b[i].qs[16 * g + j] = (uint8_t)(low | high << 4);
            }
        }
    }
}

static const super_block_layout layout = {sizeof(block_iq4_xs), unpack};

void dequantize_iq4_xs(const void *w, float *y, size_t blocks) {
    dequantize_super_blocks(layout, w, y, blocks);
}

float dot_iq4_xs(const void *w, const void *x, size_t blocks) {
    return dot_super_blocks(layout, w, x, blocks);
}
