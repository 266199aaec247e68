/// Q3_K: 16 groups of 16, y = d * (scale - 32) * (q - 4), with 3-bit q and 6-bit scale.
/// Block: 32 bytes of third bits: bit k of byte j belongs to value 32 * k + j | 64 bytes of low bit pairs, ordered as in
/// Q2_K | 12 bytes of scales: bytes 0..7 hold the low nibbles of scales 0..7 (low half) and 8..15 (high half), bytes 8..11
/// the upper bit pairs of scales k, k + 4, k + 8, k + 12 | f16 d.
#include "quant/signed_scales.h"

static void unpack(const void *block, unpacked_super_block *u) {
    const block_q3_K *b = block;
    u->d = f16_to_f32(b->d);
    for (int g = 0; g < 16; g++) {
        const int low = b->scales[g % 8] >> 4 * (g / 8) & 15;
        const int upper = b->scales[8 + g % 4] >> 2 * (g / 4) & 3;
        u->scale[g] = (int16_t)((low | upper << 4) - 32);
    }
    for (int j = 0; j < super_block; j++) {
        const int low = b->qs[32 * (j / 128) + j % 32] >> 2 * (j % 128 / 32) & 3;
        const int third = b->hmask[j % 32] >> j / 32 & 1;
        u->q[j] = (int8_t)((low | third << 2) - 4);
    }
}

static float nearest_q3(float v) {
    return nearest_integer(v, (code_range){-4, 3});
}

void quantize_q3_K(const float *x, void *w, size_t blocks) {
    const signed_scales type = {16, -32, {-4, 3}};
    block_q3_K *b = w;
    for (size_t i = 0; i < blocks; i++, x += super_block) {
        unpacked_super_block u;
        quantize_with_signed_scales(x, type, nearest_q3, &u);
        memset(&b[i], 0, sizeof b[i]);
        b[i].d = f32_to_f16(u.d);
        for (int g = 0; g < 16; g++) {
            const int scale = u.scale[g] + 32;
            b[i].scales[g % 8] |= (uint8_t)((scale & 15) << 4 * (g / 8));
            b[i].scales[8 + g % 4] |= (uint8_t)(scale >> 4 << 2 * (g / 4));
        }
        for (int j = 0; j < super_block; j++) {
            const int q = u.q[j] + 4;
            b[i].qs[32 * (j / 128) + j % 32] |= (uint8_t)((q & 3) << 2 * (j % 128 / 32));
            b[i].hmask[j % 32] |= (uint8_t)(q >> 2 << j / 32);
        }
    }
}

static const super_block_layout layout = {sizeof(block_q3_K), unpack};

void dequantize_q3_K(const void *w, float *y, size_t blocks) {
    dequantize_super_blocks(layout, w, y, blocks);
}

float dot_q3_K(const void *w, const void *x, size_t blocks) {
    return dot_super_blocks(layout, w, x, blocks);
}
