// Detection by the compiler's CPU model (which also asks whether the OS saves the wide registers) and cpuid for F16C,
// which older compilers do not name. "avx2" means AVX2 + FMA + F16C, "avx512" means F, BW, VL, DQ and VNNI besides.
// Every 64-bit ARM core has "neon"; Linux tells whether it has dot products of bytes besides, which is "dotprod".
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

#if defined(__aarch64__)
static bool has_neon(void) { return true; }
#else
static bool has_neon(void) { return false; }
#endif

#if defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
static bool has_dotprod(void) { return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0; }
#else
static bool has_dotprod(void) { return false; }
#endif

bool cpu_supports(const char *isa) {
    if (strcmp(isa, "scalar") == 0) return true;
    if (strcmp(isa, "avx2") == 0) return has_avx2();
    if (strcmp(isa, "avx512") == 0) return has_avx512();
    if (strcmp(isa, "neon") == 0) return has_neon();
    if (strcmp(isa, "dotprod") == 0) return has_dotprod();
    return false;
}
