/// The 32 five-bit numbers of Q5_0 and Q5_1: nibbles as in Q4_0, and bit j of the little-endian u32 qh on top.
#ifndef FIVE_BITS_H
#define FIVE_BITS_H
#include <string.h>
#include "quant/blocks.h"

static inline int five_bits(const uint8_t qs[16], const uint8_t qh[4], int j) {
    return (qs[j % 16] >> 4 * (j / 16) & 15) | (qh[j / 8] >> j % 8 & 1) << 4;
}

static inline void pack_five_bits(const uint8_t q[32], uint8_t qs[16], uint8_t qh[4]) {
    memset(qs, 0, 16);
    memset(qh, 0, 4);
    for (int j = 0; j < 32; j++) {
        qs[j % 16] |= (uint8_t)((q[j] & 15) << 4 * (j / 16));
        qh[j / 8] |= (uint8_t)(q[j] >> 4 << j % 8);
    }
}
#endif
