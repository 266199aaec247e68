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

/// Block by block in the same order, so the sums have the same bits (a dot product starts at 0 and adds its blocks).
static void interleaved_by_dot(const matmul_args *a, tensor_type type) {
    enum { largest_block = 256 };
    const tensor_type_info *info = tensor_type_get(type), *activation = tensor_type_get(info->activation);
    const size_t x_bytes = info->block_size / activation->block_size * activation->block_bytes;
    _Alignas(8) char block[largest_block];
    for (size_t r = 0; r < a->rows; r++) {
        const size_t row = r % interleaved_rows;
        const char *group = (const char *)a->w + (r - row) * a->w_row_bytes;
        for (size_t c = 0; c < a->columns; c++) {
            const char *x = (const char *)a->x + c * a->x_row_bytes;
            float sum = 0;
            for (size_t i = 0; i < a->k / info->block_size; i++) {
                take_interleaved_block(type, group + i * interleaved_rows * info->block_bytes, row, block);
                sum += info->dot(block, x + i * x_bytes, 1);
            }
            a->y[c * a->y_stride + r] = sum;
        }
    }
}

#define TENSOR_TYPE(name, label, ggml_id, block, bytes, activation, quantizer, dot_product) \
    static void matmul_##name(const matmul_args *a) { matmul_by_dot(a, tensor_type_##name); } \
    static void interleaved_##name(const matmul_args *a) { interleaved_by_dot(a, tensor_type_##name); }
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

void (*matmul_interleaved_reference(tensor_type type))(const matmul_args *args) {
    static void (*const table[tensor_type_count])(const matmul_args *) = {
#define TENSOR_TYPE(name, label, ggml_id, block, bytes, activation, quantizer, dot_product) interleaved_##name,
#include "tensor_types.def"
#undef TENSOR_TYPE
    };
    return tensor_type_interleaves(type) ? table[type] : NULL;
}
