/// libFuzzer entry for the tensor types: whatever bytes blocks hold, dequantisation and the reference dot product stay in
/// bounds and defined, and quantising any floats does too. Input: one byte chooses the type, the rest are blocks and floats.
/// Compiled by tools/fuzz with AddressSanitizer and UndefinedBehaviorSanitizer, never by the package.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "quant.h"

/// Blocks are independent: two show that a function goes on where it should, one is enough for the slow quantisers.
enum { most_blocks = 2 };

static void *exactly(size_t bytes) {
    void *memory = malloc(bytes);
    if (!memory)
        abort();
    return memory;
}

/// Quantises the floats to blocks that are exactly large enough.
static void *packed(const tensor_type_info *type, const float *values, size_t count) {
    void *blocks = exactly(count / type->block_size * type->block_bytes);
    type->quantize(values, blocks, count / type->block_size);
    return blocks;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1)
        return 0;
    const tensor_type_info *type = tensor_type_get((tensor_type)(data[0] % tensor_type_count));
    size_t blocks = (size - 1) / type->block_bytes;
    blocks = blocks < most_blocks ? blocks : most_blocks;
    if (blocks == 0)
        return 0;
    const size_t count = blocks * type->block_size;
    void *w = exactly(blocks * type->block_bytes);
    memcpy(w, data + 1, blocks * type->block_bytes);
    float *values = exactly(count * sizeof(float));
    type->dequantize(w, values, blocks);
    if (type->dot) {
        void *x = packed(tensor_type_get(type->activation), values, count);
        volatile float result = type->dot(w, x, blocks);
        (void)result;
        free(x);
    }
    if (type->quantize) {
        // The input's bytes as floats, repeated: NaN, infinities and denormals among them.
        for (size_t i = 0; i < type->block_size * sizeof(float); i++)
            ((uint8_t *)values)[i] = data[1 + i % (size - 1)];
        void *again = packed(type, values, type->block_size);
        type->dequantize(again, values, 1);
        free(again);
    }
    free(values);
    free(w);
    return 0;
}
