// Matmul of the types with blocks of 32 values by sdot: arithmetic in arm/block.h, unpacking in arm/<type>.h.
#if defined(__aarch64__)
#include "isa/dotprod_begin.h"
#include "arm/sum_16_dotprod.h"
#include "arm/four_bit_tables.h"
#include "arm/q4_0.h"
#include "arm/q5_0.h"
#include "arm/q8_0.h"
#include "quant/families.h"

#define MATMUL(name, activation) \
    void matmul_##name##_##activation##_dotprod(const matmul_args *a) { block_matmul(a, type_##name(), false); } \
    void interleaved_##name##_##activation##_dotprod(const matmul_args *a) { block_matmul(a, type_##name(), true); }
BLOCK_TYPES(MATMUL)
#include "isa/dotprod_end.h"
#endif
