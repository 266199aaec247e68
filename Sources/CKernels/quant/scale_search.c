/// Weighted least squares for the scales of quantised groups (quant/scale_search.h). Sums are kept in double: weights span
/// many orders of magnitude.
#include "quant/scale_search.h"
#include "quant/blocks.h"
#include "quant/rounding.h"

enum { refinements = 8 };

int nearest_index(codebook codes, float v) {
    int low = 0, high = codes.count - 1;
    while (low < high) {
        const int middle = (low + high) / 2;
        if (v > 0.5f * (float)(codes.values[middle] + codes.values[middle + 1]))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

typedef struct scale_fit {
    double scale;
    double gain;   // by how much the weighted squared error is below that of y = 0
} scale_fit;

/// The best scale for the codes that x * inverse rounds to.
static scale_fit fit_scale(const weighted_values *group, codebook codes, double inverse) {
    double xq = 0, qq = 0;
    for (int i = 0; i < group->n; i++) {
        const double q = codes.values[nearest_index(codes, (float)(group->x[i] * inverse))];
        xq += group->weights[i] * group->x[i] * q;
        qq += group->weights[i] * q * q;
    }
    return qq > 0 ? (scale_fit){xq / qq, xq * xq / qq} : (scale_fit){0, 0};
}

float search_scale(const weighted_values *group, codebook codes) {
    const float extreme = extreme_value(group->x, (size_t)group->n);
    if (!(fabsf(extreme) > 0))
        return extreme;
    const double ends[2] = {codes.values[0], codes.values[codes.count - 1]};
    scale_fit best = {extreme / ends[0], 0};
    for (int step = -18; step <= 18; step++) {
        const double stretch = 1 + 0.005 * step;   // 9 % around "the extreme value becomes the outermost code"
        for (int end = 0; end < 2; end++) {
            scale_fit fit = fit_scale(group, codes, ends[end] * stretch / extreme);
            for (int round = 0; round < refinements && fit.scale != 0; round++) {
                if (fit.gain > best.gain)
                    best = fit;
                const scale_fit refined = fit_scale(group, codes, 1 / fit.scale);
                if (!(refined.gain > fit.gain))
                    break;
                fit = refined;
            }
        }
    }
    return (float)best.scale;
}

int nearest_step(float x, scale_and_min fit, int greatest) {
    return truncated((x + fit.min) * reciprocal(fit.scale) + 0.5f, 0, greatest);
}

double error_of_scale_and_min(const weighted_values *group, scale_and_min fit, int greatest) {
    double error = 0;
    for (int i = 0; i < group->n; i++) {
        const int q = nearest_step(group->x[i], fit, greatest);
        const double difference = (double)fit.scale * q - fit.min - group->x[i];
        error += group->weights[i] * difference * difference;
    }
    return error;
}

/// Least squares for the steps that `start` rounds to; the minimum may not be negative.
static scale_and_min fit_scale_and_min(const weighted_values *group, scale_and_min start, int greatest) {
    double w = 0, wx = 0, wq = 0, wxq = 0, wqq = 0;
    for (int i = 0; i < group->n; i++) {
        const double weight = group->weights[i], x = group->x[i];
        const double q = nearest_step(group->x[i], start, greatest);
        w += weight;
        wx += weight * x;
        wq += weight * q;
        wxq += weight * x * q;
        wqq += weight * q * q;
    }
    const double determinant = w * wqq - wq * wq;
    if (determinant > 0) {
        const double scale = (w * wxq - wx * wq) / determinant;
        const double min = (wq * wxq - wqq * wx) / determinant;
        if (min >= 0)
            return (scale_and_min){(float)scale, (float)min};
    }
    return wqq > 0 ? (scale_and_min){(float)(wxq / wqq), 0} : start;
}

scale_and_min search_scale_and_min(const weighted_values *group, int greatest) {
    const value_range range = range_of_values(group->x, (size_t)group->n);
    if (!(range.min <= range.max))
        return (scale_and_min){NAN, NAN};
    const float min = range.min < 0 ? -range.min : 0;
    const float span = range.max + min;
    scale_and_min best = {span > 0 ? span / (float)greatest : 0, min};
    if (!(span > 0))
        return best;
    double best_error = error_of_scale_and_min(group, best, greatest);
    for (int step = -20; step <= 10; step++) {   // from four steps fewer to two more than fit between min and max
        scale_and_min fit = {span / ((float)greatest + 0.2f * (float)step), min};
        double error = INFINITY;
        for (int round = 0; round < refinements; round++) {
            fit = fit_scale_and_min(group, fit, greatest);
            const double refined_error = error_of_scale_and_min(group, fit, greatest);
            if (!(refined_error < error))
                break;
            error = refined_error;
            if (error < best_error) {
                best = fit;
                best_error = error;
            }
        }
    }
    return best;
}
