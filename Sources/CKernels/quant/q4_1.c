/// Q4_1: y[32] = d * q + m. Block: f16 d, m | 16 bytes, low nibbles = y[0..15], high nibbles = y[16..31].
#include "quant/blocks.h"
#include "quant/rounding.h"

void dequantize_q4_1(const void *w, float *y, size_t blocks) {
    const block_q4_1 *b = w;
    for (size_t i = 0; i < blocks; i++, y += 32) {
        const float d = f16_to_f32(b[i].d), m = f16_to_f32(b[i].m);
        for (int j = 0; j < 16; j++) {
            y[j] = d * (float)(b[i].qs[j] & 15) + m;
            y[j + 16] = d * (float)(b[i].qs[j] >> 4) + m;
        }
    }
}

void quantize_q4_1(const float *x, void *w, size_t blocks) {
    block_q4_1 *b = w;
    for (size_t i = 0; i < blocks; i++, x += 32) {
        const value_range range = range_of_values(x, 32);
        const float d = (range.max - range.min) / 15;
        const float id = reciprocal(d);
        b[i].d = f32_to_f16(d);
        b[i].m = f32_to_f16(range.min);
        for (int j = 0; j < 16; j++) {
            const int low = truncated((x[j] - range.min) * id + 0.5f, 0, 15);
            const int high = truncated((x[j + 16] - range.min) * id + 0.5f, 0, 15);
            b[i].qs[j] = (uint8_t)(low | high << 4);
        }
    }
}

// sum((d q + m) x) = d dx sum(q qx) + m (dx sum(qx)), the last factor being the activation block's s.
float dot_q4_1(const void *w, const void *x, size_t blocks) {
    const block_q4_1 *b = w;
    const block_q8_1 *a = x;
    float sum = 0;
    for (size_t i = 0; i < blocks; i++) {
        int32_t products = 0;
        for (int j = 0; j < 16; j++) {
            products += (b[i].qs[j] & 15) * a[i].qs[j];
            products += (b[i].qs[j] >> 4) * a[i].qs[j + 16];
        }
        sum += f16_to_f32(b[i].d) * f16_to_f32(a[i].d) * (float)products + f16_to_f32(b[i].m) * f16_to_f32(a[i].s);
    }
    return sum;
}
