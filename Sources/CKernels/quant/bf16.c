/// BF16: the upper half of a binary32. Rounds to nearest even; NaN stays NaN (quiet).
#include "quant/blocks.h"

static float bf16_to_f32(uint16_t h) {
    return float_from_bits((uint32_t)h << 16);
}

void dequantize_bf16(const void *w, float *y, size_t blocks) {
    const block_bf16 *b = w;
    for (size_t i = 0; i < blocks; i++)
        y[i] = bf16_to_f32(b[i]);
}

void quantize_bf16(const float *x, void *w, size_t blocks) {
    block_bf16 *b = w;
    for (size_t i = 0; i < blocks; i++) {
        const uint32_t bits = bits_of_float(x[i]);
        const int is_nan = (bits & 0x7fffffff) > 0x7f800000;
        b[i] = (uint16_t)(is_nan ? bits >> 16 | 64 : (bits + 0x7fff + (bits >> 16 & 1)) >> 16);
    }
}

float dot_bf16(const void *w, const void *x, size_t blocks) {
    const block_bf16 *b = w;
    const block_f32 *a = x;
    double sum = 0;
    for (size_t i = 0; i < blocks; i++)
        sum += (double)bf16_to_f32(b[i]) * a[i];
    return (float)sum;
}
