// Matmul of the super-block types that the reference unpacks by sdot: arm/unpacked.h.
#if defined(__aarch64__)
#include "isa/dotprod_begin.h"
#include "arm/sum_16_dotprod.h"
#include "arm/unpacked.h"

#define MATMUL(name) \
    void matmul_##name##_q8_K_dotprod(const matmul_args *a) { super_matmul(a, type_##name(), false); }
MATMUL(iq1_s)
MATMUL(iq1_m)
MATMUL(iq2_xxs)
MATMUL(iq2_xs)
MATMUL(iq2_s)
MATMUL(iq3_xxs)
MATMUL(iq3_s)
MATMUL(tq1_0)
MATMUL(tq2_0)
#include "isa/dotprod_end.h"
#endif
