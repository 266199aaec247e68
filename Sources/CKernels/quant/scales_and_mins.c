/// Search of scales and minimums (quant/scales_and_mins.h): weighted least squares, first for each group alone, then for the
/// integers and the two units of the super-block together.
#include "quant/scales_and_mins.h"
#include "quant/scale_search.h"

/// y = scale * q - min.
typedef struct scale_and_min {
    float scale, min;
} scale_and_min;

typedef struct mins_fit {
    scale_and_min best;
    float error;
} mins_fit;

/// The group's weights of errors, and the sums that no trial changes.
typedef struct mins_group {
    weighted_values values;
    float w, wx, wxx;
    float greatest_step;
} mins_group;

/// A super-block divided by its extreme value.
typedef struct scaled_block {
    float extreme;
    float x[super_block], weights[super_block];
    mins_group groups[16];
    int count;
} scaled_block;

static inline float nearest_step(const mins_group *group, float x, float min, float inverse) {
    return nearest_integer((x + min) * inverse, (code_range){0, group->greatest_step});
}

/// Least squares for the steps that `start` rounds to, and the error that is left; the minimum may not be negative.
static mins_fit fit_scale_and_min(const mins_group *group, scale_and_min start) {
    const float *x = group->values.x, *weights = group->values.weights, inverse = reciprocal(start.scale);
    float q1[group_lanes] = {0}, q2[group_lanes] = {0}, xq[group_lanes] = {0};
    for (int i = 0; i < group->values.n; i += group_lanes)
        for (int j = 0; j < group_lanes; j++) {
            const float q = nearest_step(group, x[i + j], start.min, inverse), weighted = weights[i + j] * q;
            q1[j] += weighted;
            q2[j] += weighted * q;
            xq[j] += weighted * x[i + j];
        }
    const float wq = sum_of_lanes(q1), wqq = sum_of_lanes(q2), wxq = sum_of_lanes(xq);
    const float w = group->w, wx = group->wx, determinant = w * wqq - wq * wq;
    if (determinant > 1e-4f * w * wqq) {   // where all q are equal, only rounding is left of it
        const scale_and_min fit = {(w * wxq - wx * wq) / determinant, (wq * wxq - wqq * wx) / determinant};
        if (fit.min >= 0)
            return (mins_fit){fit, group->wxx - fit.scale * wxq + fit.min * wx};
    }
    if (!(wqq > 0))
        return (mins_fit){start, INFINITY};
    return (mins_fit){{wxq / wqq, 0}, group->wxx - wxq / wqq * wxq};
}

/// The best of 27 trials, refined while that helps: from two steps fewer to about one more than fit between least and greatest,
/// and minimums up to 0.6 steps short of the least, which is clipped then.
static scale_and_min search_scale_and_min(const mins_group *group) {
    const value_range range = range_of_values(group->values.x, (size_t)group->values.n);
    const float min = range.min < 0 ? -range.min : 0, span = range.max + min;
    if (!(span > 0))
        return (scale_and_min){0, min};
    mins_fit fit = {{span / group->greatest_step, min}, INFINITY};
    for (int step = -5; step <= 3; step++)
        for (int cut = 0; cut < 3; cut++) {
            const float steps = group->greatest_step + 0.4f * (float)step;
            if (steps < 0.5f)
                continue;
            const float scale = span / steps;
            const float start = min - 0.3f * (float)cut * scale;
            const mins_fit trial = fit_scale_and_min(group, (scale_and_min){scale, start > 0 ? start : 0});
            if (trial.error < fit.error)
                fit = trial;
        }
    for (int round = 0; round < 8; round++) {
        const mins_fit refined = fit_scale_and_min(group, fit.best);
        if (!(refined.error < fit.error))
            break;
        fit = refined;
    }
    return fit.best;
}

/// Weighted squared error of a group with the best steps, which are stored where q is given.
static float error_of(const mins_group *group, scale_and_min fit, int8_t *q) {
    const float *x = group->values.x, *weights = group->values.weights, inverse = reciprocal(fit.scale);
    float errors[group_lanes] = {0};
    for (int i = 0; i < group->values.n; i += group_lanes)
        for (int j = 0; j < group_lanes; j++) {
            const float step = nearest_step(group, x[i + j], fit.min, inverse);
            const float difference = fit.scale * step - fit.min - x[i + j];
            errors[j] += weights[i + j] * difference * difference;
            if (q)
                q[i + j] = (int8_t)step;
        }
    return sum_of_lanes(errors);
}

typedef struct integer_pair {
    int scale, min;
    float error;
} integer_pair;

/// The integers with the least error around the rounded ideal, by steps to better neighbours: rounding both on their own is
/// rarely the best.
static integer_pair choose_pair(const mins_group *group, scale_and_min ideal, scale_and_min unit, int greatest) {
    const code_range range = {0, (float)greatest};
    integer_pair best = {(int)nearest_integer(ideal.scale * reciprocal(unit.scale), range),
                         (int)nearest_integer(ideal.min * reciprocal(unit.min), range), INFINITY};
    for (int step = 0; step < 8; step++) {
        const integer_pair centre = best;
        for (int s = centre.scale - 1; s <= centre.scale + 1; s++)
            for (int m = centre.min - 1; m <= centre.min + 1; m++) {
                if (s < 0 || s > greatest || m < 0 || m > greatest)
                    continue;
                const scale_and_min fit = {unit.scale * (float)s, unit.min * (float)m};
                const float error = error_of(group, fit, 0);
                if (error < best.error)
                    best = (integer_pair){s, m, error};
            }
        if (best.scale == centre.scale && best.min == centre.min)
            break;
    }
    return best;
}

/// Fills u for its units d and dmin; returns the weighted squared error of the super-block.
static float choose_integers(const scaled_block *b, const scale_and_min *ideal, scales_and_mins type,
                             unpacked_super_block *u) {
    const scale_and_min unit = {u->d / b->extreme, u->dmin / b->extreme};
    float error = 0;
    for (int g = 0; g < b->count; g++) {
        const integer_pair pair = choose_pair(&b->groups[g], ideal[g], unit, type.greatest);
        const scale_and_min fit = {unit.scale * (float)pair.scale, unit.min * (float)pair.min};
        error += error_of(&b->groups[g], fit, u->q + type.group * g);
        for (int i = g * type.group / 16; i < (g + 1) * type.group / 16; i++) {
            u->scale[i] = (int16_t)pair.scale;
            u->min[i] = (int16_t)pair.min;
        }
    }
    return error;
}

static float rounded_to_f16(double unit, float extreme) {
    return f16_to_f32(f32_to_f16((float)(unit * extreme)));
}

/// The units that fit the integers in u best, x = d * (scale q) - dmin * min by least squares over the super-block, into v.
static void refit_units(const scaled_block *b, const unpacked_super_block *u, unpacked_super_block *v) {
    double ss = 0, sm = 0, mm = 0, sx = 0, mx = 0;
    for (int j = 0; j < super_block; j++) {
        const double s = u->scale[j / 16] * u->q[j], m = u->min[j / 16], w = b->weights[j];
        ss += w * s * s;
        sm += w * s * m;
        mm += w * m * m;
        sx += w * s * b->x[j];
        mx += w * m * b->x[j];
    }
    const double determinant = ss * mm - sm * sm;
    if (!(determinant > 0))
        return;
    v->d = rounded_to_f16((sx * mm - mx * sm) / determinant, b->extreme);
    v->dmin = rounded_to_f16((sx * sm - mx * ss) / determinant, b->extreme);
}

/// Divides by the extreme and weighs. Errors weigh by the root mean square of the group plus |x|: large weights matter more,
/// small ones are not given up.
static void prepare(const float *x, scales_and_mins type, scaled_block *b) {
    b->count = super_block / type.group;
    for (int g = 0; g < b->count; g++) {
        float *scaled = b->x + g * type.group, *weights = b->weights + g * type.group;
        mins_group *group = &b->groups[g];
        float squares = 0;
        for (int j = 0; j < type.group; j++) {
            scaled[j] = x[g * type.group + j] / b->extreme;
            squares += scaled[j] * scaled[j];
        }
        const float mean = sqrtf(squares / (float)type.group);
        *group = (mins_group){{scaled, weights, type.group}, 0, 0, 0, (float)type.greatest_step};
        for (int j = 0; j < type.group; j++) {
            weights[j] = mean + fabsf(scaled[j]);
            group->w += weights[j];
            group->wx += weights[j] * scaled[j];
            group->wxx += weights[j] * scaled[j] * scaled[j];
        }
    }
}

void quantize_with_mins(const float *x, scales_and_mins type, unpacked_super_block *u) {
    scaled_block b;
    b.extreme = fabsf(extreme_value(x, super_block));
    memset(u, 0, sizeof *u);
    if (!(b.extreme > 0)) {
        u->d = u->dmin = b.extreme;
        return;
    }
    prepare(x, type, &b);
    scale_and_min ideal[16], largest = {0, 0};
    for (int g = 0; g < b.count; g++) {
        ideal[g] = search_scale_and_min(&b.groups[g]);
        largest.scale = ideal[g].scale > largest.scale ? ideal[g].scale : largest.scale;
        largest.min = ideal[g].min > largest.min ? ideal[g].min : largest.min;
    }
    u->d = rounded_to_f16(largest.scale / (float)type.greatest, b.extreme);
    u->dmin = rounded_to_f16(largest.min / (float)type.greatest, b.extreme);
    float error = choose_integers(&b, ideal, type, u);
    for (int round = 0; round < 4; round++) {
        unpacked_super_block candidate = *u;
        refit_units(&b, u, &candidate);
        const float refitted = choose_integers(&b, ideal, type, &candidate);
        if (!(refitted < error))
            break;
        error = refitted;
        *u = candidate;
    }
}
