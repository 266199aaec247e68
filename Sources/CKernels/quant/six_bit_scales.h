/// What Q4_K and Q5_K share: 8 groups of 32 with 6-bit scales and mins in 12 bytes.
/// Bytes 0..3: scales 0..3, bytes 4..7: mins 0..3 (low 6 bits); bytes 8..11: low nibbles scales 4..7, high nibbles
/// mins 4..7; their upper two bits are the upper two bits of bytes 0..3 and 4..7.
#ifndef SIX_BIT_SCALES_H
#define SIX_BIT_SCALES_H
#include "quant/scales_and_mins.h"

/// Fills scale and min.
void unpack_six_bit_scales(const uint8_t packed[12], unpacked_super_block *u);
void pack_six_bit_scales(const unpacked_super_block *u, uint8_t packed[12]);

/// Six bits for each scale and min of 32 values, q in 0 ... greatest_step.
static inline scales_and_mins six_bit_layout(int greatest_step) {
    return (scales_and_mins){32, 63, greatest_step};
}
#endif
