// Quantises a row of ones, multiplies it with ones, and says the sum: the installed header and library fit together.
#include <ckernels.h>
#include <stdio.h>

int main(void) {
    enum { k = 256, most_bytes = 4 * k };
    const tensor_type_info *weight = tensor_type_get(tensor_type_q8_0), *activation = tensor_type_get(weight->activation);
    float ones[k], y = 0;
    char w[most_bytes], x[most_bytes];
    for (int i = 0; i < k; i++) ones[i] = 1;
    weight->quantize(ones, w, k / weight->block_size);
    kernels_quantize(kernels_current(), weight->activation, ones, x, k / activation->block_size);
    kernels_matmul(kernels_current(), tensor_type_q8_0,
                   &(matmul_args){.w = w, .x = x, .y = &y, .y_stride = 1, .k = k, .rows = 1, .columns = 1});
    printf("%s: %.2f\n", kernels_current()->isa, (double)y);
    return y > 255 && y < 257 ? 0 : 1;
}
