/// Q4_K: 8 groups of 32, y = d * scale * q - dmin * min, with 4-bit q and 6-bit scale and min.
/// Block: f16 d, dmin | 12 bytes: scales and mins (quant/six_bit_scales.h) | 128 bytes: for each pair of groups 32 bytes,
/// low nibbles the first group, high nibbles the second.
#include "quant/six_bit_scales.h"
#include "quant/super_block.h"

static void unpack(const void *block, unpacked_super_block *u) {
    const block_q4_K *b = block;
    u->d = f16_to_f32(b->d);
    u->dmin = f16_to_f32(b->dmin);
    unpack_six_bit_scales(b->scales, u);
    for (int pair = 0; pair < 4; pair++)
        for (int j = 0; j < 32; j++) {
            const uint8_t packed = b->qs[32 * pair + j];
            u->q[64 * pair + j] = packed & 15;
            u->q[64 * pair + 32 + j] = (int8_t)(packed >> 4);
        }
}

void quantize_q4_K(const float *x, void *w, size_t blocks) {
    block_q4_K *b = w;
    for (size_t i = 0; i < blocks; i++, x += super_block) {
        unpacked_super_block u;
        quantize_with_mins(x, six_bit_layout(15), &u);
        b[i].d = f32_to_f16(u.d);
        b[i].dmin = f32_to_f16(u.dmin);
        pack_six_bit_scales(&u, b[i].scales);
        for (int pair = 0; pair < 4; pair++)
            for (int j = 0; j < 32; j++)
                b[i].qs[32 * pair + j] = (uint8_t)(u.q[64 * pair + j] | u.q[64 * pair + 32 + j] << 4);
    }
}

static const super_block_layout layout = {sizeof(block_q4_K), unpack};

void dequantize_q4_K(const void *w, float *y, size_t blocks) {
    dequantize_super_blocks(layout, w, y, blocks);
}

float dot_q4_K(const void *w, const void *x, size_t blocks) {
    return dot_super_blocks(layout, w, x, blocks);
}
