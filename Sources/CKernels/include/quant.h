/// Tensor types: layout of a block, its exact meaning (dequantize), its reference quantiser and scalar dot product.
#ifndef QUANT_H
#define QUANT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum tensor_type {
#define TENSOR_TYPE(name, label, ggml_id, block, bytes, activation, quantizer, dot_product) tensor_type_##name,
#include "tensor_types.def"
#undef TENSOR_TYPE
    tensor_type_count
} tensor_type;

/// What is known of a tensor type; one constant per row of tensor_types.def.
typedef struct tensor_type_info {
    const char *label;       ///< as users and files write it: "Q4_K"
    uint32_t ggml_id;        ///< the number in GGUF files
    uint32_t block_size;     ///< values per block
    uint32_t block_bytes;    ///< bytes per block
    tensor_type activation;  ///< what activations are converted to before the dot product
    /// y[blocks * block_size] from `blocks` packed blocks: the definition of the type.
    void (*dequantize)(const void *w, float *y, size_t blocks);
    /// Reference quantiser, or NULL where the type has none.
    void (*quantize)(const float *x, void *w, size_t blocks);
    /// Scalar dot product of `blocks` weight blocks with as many values in the activation type; NULL for types that
    /// are no weights (Q8_K, integers, F64).
    float (*dot)(const void *w, const void *x, size_t blocks);
} tensor_type_info;

/// Never NULL for type < tensor_type_count.
const tensor_type_info *tensor_type_get(tensor_type type);

/// The type with this ggml id, or tensor_type_count.
tensor_type tensor_type_from_ggml(uint32_t ggml_id);

/// Rows that are interleaved with each other, for kernels that want a piece of 8 rows in one vector (quant/interleave.c).
enum { interleaved_rows = 8 };

/// Whether rows of this type can be interleaved.
bool tensor_type_interleaves(tensor_type type);
/// 8 rows, row_bytes apart, to as many bytes; `out` must not overlap them.
void interleave_rows(tensor_type type, const void *rows, size_t row_bytes, void *out);
/// One block of row `row` < 8 out of the 8 blocks at `group`: the inverse.
void take_interleaved_block(tensor_type type, const void *group, size_t row, void *block);

/// IEEE binary16 to binary32 and back, round to nearest even, NaN kept quiet.
float f16_to_f32(uint16_t h);
uint16_t f32_to_f16(float f);
#endif
