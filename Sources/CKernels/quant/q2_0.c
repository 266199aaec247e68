/// Q2_0: y[64] = d * (q - 1), 2-bit q. Block: f16 d | 16 bytes, four values each, the first lowest.
#include <string.h>
#include "quant/blocks.h"
#include "quant/rounding.h"

static int value_of(const block_q2_0 *b, int j) {
    return (b->qs[j / 4] >> 2 * (j % 4) & 3) - 1;
}

void dequantize_q2_0(const void *w, float *y, size_t blocks) {
    const block_q2_0 *b = w;
    for (size_t i = 0; i < blocks; i++) {
        const float d = f16_to_f32(b[i].d);
        for (int j = 0; j < 64; j++)
            y[64 * i + j] = d * (float)value_of(b + i, j);
    }
}

// d = max(|x|): only -d, 0 and d are used.
void quantize_q2_0(const float *x, void *w, size_t blocks) {
    block_q2_0 *b = w;
    for (size_t i = 0; i < blocks; i++, x += 64) {
        const float d = fabsf(extreme_value(x, 64));
        const float id = reciprocal(d);
        b[i].d = f32_to_f16(d);
        memset(b[i].qs, 0, sizeof b[i].qs);
        for (int j = 0; j < 64; j++) {
            const int q = truncated(roundf(x[j] * id), -1, 2) + 1;
            b[i].qs[j / 4] |= (uint8_t)(q << 2 * (j % 4));
        }
    }
}

float dot_q2_0(const void *w, const void *x, size_t blocks) {
    const block_q2_0 *b = w;
    const block_q8_0 *a = x;   // two for each block of weights
    float sum = 0;
    for (size_t i = 0; i < blocks; i++)
        for (int part = 0; part < 2; part++, a++) {
            int32_t products = 0;
            for (int j = 0; j < 32; j++)
                products += value_of(b + i, 32 * part + j) * a->qs[j];
            sum += f16_to_f32(b[i].d) * f16_to_f32(a->d) * (float)products;
        }
    return sum;
}
