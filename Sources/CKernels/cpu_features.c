// Detection by the compiler's CPU model (which also asks whether the OS saves the wide registers) and cpuid for F16C,
// which older compilers do not name. "avx2" means AVX2 + FMA + F16C, "avx512" means F, BW, VL, DQ and VNNI besides.
#include "cpu_features.h"
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>

static bool has_avx2(void) {
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_F16C)) return false;
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool has_avx512(void) {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vnni");
}
#else
static bool has_avx2(void) { return false; }
static bool has_avx512(void) { return false; }
#endif

bool cpu_supports(const char *isa) {
    if (strcmp(isa, "scalar") == 0) return true;
    if (strcmp(isa, "avx2") == 0) return has_avx2();
    if (strcmp(isa, "avx512") == 0) return has_avx512();
    return false;
}
