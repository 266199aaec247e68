/// I8, I16, I32, I64, F64: numbers that GGUF files may carry beside weights. They can be read as f32, not multiplied.
#include "quant/blocks.h"

#define DEQUANTIZE(name)                                                \
    void dequantize_##name(const void *w, float *y, size_t blocks) {    \
        const block_##name *b = w;                                      \
        for (size_t i = 0; i < blocks; i++)                             \
            y[i] = (float)b[i];                                         \
    }

DEQUANTIZE(i8)
DEQUANTIZE(i16)
DEQUANTIZE(i32)
DEQUANTIZE(i64)
DEQUANTIZE(f64)
