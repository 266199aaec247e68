/// Q8_0: y[32] = d * q. Block: f16 d | 32 int8. Also what activations become for the 4- and 5-bit types without minimum.
#include "quant/blocks.h"
#include "quant/rounding.h"

void dequantize_q8_0(const void *w, float *y, size_t blocks) {
    const block_q8_0 *b = w;
    for (size_t i = 0; i < blocks; i++) {
        const float d = f16_to_f32(b[i].d);
        for (int j = 0; j < 32; j++)
            y[32 * i + j] = d * b[i].qs[j];
    }
}

// q = round(x * 127 / amax), half away from zero, with the scale not yet rounded to f16.
void quantize_q8_0(const float *x, void *w, size_t blocks) {
    block_q8_0 *b = w;
    for (size_t i = 0; i < blocks; i++, x += 32) {
        const float d = fabsf(extreme_value(x, 32)) / 127;
        const float id = reciprocal(d);
        b[i].d = f32_to_f16(d);
        for (int j = 0; j < 32; j++)
            b[i].qs[j] = (int8_t)truncated(roundf(x[j] * id), -127, 127);
    }
}

float dot_q8_0(const void *w, const void *x, size_t blocks) {
    const block_q8_0 *b = w, *a = x;
    float sum = 0;
    for (size_t i = 0; i < blocks; i++) {
        int32_t products = 0;
        for (int j = 0; j < 32; j++)
            products += b[i].qs[j] * a[i].qs[j];
        sum += f16_to_f32(b[i].d) * f16_to_f32(a[i].d) * (float)products;
    }
    return sum;
}
