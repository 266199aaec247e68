/// The 12 bytes of Q4_K and Q5_K: 8 scales and 8 mins of 6 bits.
/// Bytes 0..3: scales 0..3, bytes 4..7: mins 0..3 (low 6 bits); bytes 8..11: low nibbles scales 4..7, high nibbles
/// mins 4..7; their upper two bits are the upper two bits of bytes 0..3 and 4..7.
#ifndef SIX_BIT_SCALES_H
#define SIX_BIT_SCALES_H
#include "quant/super_block.h"

static inline void unpack_six_bit_scales(const uint8_t packed[12], unpacked_super_block *u) {
    for (int g = 0; g < 4; g++) {
        const int scale = packed[g] & 63;
        const int min = packed[g + 4] & 63;
        const int upper_scale = (packed[g + 8] & 15) | packed[g] >> 6 << 4;
        const int upper_min = packed[g + 8] >> 4 | packed[g + 4] >> 6 << 4;
        u->scale[2 * g] = u->scale[2 * g + 1] = (int16_t)scale;
        u->min[2 * g] = u->min[2 * g + 1] = (int16_t)min;
        u->scale[2 * g + 8] = u->scale[2 * g + 9] = (int16_t)upper_scale;
        u->min[2 * g + 8] = u->min[2 * g + 9] = (int16_t)upper_min;
    }
}
#endif
