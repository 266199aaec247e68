/// What the quantisers share: extremes of a block, and conversion to integers that is defined for every float.
#ifndef ROUNDING_H
#define ROUNDING_H
#include <math.h>
#include <stddef.h>

/// The element of largest magnitude with its sign (the first of equals); NaN if any of them is not finite, so that a
/// broken activation stays visible in the scale of its block.
static inline float extreme_value(const float *x, size_t n) {
    float extreme = 0, poison = 0;
    for (size_t i = 0; i < n; i++) {
        poison += x[i] * 0;
        if (fabsf(x[i]) > fabsf(extreme))
            extreme = x[i];
    }
    return poison == 0 ? extreme : NAN;
}

typedef struct value_range { float min, max; } value_range;

/// Least and greatest element; both NaN if any element is not finite.
static inline value_range range_of_values(const float *x, size_t n) {
    value_range range = {x[0], x[0]};
    float poison = 0;
    for (size_t i = 0; i < n; i++) {
        poison += x[i] * 0;
        if (x[i] < range.min)
            range.min = x[i];
        if (x[i] > range.max)
            range.max = x[i];
    }
    return poison == 0 ? range : (value_range){NAN, NAN};
}

/// 1 / d, and 0 for 0.
static inline float reciprocal(float d) {
    return d != 0 ? 1 / d : 0;
}

/// v truncated toward zero within low ... high; low for NaN.
static inline int truncated(float v, int low, int high) {
    return v < (float)high ? (v > (float)low ? (int)v : low) : (v >= (float)high ? high : low);
}
#endif
