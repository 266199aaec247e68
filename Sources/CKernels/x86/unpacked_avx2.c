// AVX2 matmul of the super-block types that the reference unpacks: x86/unpacked.h.
#if defined(__x86_64__)
#include "isa/avx2_begin.h"
#include "x86/unpacked.h"
#include "quant/families.h"

#define MATMUL(name) \
    void matmul_##name##_q8_K_avx2(const matmul_args *a) { super_matmul(a, type_##name(), false); }
UNPACKED_TYPES(MATMUL)
#include "isa/avx2_end.h"
#endif
