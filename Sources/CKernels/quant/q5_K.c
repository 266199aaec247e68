/// Q5_K: 8 groups of 32, y = d * scale * q - dmin * min, with 5-bit q and 6-bit scale and min.
/// Block: f16 d, dmin | 12 bytes: scales and mins (quant/six_bit_scales.h) | 32 bytes of fifth bits: bit g of byte j belongs
/// to value j of group g | 128 bytes: for each pair of groups 32 bytes, low nibbles the first group, high nibbles the second.
#include "quant/six_bit_scales.h"
#include "quant/super_block.h"

static void unpack(const void *block, unpacked_super_block *u) {
    const block_q5_K *b = block;
    u->d = f16_to_f32(b->d);
    u->dmin = f16_to_f32(b->dmin);
    unpack_six_bit_scales(b->scales, u);
    for (int g = 0; g < 8; g++)
        for (int j = 0; j < 32; j++) {
            const int low = b->qs[32 * (g / 2) + j] >> 4 * (g % 2) & 15;
            u->q[32 * g + j] = (int8_t)(low | (b->qh[j] >> g & 1) << 4);
        }
}

void quantize_q5_K(const float *x, void *w, size_t blocks) {
    block_q5_K *b = w;
    for (size_t i = 0; i < blocks; i++, x += super_block) {
        unpacked_super_block u;
        quantize_with_mins(x, six_bit_layout(31), &u);
        b[i].d = f32_to_f16(u.d);
        b[i].dmin = f32_to_f16(u.dmin);
        pack_six_bit_scales(&u, b[i].scales);
        memset(b[i].qh, 0, sizeof b[i].qh);
        memset(b[i].qs, 0, sizeof b[i].qs);
        for (int g = 0; g < 8; g++)
            for (int j = 0; j < 32; j++) {
                b[i].qs[32 * (g / 2) + j] |= (uint8_t)((u.q[32 * g + j] & 15) << 4 * (g % 2));
                b[i].qh[j] |= (uint8_t)(u.q[32 * g + j] >> 4 << g);
            }
    }
}

static const super_block_layout layout = {sizeof(block_q5_K), unpack};

void dequantize_q5_K(const void *w, float *y, size_t blocks) {
    dequantize_super_blocks(layout, w, y, blocks);
}

float dot_q5_K(const void *w, const void *x, size_t blocks) {
    return dot_super_blocks(layout, w, x, blocks);
}
