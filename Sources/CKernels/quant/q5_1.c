/// Q5_1: y[32] = d * q + m. Block: f16 d, m | u32, bit j the fifth bit of y[j] | 16 bytes, low nibbles = y[0..15], high
/// nibbles = y[16..31].
#include "quant/five_bits.h"
#include "quant/rounding.h"

void dequantize_q5_1(const void *w, float *y, size_t blocks) {
    const block_q5_1 *b = w;
    for (size_t i = 0; i < blocks; i++, y += 32) {
        const float d = f16_to_f32(b[i].d), m = f16_to_f32(b[i].m);
        for (int j = 0; j < 32; j++)
            y[j] = d * (float)five_bits(b[i].qs, b[i].qh, j) + m;
    }
}

void quantize_q5_1(const float *x, void *w, size_t blocks) {
    block_q5_1 *b = w;
    for (size_t i = 0; i < blocks; i++, x += 32) {
        const value_range range = range_of_values(x, 32);
        const float d = (range.max - range.min) / 31;
        const float id = reciprocal(d);
        uint8_t q[32];
        for (int j = 0; j < 32; j++)
            q[j] = (uint8_t)truncated((x[j] - range.min) * id + 0.5f, 0, 31);
        b[i].d = f32_to_f16(d);
        b[i].m = f32_to_f16(range.min);
        pack_five_bits(q, b[i].qs, b[i].qh);
    }
}

// sum((d q + m) x) = d dx sum(q qx) + m (dx sum(qx)), the last factor being the activation block's s.
float dot_q5_1(const void *w, const void *x, size_t blocks) {
    const block_q5_1 *b = w;
    const block_q8_1 *a = x;
    float sum = 0;
    for (size_t i = 0; i < blocks; i++) {
        int32_t products = 0;
        for (int j = 0; j < 32; j++)
            products += five_bits(b[i].qs, b[i].qh, j) * a[i].qs[j];
        sum += f16_to_f32(b[i].d) * f16_to_f32(a[i].d) * (float)products + f16_to_f32(b[i].m) * f16_to_f32(a[i].s);
    }
    return sum;
}
