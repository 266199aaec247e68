/// Packing and search of 6-bit scales and mins (quant/six_bit_scales.h).
#include "quant/six_bit_scales.h"
#include <math.h>
#include "quant/rounding.h"
#include "quant/scale_search.h"

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

typedef struct integer_pair { int scale, min; } integer_pair;

/// The 6-bit pair with the least error within 2 of the rounded ideal: rounding both on their own is rarely the best.
static integer_pair choose_pair(const weighted_values *group, scale_and_min ideal, scale_and_min unit, int greatest) {
    const int scale = truncated(ideal.scale * reciprocal(unit.scale) + 0.5f, 0, 63);
    const int min = truncated(ideal.min * reciprocal(unit.min) + 0.5f, 0, 63);
    integer_pair best = {scale, min};
    double best_error = INFINITY;
    for (int s = scale - 2; s <= scale + 2; s++)
        for (int m = min - 2; m <= min + 2; m++) {
            if (s < 0 || s > 63 || m < 0 || m > 63)
                continue;
            const scale_and_min fit = {unit.scale * (float)s, unit.min * (float)m};
            const double error = error_of_scale_and_min(group, fit, greatest);
            if (error < best_error) {
                best_error = error;
                best = (integer_pair){s, m};
            }
        }
    return best;
}

// Errors weigh by the root mean square of the group plus |x|: large weights matter more, small ones are not given up.
static void weigh(const float *x, double weights[32]) {
    double squares = 0;
    for (int j = 0; j < 32; j++)
        squares += (double)x[j] * x[j];
    for (int j = 0; j < 32; j++)
        weights[j] = sqrt(squares / 32) + fabs((double)x[j]);
}

/// Fills u for these units of scale and min; returns the weighted squared error of the super-block.
static double choose_integers(const weighted_values groups[8], const scale_and_min ideal[8], scale_and_min unit,
                              int greatest, unpacked_super_block *u) {
    double error = 0;
    u->d = unit.scale;
    u->dmin = unit.min;
    for (int g = 0; g < 8; g++) {
        const integer_pair pair = choose_pair(&groups[g], ideal[g], unit, greatest);
        u->scale[2 * g] = u->scale[2 * g + 1] = (int16_t)pair.scale;
        u->min[2 * g] = u->min[2 * g + 1] = (int16_t)pair.min;
        const scale_and_min fit = {unit.scale * (float)pair.scale, unit.min * (float)pair.min};
        for (int j = 0; j < 32; j++)
            u->q[32 * g + j] = (int8_t)nearest_step(groups[g].x[j], fit, greatest);
        error += error_of_scale_and_min(&groups[g], fit, greatest);
    }
    return error;
}

static scale_and_min rounded_to_f16(double scale, double min) {
    return (scale_and_min){f16_to_f32(f32_to_f16((float)scale)), f16_to_f32(f32_to_f16((float)min))};
}

/// The units that fit the integers in u best: x = d * (scale q) - dmin * min, least squares over the super-block.
static scale_and_min refit_units(const float *x, const double *weights, const unpacked_super_block *u) {
    double ss = 0, sm = 0, mm = 0, sx = 0, mx = 0;
    for (int j = 0; j < super_block; j++) {
        const double s = u->scale[j / 16] * u->q[j], m = u->min[j / 16], w = weights[j];
        ss += w * s * s;
        sm += w * s * m;
        mm += w * m * m;
        sx += w * s * x[j];
        mx += w * m * x[j];
    }
    const double determinant = ss * mm - sm * sm;
    if (!(determinant > 0))
        return (scale_and_min){u->d, u->dmin};
    return rounded_to_f16((sx * mm - mx * sm) / determinant, (sx * sm - mx * ss) / determinant);
}

void quantize_with_six_bit_scales(const float *x, int greatest, unpacked_super_block *u) {
    double weights[super_block];
    weighted_values groups[8];
    scale_and_min ideal[8], largest = {0, 0};
    for (int g = 0; g < 8; g++) {
        weigh(x + 32 * g, weights + 32 * g);
        groups[g] = (weighted_values){x + 32 * g, weights + 32 * g, 32};
        ideal[g] = search_scale_and_min(&groups[g], greatest);
        if (!(ideal[g].scale <= largest.scale))   // also where it is NaN
            largest.scale = ideal[g].scale;
        if (!(ideal[g].min <= largest.min))
            largest.min = ideal[g].min;
    }
    scale_and_min unit = rounded_to_f16(largest.scale / 63, largest.min / 63);
    double best_error = choose_integers(groups, ideal, unit, greatest, u);
    for (int round = 0; round < 4; round++) {
        unpacked_super_block candidate = *u;
        unit = refit_units(x, weights, u);
        const double error = choose_integers(groups, ideal, unit, greatest, &candidate);
        if (!(error < best_error))
            break;
        best_error = error;
        *u = candidate;
    }
}
