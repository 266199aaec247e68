/// The codebooks of the IQ1, IQ2 and IQ3 types, and how signs are put on their rows.
///
/// A row of a grid is 8 values (IQ1, IQ2) or 4 values (IQ3), stored as 2- or 4-bit indices, the first value lowest, into the
/// few values the grid uses. Kernels that want them as bytes expand them.
#ifndef IQ_GRIDS_H
#define IQ_GRIDS_H
#include <stdint.h>

extern const uint16_t iq1_grid[2048];
extern const uint16_t iq2_xxs_grid[256], iq2_xs_grid[512], iq2_s_grid[1024];
extern const uint16_t iq3_xxs_grid[256], iq3_s_grid[512];

static const int8_t iq1_values[4] = {-1, 0, 1, 0};
static const int8_t iq2_values[4] = {8, 25, 43, 0};
static const int8_t iq3_xxs_values[8] = {4, 12, 20, 28, 36, 44, 52, 62};
static const int8_t iq3_s_values[8] = {1, 3, 5, 7, 9, 11, 13, 15};

/// The 8 values of a row of IQ1 or IQ2.
static inline void grid_row_of_8(uint16_t packed, const int8_t values[4], int8_t q[8]) {
    for (int j = 0; j < 8; j++)
        q[j] = values[packed >> 2 * j & 3];
}

/// The 4 values of a row of IQ3.
static inline void grid_row_of_4(uint16_t packed, const int8_t values[8], int8_t q[4]) {
    for (int j = 0; j < 4; j++)
        q[j] = values[packed >> 4 * j & 7];
}

/// Negates q[j] where bit j is set; without branches, which random signs would mispredict.
static inline void apply_signs(uint8_t signs, int8_t q[8]) {
    for (int j = 0; j < 8; j++) {
        const int mask = -(signs >> j & 1);
        q[j] = (int8_t)((q[j] ^ mask) - mask);
    }
}

/// The sign byte of 7 stored bits: the 8th makes the number of negative values even.
static inline uint8_t even_signs(uint32_t stored) {
    const uint32_t low = stored & 127;
    uint32_t parity = low ^ low >> 4;
    parity ^= parity >> 2;
    parity ^= parity >> 1;
    return (uint8_t)(low | (parity & 1) << 7);
}
#endif
