/// What Q4_K and Q5_K share: 8 groups of 32 with 6-bit scales and mins in 12 bytes, and the search for them.
/// Bytes 0..3: scales 0..3, bytes 4..7: mins 0..3 (low 6 bits); bytes 8..11: low nibbles scales 4..7, high nibbles
/// mins 4..7; their upper two bits are the upper two bits of bytes 0..3 and 4..7.
#ifndef SIX_BIT_SCALES_H
#define SIX_BIT_SCALES_H
#include "quant/super_block.h"

/// Fills scale and min.
void unpack_six_bit_scales(const uint8_t packed[12], unpacked_super_block *u);
void pack_six_bit_scales(const unpacked_super_block *u, uint8_t packed[12]);

/// Quantises 256 values to q in 0 ... greatest; d and dmin come out rounded to f16.
void quantize_with_six_bit_scales(const float *x, int greatest, unpacked_super_block *u);
#endif
