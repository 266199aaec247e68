/// The 16-byte header of Q4_K and Q5_K blocks (d, dmin, 8 scales and mins of 6 bits; quant/six_bit_scales.h) of 4 rows.
#ifndef ARM_SIX_BIT_SCALES_H
#define ARM_SIX_BIT_SCALES_H
#include "arm/super_block.h"

ALWAYS_INLINE void unpack_headers(const row_pointers *p, size_t offset, half_super_block *h) {
    uint8x16_t header[4];   // d and dmin; bytes 0..3, 4..7, 8..11 of the packed scales
    load_transposed(p, offset, header);
    const uint32x4_t floats = vreinterpretq_u32_u8(header[0]);
    h->d = floats_of_f16(vmovn_u32(floats));
    h->dmin = floats_of_f16(vshrn_n_u32(floats, 16));

    const uint8x16_t six = vdupq_n_u8(0x3f), four = vdupq_n_u8(0x0f), upper = vdupq_n_u8(0x30);
    const uint8x16_t scales[2] = {
        vandq_u8(header[1], six), vorrq_u8(vandq_u8(header[3], four), vandq_u8(vshrq_n_u8(header[1], 2), upper))};
    const uint8x16_t mins[2] = {
        vandq_u8(header[2], six), vorrq_u8(vshrq_n_u8(header[3], 4), vandq_u8(vshrq_n_u8(header[2], 2), upper))};
    UNROLL for (int g = 0; g < 8; g++) {
        h->scale[g] = byte_of_rows(scales[g / 4], g % 4);
        h->min[g] = vmovn_s32(byte_of_rows(mins[g / 4], g % 4));
    }
}
#endif
