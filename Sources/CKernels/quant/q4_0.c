/// Q4_0: y[32] = d * (q - 8). Block: f16 d | 16 bytes, low nibbles = y[0..15], high nibbles = y[16..31].
#include "quant/blocks.h"
#include "quant/rounding.h"

void dequantize_q4_0(const void *w, float *y, size_t blocks) {
    const block_q4_0 *b = w;
    for (size_t i = 0; i < blocks; i++, y += 32) {
        const float d = f16_to_f32(b[i].d);
        for (int j = 0; j < 16; j++) {
            y[j] = d * (float)((b[i].qs[j] & 15) - 8);
            y[j + 16] = d * (float)((b[i].qs[j] >> 4) - 8);
        }
    }
}

// The extreme value becomes q = 0 exactly: d = extreme / -8.
void quantize_q4_0(const float *x, void *w, size_t blocks) {
    block_q4_0 *b = w;
    for (size_t i = 0; i < blocks; i++, x += 32) {
        const float d = extreme_value(x, 32) / -8;
        const float id = reciprocal(d);
        b[i].d = f32_to_f16(d);
        for (int j = 0; j < 16; j++) {
            const int low = truncated(x[j] * id + 8.5f, 0, 15);
            const int high = truncated(x[j + 16] * id + 8.5f, 0, 15);
            b[i].qs[j] = (uint8_t)(low | high << 4);
        }
    }
}

float dot_q4_0(const void *w, const void *x, size_t blocks) {
    const block_q4_0 *b = w;
    const block_q8_0 *a = x;
    float sum = 0;
    for (size_t i = 0; i < blocks; i++) {
        int32_t products = 0;
        for (int j = 0; j < 16; j++) {
            products += ((b[i].qs[j] & 15) - 8) * a[i].qs[j];
            products += ((b[i].qs[j] >> 4) - 8) * a[i].qs[j + 16];
        }
        sum += f16_to_f32(b[i].d) * f16_to_f32(a[i].d) * (float)products;
    }
    return sum;
}
