// AVX2 matmul of the types with super-blocks: arithmetic in x86/super_block_avx2.h, unpacking in x86/<type>.h.
#if defined(__x86_64__)
#include "isa/avx2_begin.h"
#include "x86/four_bit_tables.h"
#include "x86/q2_K.h"
#include "x86/q4_K.h"
#include "x86/q5_K.h"
#include "x86/q6_K.h"
#include "quant/families.h"

#define MATMUL(name) \
    void matmul_##name##_q8_K_avx2(const matmul_args *a) { super_matmul(a, type_##name(), false); } \
    void interleaved_##name##_q8_K_avx2(const matmul_args *a) { super_matmul(a, type_##name(), true); }
SUPER_BLOCK_TYPES(MATMUL)
#include "isa/avx2_end.h"
#endif
