/// Q8_1: y[32] = d * q. Block: f16 d, s | 32 int8; s = d * sum(q), by which a dot product adds the minimum of a block of
/// Q4_1 or Q5_1. Activations only.
#include "quant/blocks.h"
#include "quant/rounding.h"

void dequantize_q8_1(const void *w, float *y, size_t blocks) {
    const block_q8_1 *b = w;
    for (size_t i = 0; i < blocks; i++) {
        const float d = f16_to_f32(b[i].d);
        for (int j = 0; j < 32; j++)
            y[32 * i + j] = d * b[i].qs[j];
    }
}

// As Q8_0; s is made with the scale not yet rounded to f16.
void quantize_q8_1(const float *x, void *w, size_t blocks) {
    block_q8_1 *b = w;
    for (size_t i = 0; i < blocks; i++, x += 32) {
        const float d = fabsf(extreme_value(x, 32)) / 127;
        const float id = reciprocal(d);
        int sum = 0;
        for (int j = 0; j < 32; j++) {
            b[i].qs[j] = (int8_t)truncated(roundf(x[j] * id), -127, 127);
            sum += b[i].qs[j];
        }
        b[i].d = f32_to_f16(d);
        b[i].s = f32_to_f16(d * (float)sum);
    }
}
