/// Q5_0: y[32] = d * (q - 16). Block: f16 d | u32, bit j the fifth bit of y[j] | 16 bytes, low nibbles = y[0..15], high
/// nibbles = y[16..31].
#include "quant/five_bits.h"
#include "quant/rounding.h"

void dequantize_q5_0(const void *w, float *y, size_t blocks) {
    const block_q5_0 *b = w;
    for (size_t i = 0; i < blocks; i++, y += 32) {
        const float d = f16_to_f32(b[i].d);
        for (int j = 0; j < 32; j++)
            y[j] = d * (float)(five_bits(b[i].qs, b[i].qh, j) - 16);
    }
}

// The extreme value becomes q = 0 exactly: d = extreme / -16.
void quantize_q5_0(const float *x, void *w, size_t blocks) {
    block_q5_0 *b = w;
    for (size_t i = 0; i < blocks; i++, x += 32) {
        const float d = extreme_value(x, 32) / -16;
        const float id = reciprocal(d);
        uint8_t q[32];
        for (int j = 0; j < 32; j++)
            q[j] = (uint8_t)truncated(x[j] * id + 16.5f, 0, 31);
        b[i].d = f32_to_f16(d);
        pack_five_bits(q, b[i].qs, b[i].qh);
    }
}

float dot_q5_0(const void *w, const void *x, size_t blocks) {
    const block_q5_0 *b = w;
    const block_q8_0 *a = x;
    float sum = 0;
    for (size_t i = 0; i < blocks; i++) {
        int32_t products = 0;
        for (int j = 0; j < 32; j++)
            products += (five_bits(b[i].qs, b[i].qh, j) - 16) * a[i].qs[j];
        sum += f16_to_f32(b[i].d) * f16_to_f32(a[i].d) * (float)products;
    }
    return sum;
}
