/// Search for the scale that represents a group of values with the least weighted squared error: y = scale * code.
///
/// One idea: one pass over the group gives, for a trial scale, the best scale for the codes it rounds to and the error that
/// is left; so many trials cost one pass each, and only the best is refined until it stands still. Used by the quantisers of
/// Q3_K, Q6_K, IQ4_NL and IQ4_XS, which inline it with their codes.
///
/// Values must be at most 1 in magnitude (callers divide by the extreme), so that no product under- or overflows. Sums run
/// in 8 lanes, in an order that the compiler can keep in vector registers.
#ifndef SCALE_SEARCH_H
#define SCALE_SEARCH_H
#include "isa/inline.h"
#include "quant/blocks.h"
#include "quant/rounding.h"

enum { group_lanes = 8 };

/// n values and the weights of their squared errors; n is a multiple of 8.
typedef struct weighted_values {
    const float *x, *weights;
    int n;
} weighted_values;

/// The code nearest to v, as a float.
typedef float (*nearest_code)(float v);

/// The outermost codes.
typedef struct code_range {
    float low, high;
} code_range;

typedef struct scale_fit {
    float scale;
    float gain;   // by how much the weighted squared error is below that of y = 0
} scale_fit;

static inline float sum_of_lanes(const float lanes[group_lanes]) {
    return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

/// The best scale for the codes that x * inverse rounds to.
ALWAYS_INLINE scale_fit fit_scale(weighted_values group, float inverse, nearest_code nearest) {
    float xq[group_lanes] = {0}, qq[group_lanes] = {0};
    for (int i = 0; i < group.n; i += group_lanes)
        for (int j = 0; j < group_lanes; j++) {
            const float q = nearest(group.x[i + j] * inverse), weighted = group.weights[i + j] * q;
            xq[j] += weighted * group.x[i + j];
            qq[j] += weighted * q;
        }
    const float x = sum_of_lanes(xq), square = sum_of_lanes(qq);
    return square > 0 ? (scale_fit){x / square, x * x / square} : (scale_fit){0, 0};
}

/// Repeats the fit from its own result while that gains.
ALWAYS_INLINE scale_fit refine_scale(weighted_values group, scale_fit fit, nearest_code nearest) {
    for (int round = 0; round < 8 && fit.scale != 0; round++) {
        const scale_fit refined = fit_scale(group, 1 / fit.scale, nearest);
        if (!(refined.gain > fit.gain))
            break;
        fit = refined;
    }
    return fit;
}

/// Scale s, of either sign; 0 where all values are 0. Trials: the extreme value becomes either outermost code, and up to
/// 9 % beyond or short of it.
ALWAYS_INLINE float search_scale(weighted_values group, code_range codes, nearest_code nearest) {
    const float extreme = extreme_value(group.x, (size_t)group.n);
    if (extreme == 0)
        return 0;
    scale_fit best = {extreme / codes.low, 0};
    for (int end = 0; end < 2; end++) {
        const float inverse = (end == 0 ? codes.low : codes.high) / extreme;
        scale_fit candidate = {0, 0};
        for (int step = -9; step <= 9; step++) {
            const scale_fit fit = fit_scale(group, inverse * (1 + 0.01f * (float)step), nearest);
            if (fit.gain > candidate.gain)
                candidate = fit;
        }
        candidate = refine_scale(group, candidate, nearest);
        if (candidate.gain > best.gain)
            best = candidate;
    }
    return best.scale;
}

/// v rounded to the nearest integer (even in ties) within range.
static inline float nearest_integer(float v, code_range range) {
    v = v > range.low ? v : range.low;   // also where v is NaN
    v = v < range.high ? v : range.high;
    return (v + 12582912.0f) - 12582912.0f;   // 1.5 * 2^23: the sum's last bit is worth 1
}

/// Index into iq4_values of the value nearest to v: four comparisons with midpoints, no branch.
static inline int nearest_iq4_index(float v) {
    static const float midpoints[15] = {-115.5f, -93.5f, -74, -57, -42,   -28.5f, -16,   -4.5f,
                                        5.5f,    19,     31.5f, 45.5f, 61, 79,     101};
    int index = 8 * (v > midpoints[7]);
    index += 4 * (v > midpoints[index + 3]);
    index += 2 * (v > midpoints[index + 1]);
    return index + (v > midpoints[index]);
}

static inline float nearest_iq4_value(float v) {
    return iq4_values[nearest_iq4_index(v)];
}
#endif
