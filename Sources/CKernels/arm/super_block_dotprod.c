// Matmul of the types with super-blocks by sdot: arithmetic in arm/super_block.h, unpacking in arm/<type>.h.
#if defined(__aarch64__)
#include "isa/dotprod_begin.h"
#include "arm/sum_16_dotprod.h"
#include "arm/four_bit_tables.h"
#include "arm/q2_K.h"
#include "arm/q4_K.h"
#include "arm/q5_K.h"
#include "arm/q6_K.h"
#include "quant/families.h"

#define MATMUL(name) \
    void matmul_##name##_q8_K_dotprod(const matmul_args *a) { super_matmul(a, type_##name(), false); } \
    void interleaved_##name##_q8_K_dotprod(const matmul_args *a) { super_matmul(a, type_##name(), true); }
SUPER_BLOCK_TYPES(MATMUL)
#include "isa/dotprod_end.h"
#endif
