// Q6_K matmul for AVX2: layout in quant/q6_K.c, arithmetic in x86/super_block_avx2.h; q - 32 as mins of 32 * scale.
// 16-bit sums of 2 vectors: 2 * 2 * 63 * 127 = 32004 fit.
#if defined(__x86_64__)
#include "isa/avx2_begin.h"
#include "x86/super_block_avx2.h"

/// Byte `first` and byte `second` of each 32-bit lane, each in the upper half of a 16-bit number.
ALWAYS_INLINE __m256i upper_bytes(__m256i bytes, int first, int second) {
    const char i = (char)first, j = (char)second;
    return _mm256_shuffle_epi8(bytes, _mm256_broadcastsi128_si256(_mm_setr_epi8(
        -1, i, -1, j, -1, (char)(i + 4), -1, (char)(j + 4), -1, (char)(i + 8), -1, (char)(j + 8), -1, (char)(i + 12), -1,
        (char)(j + 12))));
}

ALWAYS_INLINE void unpack_scales(const row_pointers *p, size_t base, super_tile *t) {
    __m256i scales[4];
    load_transposed(p, base + offsetof(block_q6_K, scales), scales);
    for (int i = 0; i < 4; i++) {
        for (int g = 0; g < 4; g++) t->scale[4 * i + g] = _mm256_srai_epi16(upper_bytes(scales[i], g, g), 8);
        t->min[2 * i] = _mm256_srai_epi16(upper_bytes(scales[i], 0, 1), 3);
        t->min[2 * i + 1] = _mm256_srai_epi16(upper_bytes(scales[i], 2, 3), 3);
    }
    t->d = load_f16_of_rows(p, base + offsetof(block_q6_K, d));
}

ALWAYS_INLINE void unpack(const row_pointers *p, size_t block, super_tile *t) {
    const size_t base = block * sizeof(block_q6_K);
    unpack_scales(p, base, t);
    const __m256i low = _mm256_set1_epi8(15), upper = _mm256_set1_epi8(0x30);
    for (size_t piece = 0; piece < 4; piece++) {   // 16 bytes of qh: values 16 * (piece % 2) of four groups of 32
        const size_t half = piece / 2, offset = base + 64 * half + 16 * (piece % 2);
        __m256i a[4], b[4], h[4];
        load_transposed(p, offset + offsetof(block_q6_K, ql), a);
        load_transposed(p, offset + offsetof(block_q6_K, ql) + 32, b);
        load_transposed(p, offset - 32 * half + offsetof(block_q6_K, qh), h);
        __m256i *q = t->q + 32 * half + 4 * (piece % 2);
        for (int j = 0; j < 4; j++) {
            const __m256i high_a = _mm256_srli_epi16(a[j], 4), high_b = _mm256_srli_epi16(b[j], 4);
            q[j] = _mm256_or_si256(_mm256_and_si256(a[j], low), _mm256_and_si256(_mm256_slli_epi16(h[j], 4), upper));
            q[j + 8] = _mm256_or_si256(_mm256_and_si256(b[j], low), _mm256_and_si256(_mm256_slli_epi16(h[j], 2), upper));
            q[j + 16] = _mm256_or_si256(_mm256_and_si256(high_a, low), _mm256_and_si256(h[j], upper));
            q[j + 24] = _mm256_or_si256(_mm256_and_si256(high_b, low),
                                        _mm256_and_si256(_mm256_srli_epi16(h[j], 2), upper));
        }
    }
}

void matmul_q6_K_q8_K_avx2(const matmul_args *a) {
    super_matmul(a, (super_type){unpack, sizeof(block_q6_K), 16, {false, 2}, integer_mins});
}
#include "isa/avx2_end.h"
#endif
