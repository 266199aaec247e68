// AVX-512 matmul of the types with blocks of 32 values: arithmetic in x86/block_avx512.h, unpacking in x86/<type>.h.
#if defined(__x86_64__)
#include "isa/avx512_begin.h"
#include "x86/block_avx512.h"
#include "x86/four_bit_tables.h"
#include "x86/q4_0.h"
#include "x86/q5_0.h"
#include "x86/q8_0.h"
#include "quant/families.h"

#define MATMUL(name, activation)                                        \
    void matmul_##name##_##activation##_avx2(const matmul_args *a);     \
    void matmul_##name##_##activation##_avx512(const matmul_args *a) {  \
        if (a->columns <= 2) matmul_##name##_##activation##_avx2(a);    \
        else wide_block_matmul(a, type_##name(), false);                \
    }                                                                   \
    void interleaved_##name##_##activation##_avx2(const matmul_args *a);\
    void interleaved_##name##_##activation##_avx512(const matmul_args *a) { \
        if (a->columns <= 2) interleaved_##name##_##activation##_avx2(a); \
        else wide_block_matmul(a, type_##name(), true);                 \
    }
BLOCK_TYPES(MATMUL)
#include "isa/avx512_end.h"
#endif
