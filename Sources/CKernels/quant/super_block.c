/// Dequantisation and reference dot product of every type that unpacks into the common super-block form.
#include "quant/super_block.h"

void dequantize_super_blocks(super_block_layout layout, const void *w, float *y, size_t blocks) {
    const char *block = w;
    for (size_t i = 0; i < blocks; i++, block += layout.bytes, y += super_block) {
        unpacked_super_block u = {0};
        layout.unpack(block, &u);
        for (int g = 0; g < 16; g++) {
            const float scale = u.d * u.scale[g];
            const float min = u.dmin * u.min[g];
            for (int j = 16 * g; j < 16 * g + 16; j++)
                y[j] = scale * u.q[j] - min;
        }
    }
}

// Integer sums inside a super-block are exact: |scale| <= 128, |q| <= 127, |x| <= 128 keep them below 2^30.
float dot_super_blocks(super_block_layout layout, const void *w, const block_q8_K *x, size_t blocks) {
    const char *block = w;
    float sum = 0;
    for (size_t i = 0; i < blocks; i++, block += layout.bytes, x++) {
        unpacked_super_block u = {0};
        layout.unpack(block, &u);
        int32_t products = 0, mins = 0;
        for (int g = 0; g < 16; g++) {
            int32_t group = 0;
            for (int j = 16 * g; j < 16 * g + 16; j++)
                group += u.q[j] * x->qs[j];
            products += u.scale[g] * group;
            mins += u.min[g] * x->bsums[g];
        }
        sum += u.d * x->d * (float)products - u.dmin * x->d * (float)mins;
    }
    return sum;
}
