/// Super-block types without a vector unpacking of their own: 4 rows are unpacked by the reference (quant/super_block.h), then
/// interleaved. Arithmetic in arm/super_block.h. Their mins are all zero: offsets are in the values.
#ifndef ARM_UNPACKED_H
#define ARM_UNPACKED_H
#include "arm/super_block.h"
#include "quant/super_block.h"

ALWAYS_INLINE void unpack_rows(const super_block_layout *layout, const row_pointers *p, size_t offset, half_super_block *h) {
    unpacked_super_block rows[half_rows];
    row_pointers unpacked = {.interleaved = false};
    float d[half_rows];
    for (int r = 0; r < half_rows; r++) {
        layout->unpack(p->row[r] + offset, &rows[r]);
        unpacked.row[r] = (const char *)&rows[r];
        d[r] = rows[r].d;
    }
    h->d = vld1q_f32(d);
    for (size_t j = 0; j < 64; j++)
        h->q[j] = vreinterpretq_s8_u8(load_words(&unpacked, offsetof(unpacked_super_block, q) + 4 * j));
    for (size_t g = 0; g < 16; g++)
        h->scale[g] = (int32x4_t){rows[0].scale[g], rows[1].scale[g], rows[2].scale[g], rows[3].scale[g]};
}

#define UNPACKED_TYPE(name)                                                                              \
    ALWAYS_INLINE void unpack_##name(const row_pointers *p, size_t offset, half_super_block *h) {        \
        unpack_rows(&layout_##name, p, offset, h);                                                       \
    }                                                                                                    \
    ALWAYS_INLINE super_type type_##name(void) {                                                         \
        return (super_type){unpack_##name, NULL, sizeof(block_##name), 32, 16, false, false};            \
    }
UNPACKED_TYPE(iq1_s)
UNPACKED_TYPE(iq1_m)
UNPACKED_TYPE(iq2_xxs)
UNPACKED_TYPE(iq2_xs)
UNPACKED_TYPE(iq2_s)
UNPACKED_TYPE(iq3_xxs)
UNPACKED_TYPE(iq3_s)
UNPACKED_TYPE(tq1_0)
UNPACKED_TYPE(tq2_0)
#undef UNPACKED_TYPE
#endif
