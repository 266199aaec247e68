/// What the quantisers of Q2_K, Q4_K and Q5_K share: a super-block of groups with an integer scale and an integer minimum,
/// y = d * scale * q - dmin * min, all of them not negative.
#ifndef SCALES_AND_MINS_H
#define SCALES_AND_MINS_H
#include "quant/super_block.h"

/// How a type stores scales and steps.
typedef struct scales_and_mins {
    int group;          // values per scale: 16 or 32
    int greatest;       // scales and mins are 0 ... greatest
    int greatest_step;  // q is 0 ... greatest_step
} scales_and_mins;

/// Quantises 256 values; d and dmin come out rounded to f16. Values that are not finite: d and dmin NaN.
void quantize_with_mins(const float *x, scales_and_mins type, unpacked_super_block *u);
#endif
