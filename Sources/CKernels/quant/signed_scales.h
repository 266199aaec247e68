/// What the quantisers of Q3_K, Q6_K and IQ4_XS share: a super-block of groups with signed integer scales and no minimum,
/// y = d * scale * code.
///
/// One idea: search the ideal scale of every group, take the extreme one as the outermost integer, then alternate between
/// choosing integers for the unit d and fitting d to the integers. Errors weigh by x squared, which favours large weights.
#ifndef SIGNED_SCALES_H
#define SIGNED_SCALES_H
#include "quant/scale_search.h"
#include "quant/super_block.h"

/// How a type stores scales and codes.
typedef struct signed_scales {
    int group;           // values per scale: 16 or 32
    int lowest;          // scales are lowest ... -lowest - 1
    code_range codes;
} signed_scales;

/// A super-block divided by its extreme value.
typedef struct scaled_super_block {
    float extreme;
    float x[super_block], weights[super_block];
} scaled_super_block;

/// Fills the codes of one group for y = scale * code; returns the weighted squared error.
ALWAYS_INLINE float choose_codes(weighted_values group, float scale, nearest_code nearest, int8_t *q) {
    const float inverse = reciprocal(scale);
    float errors[group_lanes] = {0};
    for (int i = 0; i < group.n; i += group_lanes)
        for (int j = 0; j < group_lanes; j++) {
            const float code = nearest(group.x[i + j] * inverse), difference = scale * code - group.x[i + j];
            errors[j] += group.weights[i + j] * difference * difference;
            q[i + j] = (int8_t)code;
        }
    return sum_of_lanes(errors);
}

/// Fills scale and q of u for the unit d; returns the weighted squared error of the super-block.
ALWAYS_INLINE float choose_signed_scales(const scaled_super_block *b, const float ideal[16], signed_scales type,
                                         nearest_code nearest, unpacked_super_block *u) {
    const float unit = u->d / b->extreme;
    float total = 0;
    for (int start = 0; start < super_block; start += type.group) {
        const weighted_values group = {b->x + start, b->weights + start, type.group};
        const int middle = (int)nearest_integer(ideal[start / type.group] * reciprocal(unit),
                                                (code_range){(float)type.lowest, (float)(-type.lowest - 1)});
        float least = INFINITY;
        for (int scale = middle - 1; scale <= middle + 1; scale++) {
            int8_t q[32];
            const float error = choose_codes(group, unit * (float)scale, nearest, q);
            if (scale < type.lowest || scale >= -type.lowest || !(error < least))
                continue;
            least = error;
            memcpy(u->q + start, q, (size_t)type.group);
            for (int g = start / 16; g < (start + type.group) / 16; g++)
                u->scale[g] = (int16_t)scale;
        }
        total += least;
    }
    return total;
}

/// The unit that fits the integers in u best, by least squares.
static inline float refit_signed_unit(const scaled_super_block *b, const unpacked_super_block *u) {
    double xs = 0, ss = 0;
    for (int j = 0; j < super_block; j++) {
        const float s = u->scale[j / 16] * u->q[j];
        xs += b->weights[j] * b->x[j] * s;
        ss += b->weights[j] * s * s;
    }
    return ss > 0 ? f16_to_f32(f32_to_f16((float)(xs / ss * b->extreme))) : u->d;
}

/// Quantises 256 values; d comes out rounded to f16. All zero: everything 0. Values that are not finite: d NaN.
ALWAYS_INLINE void quantize_with_signed_scales(const float *x, signed_scales type, nearest_code nearest,
                                               unpacked_super_block *u) {
    scaled_super_block b = {.extreme = extreme_value(x, super_block)};
    memset(u, 0, sizeof *u);
    if (!(b.extreme != 0) || b.extreme != b.extreme) {
        u->d = b.extreme;
        return;
    }
    for (int j = 0; j < super_block; j++) {
        b.x[j] = x[j] / b.extreme;
        b.weights[j] = b.x[j] * b.x[j];
    }
    float ideal[16];
    for (int g = 0; g < super_block / type.group; g++) {
        const int start = g * type.group;
        ideal[g] = search_scale((weighted_values){b.x + start, b.weights + start, type.group}, type.codes, nearest);
    }
    const float largest = extreme_value(ideal, (size_t)(super_block / type.group));
    u->d = f16_to_f32(f32_to_f16(largest / (float)type.lowest * b.extreme));
    float error = choose_signed_scales(&b, ideal, type, nearest, u);
    for (int round = 0; round < 2; round++) {
        unpacked_super_block candidate = {.d = refit_signed_unit(&b, u)};
        const float refitted = choose_signed_scales(&b, ideal, type, nearest, &candidate);
        if (!(refitted < error))
            break;
        error = refitted;
        *u = candidate;
    }
}
#endif
