/// F16: IEEE binary16, and the conversions every other type uses for its scales. Bit arithmetic only, exact on every CPU.
#include "quant/blocks.h"

float f16_to_f32(uint16_t h) {
    const uint32_t sign = (uint32_t)(h & 0x8000) << 16;
    const uint32_t magnitude = h & 0x7fff;
    if (magnitude > 0x7c00)   // NaN: keep the payload, set the quiet bit
        return float_from_bits(sign | 0x7fc00000 | magnitude << 13);
    if (magnitude == 0x7c00)
        return float_from_bits(sign | 0x7f800000);
    if (magnitude < 0x0400)   // zero and subnormals: a multiple of 2^-24
        return float_from_bits(sign | bits_of_float((float)magnitude * 0x1p-24f));
    return float_from_bits(sign | ((magnitude << 13) + (112u << 23)));   // exponent bias 15 -> 127
}

uint16_t f32_to_f16(float f) {
    const uint32_t bits = bits_of_float(f);
    const uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
    const uint32_t magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000)
        return (uint16_t)(sign | 0x7e00 | (magnitude >> 13 & 0x03ff));
    if (magnitude >= 0x477ff000)   // 65520 and more round to infinity
        return sign | 0x7c00;
    if (magnitude < 0x38800000)   // below 2^-14: the unit in the last place of 0.5 is 2^-24, so the addition rounds
        return (uint16_t)(sign | (bits_of_float(float_from_bits(magnitude) + 0.5f) - 0x3f000000));
    const uint32_t even = magnitude >> 13 & 1;
    return (uint16_t)(sign | ((magnitude + 0x0fff + even - (112u << 23)) >> 13));
}

void dequantize_f16(const void *w, float *y, size_t blocks) {
    const block_f16 *b = w;
    for (size_t i = 0; i < blocks; i++)
        y[i] = f16_to_f32(b[i]);
}

void quantize_f16(const float *x, void *w, size_t blocks) {
    block_f16 *b = w;
    for (size_t i = 0; i < blocks; i++)
        b[i] = f32_to_f16(x[i]);
}

// Products of f16 and f32 are exact in double, so only the additions round.
float dot_f16(const void *w, const void *x, size_t blocks) {
    const block_f16 *b = w;
    const block_f32 *a = x;
    double sum = 0;
    for (size_t i = 0; i < blocks; i++)
        sum += (double)f16_to_f32(b[i]) * a[i];
    return (float)sum;
}
