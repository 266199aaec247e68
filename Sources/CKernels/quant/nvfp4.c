/// NVFP4: 4 groups of 16, y = scale * E2M1 value. Block: 4 scales in unsigned E4M3 | 32 bytes: for each group 8 bytes, low
/// nibbles the first 8 values, high nibbles the second. The table holds doubled values, so the scales are halved here.
#include "quant/blocks.h"

static float half_scale(uint8_t e4m3) {
    const int exponent = e4m3 >> 3 & 15, mantissa = e4m3 & 7;
    if (e4m3 == 0x7f)   // NaN in E4M3, read as zero
        return 0;
    if (exponent == 0)
        return (float)mantissa * 0x1p-10f;
    return float_from_bits((uint32_t)(exponent - 8 + 127) << 23 | (uint32_t)mantissa << 20);
}

void dequantize_nvfp4(const void *w, float *y, size_t blocks) {
    const block_nvfp4 *b = w;
    for (size_t i = 0; i < blocks; i++)
        for (int g = 0; g < 4; g++, y += 16) {
            const float d = half_scale(b[i].d[g]);
            for (int j = 0; j < 8; j++) {
                const uint8_t packed = b[i].qs[8 * g + j];
                y[j] = d * e2m1_doubled[packed & 15];
                y[j + 8] = d * e2m1_doubled[packed >> 4];
            }
        }
}

float dot_nvfp4(const void *w, const void *x, size_t blocks) {
    const block_nvfp4 *b = w;
    const block_q8_0 *a = x;   // two for each block of weights
    float sum = 0;
    for (size_t i = 0; i < blocks; i++)
        for (int g = 0; g < 4; g++) {
            const block_q8_0 *ag = a + 2 * i + g / 2;
            const int8_t *q = ag->qs + 16 * (g % 2);
            int32_t products = 0;
            for (int j = 0; j < 8; j++) {
                const uint8_t packed = b[i].qs[8 * g + j];
                products += e2m1_doubled[packed & 15] * q[j];
                products += e2m1_doubled[packed >> 4] * q[j + 8];
            }
            sum += half_scale(b[i].d[g]) * f16_to_f32(ag->d) * (float)products;
        }
    return sum;
}
