// F16 and BF16 to floats and floats to F16 for NEON, bit by bit what quant/f16.c and quant/bf16.c give: caches are stored in
// F16, and weights become floats on their way to OpenBLAS. The conversions round to nearest even and keep the payload of a NaN.
#if defined(__aarch64__)
#include "isa/no_contraction.h"
#include "arm/neon.h"

void dequantize_f16_neon(const void *w, float *y, size_t blocks) {
    const uint16_t *h = w;
    size_t i = 0;
    for (; i + 4 <= blocks; i += 4) vst1q_f32(y + i, floats_of_f16(vld1_u16(h + i)));
    dequantize_f16(h + i, y + i, blocks - i);
}

void dequantize_bf16_neon(const void *w, float *y, size_t blocks) {
    const uint16_t *h = w;
    size_t i = 0;
    for (; i + 4 <= blocks; i += 4) vst1q_f32(y + i, floats_of_bf16(vld1_u16(h + i)));
    dequantize_bf16(h + i, y + i, blocks - i);
}

void quantize_f16_neon(const float *x, void *y, size_t blocks) {
    uint16_t *h = y;
    size_t i = 0;
    for (; i + 4 <= blocks; i += 4) vst1_u16(h + i, vreinterpret_u16_f16(vcvt_f16_f32(vld1q_f32(x + i))));
    quantize_f16(x + i, h + i, blocks - i);
}
#endif
