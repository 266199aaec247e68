/// MXFP4: y[32] = 2^(e - 127) * E2M1 value. Block: u8 e | 16 bytes, low nibbles = y[0..15], high nibbles = y[16..31].
/// The table holds doubled values, so the scale here is 2^(e - 128). e = 255 is not treated as NaN, as in ggml.
/// Source: OCP Microscaling Formats specification 1.0.
#include "quant/blocks.h"
#include "quant/rounding.h"

static float half_scale(uint8_t e) {
    return float_from_bits(e < 2 ? 0x00200000u << e : (uint32_t)(e - 1) << 23);   // below 2^-126: subnormal
}

void dequantize_mxfp4(const void *w, float *y, size_t blocks) {
    const block_mxfp4 *b = w;
    for (size_t i = 0; i < blocks; i++, y += 32) {
        const float d = half_scale(b[i].e);
        for (int j = 0; j < 16; j++) {
            y[j] = d * e2m1_doubled[b[i].qs[j] & 15];
            y[j + 16] = d * e2m1_doubled[b[i].qs[j] >> 4];
        }
    }
}

static uint8_t nearest(float x, float d) {
    uint8_t best = 0;
    for (uint8_t q = 1; q < 16; q++)
        if (fabsf(e2m1_doubled[q] * d - x) < fabsf(e2m1_doubled[best] * d - x))
            best = q;
    return best;
}

// e such that the largest magnitude falls into the table's last octave, 4 ... 8 (values above 6 become 6).
void quantize_mxfp4(const float *x, void *w, size_t blocks) {
    block_mxfp4 *b = w;
    for (size_t i = 0; i < blocks; i++, x += 32) {
        const float largest = fabsf(extreme_value(x, 32));
        const int e = largest > 0 ? ilogbf(largest) - 2 + 127 : 0;
        b[i].e = (uint8_t)(e < 0 ? 0 : e);
        const float d = half_scale(b[i].e);
        for (int j = 0; j < 16; j++)
            b[i].qs[j] = (uint8_t)(nearest(x[j], d) | nearest(x[j + 16], d) << 4);
    }
}

float dot_mxfp4(const void *w, const void *x, size_t blocks) {
    const block_mxfp4 *b = w;
    const block_q8_0 *a = x;
    float sum = 0;
    for (size_t i = 0; i < blocks; i++) {
        int32_t products = 0;
        for (int j = 0; j < 16; j++) {
            products += e2m1_doubled[b[i].qs[j] & 15] * a[i].qs[j];
            products += e2m1_doubled[b[i].qs[j] >> 4] * a[i].qs[j + 16];
        }
        sum += half_scale(b[i].e) * f16_to_f32(a[i].d) * (float)products;
    }
    return sum;
}
