// AVX2 matmul of the super-block types that the reference unpacks: x86/unpacked.h.
#if defined(__x86_64__)
#include "isa/avx2_begin.h"
#include "x86/unpacked.h"

#define MATMUL(name) \
    void matmul_##name##_q8_K_avx2(const matmul_args *a) { super_matmul(a, type_##name(), false); }
MATMUL(iq1_s)
MATMUL(iq1_m)
MATMUL(iq2_xxs)
MATMUL(iq2_xs)
MATMUL(iq2_s)
MATMUL(iq3_xxs)
MATMUL(iq3_s)
MATMUL(tq1_0)
MATMUL(tq2_0)
#include "isa/avx2_end.h"
#endif
