/// Search for the scale, or the scale and minimum, that represent a group of values with the least weighted squared error.
///
/// One idea: from several starting scales, alternate between rounding to the nearest representable value and solving for
/// the scale by least squares; keep the best. Used by the reference quantisers of IQ4_NL, Q4_K, Q5_K and Q6_K.
#ifndef SCALE_SEARCH_H
#define SCALE_SEARCH_H
#include <stdint.h>

/// n values and the weights of their squared errors.
typedef struct weighted_values {
    const float *x;
    const double *weights;
    int n;
} weighted_values;

/// The integers that can be stored, in ascending order.
typedef struct codebook {
    const int8_t *values;
    int count;
} codebook;

/// y = scale * q - min with min >= 0.
typedef struct scale_and_min {
    float scale, min;
} scale_and_min;

/// Index of the value nearest to v; the lower of equals, 0 for NaN.
int nearest_index(codebook codes, float v);

/// Scale s, of either sign, for y = s * code. 0 where all values are 0, NaN where one is not finite.
float search_scale(const weighted_values *group, codebook codes);

/// Scale and minimum for q in 0 ... greatest. NaN where a value is not finite.
scale_and_min search_scale_and_min(const weighted_values *group, int greatest);

/// Weighted squared error of y = fit.scale * q - fit.min with the best q in 0 ... greatest.
double error_of_scale_and_min(const weighted_values *group, scale_and_min fit, int greatest);

/// The q in 0 ... greatest nearest to x.
int nearest_step(float x, scale_and_min fit, int greatest);
#endif
