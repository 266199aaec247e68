// Rotary position embedding (Su et al. 2021) of one head, in place: pair i (a, b) becomes (a cos_i - b sin_i, a sin_i + b cos_i).
// Adjacent style: pair i is (x[2i], x[2i + 1]); halves style: (x[i], x[i + pairs]). Angles and their scalings are the
// caller's: cos_sin holds `pairs` cosines, then `pairs` sines. Values beyond 2 * pairs are untouched.
#include "ops/ops.h"

void rope(float *head, const float *cos_sin, size_t pairs, rope_style style) {
    const size_t step = style == rope_style_adjacent ? 2 : 1;
    const size_t partner = style == rope_style_adjacent ? 1 : pairs;
    for (size_t i = 0; i < pairs; i++) {
        float *x = head + i * step;
        const float a = x[0], b = x[partner], c = cos_sin[i], s = cos_sin[pairs + i];
        x[0] = a * c - b * s;
        x[partner] = a * s + b * c;
    }
}
