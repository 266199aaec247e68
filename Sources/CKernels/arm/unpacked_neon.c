// Matmul of the super-block types that the reference unpacks by plain NEON: arm/unpacked.h.
#if defined(__aarch64__)
#include <arm_neon.h>
#include "isa/no_contraction.h"
#include "arm/sum_16_neon.h"
#include "arm/unpacked.h"

#define MATMUL(name) \
    void matmul_##name##_q8_K_neon(const matmul_args *a) { super_matmul(a, type_##name(), false); }
MATMUL(iq1_s)
MATMUL(iq1_m)
MATMUL(iq2_xxs)
MATMUL(iq2_xs)
MATMUL(iq2_s)
MATMUL(iq3_xxs)
MATMUL(iq3_s)
MATMUL(tq1_0)
MATMUL(tq2_0)
#endif
