// The limits of AVX2: 32-byte loads, 10 independent FMAs (latency 4, two a cycle, and room to spare), and products of bytes
// by vpmaddubsw added up in 16 bits, which is the most bytes multiplied per instruction that AVX2 allows.
#include <string.h>
#include "ops/limits.h"
#include "x86/limits_x86.h"
#if defined(__x86_64__)
#include "isa/avx2_begin.h"
#include "isa/inline.h"

enum { chains = 10 };

static uint64_t read_avx2(const char *memory, size_t bytes) {
    __m256i sums[8];
    UNROLL for (int j = 0; j < 8; j++) sums[j] = _mm256_setzero_si256();
    for (size_t i = 0; i < bytes; i += 256) {
        UNROLL for (int j = 0; j < 8; j++)
            sums[j] = _mm256_xor_si256(sums[j], _mm256_load_si256((const __m256i *)(memory + i + 32 * j)));
    }
    UNROLL for (int j = 1; j < 8; j++) sums[0] = _mm256_xor_si256(sums[0], sums[j]);
    return (uint64_t)_mm256_extract_epi64(sums[0], 0) ^ (uint64_t)_mm256_extract_epi64(sums[0], 2);
}

static size_t f32_avx2(size_t rounds) {
    const __m256 half = _mm256_set1_ps(0.5f), one = _mm256_set1_ps(1);
    __m256 sums[chains];
    UNROLL for (int j = 0; j < chains; j++) sums[j] = one;
    for (size_t r = 0; r < rounds; r++) {
        UNROLL for (int j = 0; j < chains; j++) {
            sums[j] = _mm256_fmadd_ps(sums[j], half, one);
            __asm__ volatile("" : "+x"(sums[j]));
        }
    }
    return 2 * 8 * chains * rounds;
}

static size_t int8_avx2(size_t rounds) {
    __m256i a = _mm256_set1_epi8(3), sums[chains];
    UNROLL for (int j = 0; j < chains; j++) sums[j] = _mm256_setzero_si256();
    for (size_t r = 0; r < rounds; r++) {
        UNROLL for (int j = 0; j < chains; j++) {
            __asm__ volatile("" : "+x"(a));
            sums[j] = _mm256_add_epi16(sums[j], _mm256_maddubs_epi16(a, a));
            __asm__ volatile("" : "+x"(sums[j]));
        }
    }
    return 2 * 32 * chains * rounds;
}
#include "isa/avx2_end.h"

static const limit_loops avx2_loops = {read_avx2, f32_avx2, int8_avx2};

const limit_loops *limit_loops_for_x86(const char *isa) {
    if (strcmp(isa, "avx2") == 0) return &avx2_loops;
    return strcmp(isa, "avx512") == 0 ? &limit_loops_avx512 : NULL;
}
#else
const limit_loops *limit_loops_for_x86(const char *isa) { return (void)isa, NULL; }
#endif
