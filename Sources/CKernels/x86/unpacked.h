/// Super-block types without a vector unpacking of their own: 8 rows are unpacked by the reference
/// (quant/super_block.h) into a tile, which all columns share. Arithmetic in x86/super_block_avx2.h, on signed bytes.
/// Their mins are all zero: offsets are in the values.
#ifndef X86_UNPACKED_H
#define X86_UNPACKED_H
#include "x86/super_block_avx2.h"
#include "quant/families.h"
#include "quant/super_block.h"

ALWAYS_INLINE void unpack_rows(const super_block_layout *layout, const row_pointers *p, size_t offset, super_tile *t) {
    unpacked_super_block rows[tile_rows];
    row_pointers unpacked = {.interleaved = false};
    float d[tile_rows];
    for (int r = 0; r < tile_rows; r++) {
        layout->unpack(p->row[r] + offset, &rows[r]);
        unpacked.row[r] = (const char *)&rows[r];
        d[r] = rows[r].d;
    }
    t->d = _mm256_loadu_ps(d);
    for (size_t j = 0; j < 16; j++)
        load_transposed(&unpacked, offsetof(unpacked_super_block, q) + 16 * j, t->q + 4 * j);
    for (size_t half = 0; half < 2; half++) {
        __m256i pairs[4];   // the scales of two groups in each lane
        load_transposed(&unpacked, offsetof(unpacked_super_block, scale) + 16 * half, pairs);
        for (int j = 0; j < 4; j++) {
            const __m256i first = _mm256_and_si256(pairs[j], _mm256_set1_epi32(0xffff));
            const __m256i second = _mm256_srli_epi32(pairs[j], 16);
            t->scale[8 * half + 2 * (size_t)j] = _mm256_or_si256(first, _mm256_slli_epi32(first, 16));
            t->scale[8 * half + 2 * (size_t)j + 1] = _mm256_or_si256(second, _mm256_slli_epi32(second, 16));
        }
    }
}

#define UNPACKED_TYPE(name)                                                                                  \
    ALWAYS_INLINE void unpack_##name(const row_pointers *p, size_t offset, super_tile *t) {                  \
        unpack_rows(&layout_##name, p, offset, t);                                                           \
    }                                                                                                        \
    ALWAYS_INLINE super_type type_##name(void) {                                                             \
        return (super_type){.scales = unpack_##name, .bytes = sizeof(block_##name), .part = 8, .group = 16,  \
                            .mode = {.is_signed = true, .widen = 1}};                                        \
    }
UNPACKED_TYPES(UNPACKED_TYPE)
#undef UNPACKED_TYPE
#endif
