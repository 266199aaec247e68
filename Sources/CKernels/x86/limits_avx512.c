// The limits of AVX-512: 64-byte loads, 10 independent FMAs, and VNNI's vpdpbusd: 64 products of bytes an instruction.
#include "x86/limits_x86.h"
#if defined(__x86_64__)
#include "isa/avx512_begin.h"
#include "isa/inline.h"

enum { chains = 10 };

static uint64_t read_avx512(const char *memory, size_t bytes) {
    __m512i sums[8];
    UNROLL for (int j = 0; j < 8; j++) sums[j] = _mm512_setzero_si512();
    for (size_t i = 0; i < bytes; i += 512) {
        UNROLL for (int j = 0; j < 8; j++)
            sums[j] = _mm512_xor_si512(sums[j], _mm512_load_si512((const void *)(memory + i + 64 * j)));
    }
    UNROLL for (int j = 1; j < 8; j++) sums[0] = _mm512_xor_si512(sums[0], sums[j]);
    return (uint64_t)_mm512_reduce_add_epi64(sums[0]);
}

static size_t f32_avx512(size_t rounds) {
    const __m512 half = _mm512_set1_ps(0.5f), one = _mm512_set1_ps(1);
    __m512 sums[chains];
    UNROLL for (int j = 0; j < chains; j++) sums[j] = one;
    for (size_t r = 0; r < rounds; r++) {
        UNROLL for (int j = 0; j < chains; j++) {
            sums[j] = _mm512_fmadd_ps(sums[j], half, one);
            __asm__ volatile("" : "+v"(sums[j]));
        }
    }
    return 2 * 16 * chains * rounds;
}

static size_t int8_avx512(size_t rounds) {
    __m512i a = _mm512_set1_epi8(3), sums[chains];
    UNROLL for (int j = 0; j < chains; j++) sums[j] = _mm512_setzero_si512();
    for (size_t r = 0; r < rounds; r++) {
        UNROLL for (int j = 0; j < chains; j++) {
            sums[j] = _mm512_dpbusd_epi32(sums[j], a, a);
            __asm__ volatile("" : "+v"(sums[j]));
        }
    }
    return 2 * 64 * chains * rounds;
}
#include "isa/avx512_end.h"

const limit_loops limit_loops_avx512 = {read_avx512, f32_avx512, int8_avx512};
#endif
