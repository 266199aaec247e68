/// The constants of every tensor type, generated from tensor_types.def.
#include "quant/blocks.h"

static const tensor_type_info infos[tensor_type_count] = {
#define TENSOR_TYPE(name, label, ggml_id, block, bytes, activation, quantizer, dot_product) \
    {label, ggml_id, block, bytes, tensor_type_##activation, dequantize_##name, quantizer, dot_product},
#include "tensor_types.def"
#undef TENSOR_TYPE
};

const tensor_type_info *tensor_type_get(tensor_type type) {
    return &infos[type];
}

tensor_type tensor_type_from_ggml(uint32_t ggml_id) {
    for (unsigned type = 0; type < tensor_type_count; type++)
        if (infos[type].ggml_id == ggml_id)
            return (tensor_type)type;
    return tensor_type_count;
}
