// Functions whose accuracy GLSL leaves open, in forms that neither overflow nor lose the small end.

/// 1 - 2 / (exp(2|x|) + 1), and its series where that would cancel.
float safe_tanh(float x) {
    const float a = abs(x);
    if (a < 0.03) return x * (1.0 - x * x * (1.0 / 3.0 - x * x * (2.0 / 15.0)));
    const float t = 1.0 - 2.0 / (exp(2.0 * min(a, 20.0)) + 1.0);
    return x < 0.0 ? -t : t;
}

/// Abramowitz and Stegun 7.1.26: absolute error below 1.5e-7.
float erf(float x) {
    const float a = abs(x), t = 1.0 / (1.0 + 0.3275911 * a);
    const float series =
        t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
    const float value = 1.0 - series * exp(-a * a);
    return x < 0.0 ? -value : value;
}

float sigmoid(float x) { return 1.0 / (1.0 + exp(-x)); }
