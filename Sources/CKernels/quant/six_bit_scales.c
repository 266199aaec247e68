/// Packing of 6-bit scales and mins (quant/six_bit_scales.h).
#include "quant/six_bit_scales.h"

void unpack_six_bit_scales(const uint8_t packed[12], unpacked_super_block *u) {
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

void pack_six_bit_scales(const unpacked_super_block *u, uint8_t packed[12]) {
    for (int g = 0; g < 4; g++) {
        const int scale = u->scale[2 * g], min = u->min[2 * g];
        const int upper_scale = u->scale[2 * g + 8], upper_min = u->min[2 * g + 8];
        packed[g] = (uint8_t)(scale | upper_scale >> 4 << 6);
        packed[g + 4] = (uint8_t)(min | upper_min >> 4 << 6);
        packed[g + 8] = (uint8_t)((upper_scale & 15) | (upper_min & 15) << 4);
    }
}
