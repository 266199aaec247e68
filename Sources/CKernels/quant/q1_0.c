/// Q1_0: y[128] = d or -d. Block: f16 d | 16 bytes, bit j % 8 of byte j / 8 set where y[j] is positive.
#include <string.h>
#include "quant/blocks.h"
#include "quant/rounding.h"

static int sign_of(const block_q1_0 *b, int j) {
    return b->qs[j / 8] >> j % 8 & 1 ? 1 : -1;
}

void dequantize_q1_0(const void *w, float *y, size_t blocks) {
    const block_q1_0 *b = w;
    for (size_t i = 0; i < blocks; i++) {
        const float d = f16_to_f32(b[i].d);
        for (int j = 0; j < 128; j++)
            y[128 * i + j] = d * (float)sign_of(b + i, j);
    }
}

// d = mean(|x|)
void quantize_q1_0(const float *x, void *w, size_t blocks) {
    block_q1_0 *b = w;
    for (size_t i = 0; i < blocks; i++, x += 128) {
        float sum = 0;
        memset(b[i].qs, 0, sizeof b[i].qs);
        for (int j = 0; j < 128; j++) {
            sum += fabsf(x[j]);
            b[i].qs[j / 8] |= (uint8_t)((x[j] >= 0) << j % 8);
        }
        b[i].d = f32_to_f16(sum / 128);
    }
}

float dot_q1_0(const void *w, const void *x, size_t blocks) {
    const block_q1_0 *b = w;
    const block_q8_0 *a = x;   // four for each block of weights
    float sum = 0;
    for (size_t i = 0; i < blocks; i++)
        for (int part = 0; part < 4; part++, a++) {
            int32_t products = 0;
            for (int j = 0; j < 32; j++)
                products += sign_of(b + i, 32 * part + j) * a->qs[j];
            sum += f16_to_f32(b[i].d) * f16_to_f32(a->d) * (float)products;
        }
    return sum;
}
