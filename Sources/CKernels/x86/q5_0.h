/// Q5_0 and Q5_1 unpacked for 8 rows: layouts in quant/q5_0.c and q5_1.c, arithmetic in x86/block_avx2.h.
/// 16-bit sums of 4 vectors: 4 * 2 * 31 * 127 = 31496 fit.
#ifndef X86_Q5_0_H
#define X86_Q5_0_H
#include "x86/block_avx2.h"

/// Adds 16 where bit k of the 32 bits at `offset` of a row is set, to its value k.
ALWAYS_INLINE void add_fifth_bits(const row_pointers *p, size_t offset, __m256i q[8]) {
    const __m256i bits = load_words(p, offset);
    UNROLL for (int j = 0; j < 8; j++) {   // values 4j ..< 4j + 4 have half of byte j / 2
        const char b = (char)(j / 2);
        const __m256i byte = _mm256_shuffle_epi8(bits, _mm256_broadcastsi128_si256(_mm_setr_epi8(
            b, b, b, b, (char)(b + 4), (char)(b + 4), (char)(b + 4), (char)(b + 4), (char)(b + 8), (char)(b + 8),
            (char)(b + 8), (char)(b + 8), (char)(b + 12), (char)(b + 12), (char)(b + 12), (char)(b + 12))));
        const __m256i mask = _mm256_set1_epi32((int)(j % 2 ? 0x80402010u : 0x08040201u));
        const __m256i set = _mm256_cmpeq_epi8(_mm256_and_si256(byte, mask), mask);
        q[j] = _mm256_or_si256(q[j], _mm256_and_si256(set, _mm256_set1_epi8(16)));
    }
}

ALWAYS_INLINE void unpack_q5_0(const row_pointers *p, size_t block, block_tile *t) {
    const size_t base = block * sizeof(block_q5_0);
    t->d = load_f16_of_rows(p, base);
    unpack_nibbles(p, base + offsetof(block_q5_0, qs), t->q);
    add_fifth_bits(p, base + offsetof(block_q5_0, qh), t->q);
}

ALWAYS_INLINE void unpack_q5_1(const row_pointers *p, size_t block, block_tile *t) {
    const size_t base = block * sizeof(block_q5_1);
    t->d = load_f16_of_rows(p, base);
    t->m = load_f16_of_rows(p, base + offsetof(block_q5_1, m));
    unpack_nibbles(p, base + offsetof(block_q5_1, qs), t->q);
    add_fifth_bits(p, base + offsetof(block_q5_1, qh), t->q);
}

ALWAYS_INLINE block_type type_q5_0(void) {
    return (block_type){.unpack = unpack_q5_0, .bytes = sizeof(block_q5_0), .mode = {.widen = 4},
                        .offset = 16, .direct = 2};
}

ALWAYS_INLINE block_type type_q5_1(void) {
    return (block_type){.unpack = unpack_q5_1, .bytes = sizeof(block_q5_1), .mode = {.widen = 4},
                        .has_min = true, .direct = 2};
}
#endif
