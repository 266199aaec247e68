/// IQ4_NL: y[32] = d * value, one of 16 fixed values that are denser near zero. Block: f16 d | 16 bytes, low nibbles =
/// y[0..15], high nibbles = y[16..31].
#include "quant/scale_search.h"

void dequantize_iq4_nl(const void *w, float *y, size_t blocks) {
    const block_iq4_nl *b = w;
    for (size_t i = 0; i < blocks; i++, y += 32) {
        const float d = f16_to_f32(b[i].d);
        for (int j = 0; j < 16; j++) {
            y[j] = d * iq4_values[b[i].qs[j] & 15];
            y[j + 16] = d * iq4_values[b[i].qs[j] >> 4];
        }
    }
}

// Errors weigh by x squared, which favours the large weights of a block.
void quantize_iq4_nl(const float *x, void *w, size_t blocks) {
    block_iq4_nl *b = w;
    for (size_t i = 0; i < blocks; i++, x += 32) {
        const float extreme = extreme_value(x, 32);
        float scaled[32], weights[32];
        for (int j = 0; j < 32; j++) {
            scaled[j] = extreme != 0 ? x[j] / extreme : 0;
            weights[j] = scaled[j] * scaled[j];
        }
        const weighted_values group = {scaled, weights, 32};
        const float scale = search_scale(group, (code_range){iq4_values[0], iq4_values[15]}, nearest_iq4_value);
        b[i].d = f32_to_f16(scale * extreme);
        const float id = reciprocal(f16_to_f32(b[i].d));
        for (int j = 0; j < 16; j++)
            b[i].qs[j] = (uint8_t)(nearest_iq4_index(x[j] * id) | nearest_iq4_index(x[j + 16] * id) << 4);
    }
}

float dot_iq4_nl(const void *w, const void *x, size_t blocks) {
    const block_iq4_nl *b = w;
    const block_q8_0 *a = x;
    float sum = 0;
    for (size_t i = 0; i < blocks; i++) {
        int32_t products = 0;
        for (int j = 0; j < 16; j++) {
            products += iq4_values[b[i].qs[j] & 15] * a[i].qs[j];
            products += iq4_values[b[i].qs[j] >> 4] * a[i].qs[j + 16];
        }
        sum += f16_to_f32(b[i].d) * f16_to_f32(a[i].d) * (float)products;
    }
    return sum;
}
