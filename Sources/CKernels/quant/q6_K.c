/// Q6_K: 16 groups of 16, y = d * scale * (q - 32), with 6-bit q and int8 scale.
/// Block: ql[128] low 4 bits | qh[64] upper 2 bits | 16 int8 scales | f16 d. Each half of 128 values has 64 bytes of ql and
/// 32 of qh: byte qh[j] holds the upper bits of values j, j + 32, j + 64, j + 96; the nibbles of ql[j] belong to j and
/// j + 64, those of ql[j + 32] to j + 32 and j + 96.
#include "quant/signed_scales.h"

static void unpack(const void *block, unpacked_super_block *u) {
    const block_q6_K *b = block;
    u->d = f16_to_f32(b->d);
    for (int g = 0; g < 16; g++)
        u->scale[g] = b->scales[g];
    for (int half = 0; half < 2; half++) {
        const uint8_t *ql = b->ql + 64 * half, *qh = b->qh + 32 * half;
        int8_t *q = u->q + 128 * half;
        for (int j = 0; j < 32; j++) {
            q[j] = (int8_t)(((ql[j] & 15) | (qh[j] & 3) << 4) - 32);
            q[j + 32] = (int8_t)(((ql[j + 32] & 15) | (qh[j] >> 2 & 3) << 4) - 32);
            q[j + 64] = (int8_t)((ql[j] >> 4 | (qh[j] >> 4 & 3) << 4) - 32);
            q[j + 96] = (int8_t)((ql[j + 32] >> 4 | (qh[j] >> 6) << 4) - 32);
        }
    }
}

static float nearest_q6(float v) {
    return nearest_integer(v, (code_range){-32, 31});
}

void quantize_q6_K(const float *x, void *w, size_t blocks) {
    const signed_scales type = {16, -128, {-32, 31}};
    block_q6_K *b = w;
    for (size_t i = 0; i < blocks; i++, x += super_block) {
        unpacked_super_block u;
        quantize_with_signed_scales(x, type, nearest_q6, &u);
        b[i].d = f32_to_f16(u.d);
        for (int g = 0; g < 16; g++)
            b[i].scales[g] = (int8_t)u.scale[g];
        memset(b[i].ql, 0, sizeof b[i].ql);
        memset(b[i].qh, 0, sizeof b[i].qh);
        for (int j = 0; j < super_block; j++) {
            const int q = u.q[j] + 32, half = j / 128, quarter = j % 128 / 32;
            b[i].ql[64 * half + 32 * (quarter % 2) + j % 32] |= (uint8_t)((q & 15) << 4 * (quarter / 2));
            b[i].qh[32 * half + j % 32] |= (uint8_t)(q >> 4 << 2 * quarter);
        }
    }
}

static const super_block_layout layout = {sizeof(block_q6_K), unpack};

void dequantize_q6_K(const void *w, float *y, size_t blocks) {
    dequantize_super_blocks(layout, w, y, blocks);
}

float dot_q6_K(const void *w, const void *x, size_t blocks) {
    return dot_super_blocks(layout, w, x, blocks);
}
