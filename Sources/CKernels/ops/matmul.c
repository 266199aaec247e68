// Scalar matmul: y[c * y_stride + r] = dot(w row r, x row c), with the type's scalar dot product.
// One function per row of tensor_types.def, because a slot knows its type and its arguments do not repeat it.
#include "ops/ops.h"

static void matmul_by_dot(const matmul_args *a, tensor_type type) {
    const tensor_type_info *info = tensor_type_get(type);
    const size_t blocks = a->k / info->block_size;
    for (size_t c = 0; c < a->columns; c++) {
        const char *x = (const char *)a->x + c * a->x_row_bytes;
        for (size_t r = 0; r < a->rows; r++) {
            a->y[c * a->y_stride + r] = info->dot((const char *)a->w + r * a->w_row_bytes, x, blocks);
        }
    }
}

#define TENSOR_TYPE(name, label, ggml_id, block, bytes, activation, quantizer, dot_product) \
    static void matmul_##name(const matmul_args *a) { matmul_by_dot(a, tensor_type_##name); }
#include "tensor_types.def"
#undef TENSOR_TYPE

void (*matmul_reference(tensor_type type))(const matmul_args *args) {
    static void (*const table[tensor_type_count])(const matmul_args *) = {
#define TENSOR_TYPE(name, label, ggml_id, block, bytes, activation, quantizer, dot_product) matmul_##name,
#include "tensor_types.def"
#undef TENSOR_TYPE
    };
    return tensor_type_get(type)->dot ? table[type] : NULL;
}
