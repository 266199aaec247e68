/// Q8_K: y[256] = d * q. Block: f32 d | 256 int8 | 16 int16, the sums of 16 consecutive q. Activations only: the sums let
/// a dot product subtract the minimum of a group of weights without touching the single values.
#include "quant/blocks.h"
#include "quant/rounding.h"

void dequantize_q8_K(const void *w, float *y, size_t blocks) {
    const block_q8_K *b = w;
    for (size_t i = 0; i < blocks; i++)
        for (int j = 0; j < super_block; j++)
            y[super_block * i + j] = b[i].d * b[i].qs[j];
}

// The extreme value becomes -127 exactly; round half to even. d is negative where the extreme value is positive.
void quantize_q8_K(const float *x, void *w, size_t blocks) {
    block_q8_K *b = w;
    for (size_t i = 0; i < blocks; i++, x += super_block) {
        const float extreme = extreme_value(x, super_block);
        const float scale = extreme != 0 ? -127 / extreme : 0;
        b[i].d = reciprocal(scale);
        for (int g = 0; g < 16; g++) {
            int sum = 0;
            for (int j = 16 * g; j < 16 * g + 16; j++) {
                b[i].qs[j] = (int8_t)truncated(nearbyintf(x[j] * scale), -127, 127);
                sum += b[i].qs[j];
            }
            b[i].bsums[g] = (int16_t)sum;
        }
    }
}
