/// F32: IEEE binary32, stored as is.
#include <string.h>
#include "quant/blocks.h"

void dequantize_f32(const void *w, float *y, size_t blocks) {
    memcpy(y, w, blocks * sizeof(float));
}

void quantize_f32(const float *x, void *w, size_t blocks) {
    memcpy(w, x, blocks * sizeof(float));
}

// Products of two f32 are exact in double, so only the additions round.
float dot_f32(const void *w, const void *x, size_t blocks) {
    const block_f32 *b = w, *a = x;
    double sum = 0;
    for (size_t i = 0; i < blocks; i++)
        sum += (double)b[i] * a[i];
    return (float)sum;
}
