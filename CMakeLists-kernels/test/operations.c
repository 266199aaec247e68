// The operations on rows, RoPE and conversions of halves of one instruction set against the scalar references.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "kernels_test.h"

typedef void (*operation)(const kernel_table *table, const float *x, float *y, size_t n);

static void rms_norm(const kernel_table *t, const float *x, float *y, size_t n) { t->rms_norm(x, x, y, n, 1e-5f); }
static void layer_norm(const kernel_table *t, const float *x, float *y, size_t n) { t->layer_norm(x, x, x, y, n, 1e-5f); }
static void softmax(const kernel_table *t, const float *x, float *y, size_t n) {
    memcpy(y, x, n * sizeof(float));
    t->softmax(y, n);
}
static void log_sum_exp(const kernel_table *t, const float *x, float *y, size_t n) {
    memset(y, 0, n * sizeof(float));
    y[0] = t->log_sum_exp(x, n);
}
static void rope_adjacent(const kernel_table *t, const float *x, float *y, size_t n) {
    memcpy(y, x, n * sizeof(float));
    t->rope(y, x, n / 2, rope_style_adjacent);
}
static void rope_halves(const kernel_table *t, const float *x, float *y, size_t n) {
    memcpy(y, x, n * sizeof(float));
    t->rope(y, x, n / 2, rope_style_halves);
}
static void add_scaled(const kernel_table *t, const float *x, float *y, size_t n) {
    memset(y, 0, n * sizeof(float));
    t->add_scaled(x, 0.7f, y, n);
}
static void silu(const kernel_table *t, const float *x, float *y, size_t n) { t->activate(activation_silu, x, x, y, n); }
static void gelu(const kernel_table *t, const float *x, float *y, size_t n) { t->activate(activation_gelu, x, NULL, y, n); }
static void gelu_tanh(const kernel_table *t, const float *x, float *y, size_t n) {
    t->activate(activation_gelu_tanh, x, x, y, n);
}
static void relu(const kernel_table *t, const float *x, float *y, size_t n) { t->activate(activation_relu, x, x, y, n); }
static void relu_squared(const kernel_table *t, const float *x, float *y, size_t n) {
    t->activate(activation_relu_squared, x, NULL, y, n);
}

static bool check_rows(const kernel_table *table, const char *name, operation run) {
    const size_t lengths[] = {2, 4, 6, 14, 30, 32, 34, 62, 64, 66, 254, 256, 258};
    for (size_t l = 0; l < sizeof lengths / sizeof lengths[0]; l++) {
        const size_t n = lengths[l];
        float *x = allocate(n * sizeof(float)), *y = allocate(n * sizeof(float)), *expected = allocate(n * sizeof(float));
        for (size_t i = 0; i < n; i++) x[i] = random_value(), y[i] = expected[i] = NAN;
        run(table, x, y, n);
        run(kernels_for("scalar"), x, expected, n);
        bool good = true;
        for (size_t i = 0; i < n; i++) good &= fabsf(y[i] - expected[i]) <= 1e-5f * (1 + fabsf(expected[i]));
        free(x), free(y), free(expected);
        if (!good) return printf("%s %s, n %zu\n", table->isa, name, n), false;
    }
    return true;
}

/// exp and tanh where they overflow, vanish or stay linear.
static bool check_extremes(const kernel_table *table) {
    const float x[] = {-INFINITY, -200, -104, -88, -87.4f, -30, -1, -0.6f, -1e-6f, 0, 1e-6f, 0.6f, 0.7f, 20, 88, 200, 1000};
    enum { n = sizeof x / sizeof x[0] };
    const kernel_table *tables[2] = {kernels_for("scalar"), table};
    float y[4][2][n];
    for (int t = 0; t < 2; t++) {
        memcpy(y[0][t], x, sizeof x), memcpy(y[1][t], x + 1, sizeof x - sizeof x[0]);
        y[0][t][0] = tables[t]->softmax(y[0][t], n) + y[0][t][0];
        y[1][t][n - 1] = 0;
        tables[t]->scale(y[1][t], 0.7f, 30, n - 1);
        tables[t]->activate(activation_silu, x + 1, NULL, y[2][t], n - 1);
        tables[t]->activate(activation_gelu_tanh, x + 1, x + 1, y[3][t], n - 1);
        y[2][t][n - 1] = y[3][t][n - 1] = 0;
    }
    for (int i = 0; i < 4 * n; i++) {
        const float a = y[i / n][0][i % n], b = y[i / n][1][i % n];
        if (!(fabsf(a - b) <= 2e-6f * fabsf(a) + 1e-37f)) return printf("%s extremes, %d: %g %g\n", table->isa, i, a, b), false;
    }
    return true;
}

/// Every binary16 and bfloat16 as a float, and floats around every rounding boundary as binary16, bit by bit.
static bool check_halves(const kernel_table *table) {
    enum { halves = 65536 };
    static const uint32_t changes[] = {0, 1, 0x0fff, 0x1000, 0x1001};
    uint16_t *bits = allocate(halves * sizeof(uint16_t)), *half = allocate(2 * halves * sizeof(uint16_t));
    float *values = allocate(2 * halves * sizeof(float));
    bool good = true;
    for (size_t i = 0; i < halves; i++) bits[i] = (uint16_t)i;
    for (tensor_type type = tensor_type_f16; type <= tensor_type_bf16; type++) {
        kernels_dequantize(table, type, bits, values, halves - 1);   // an end that fills no vector
        tensor_type_get(type)->dequantize(bits, values + halves, halves - 1);
        good &= memcmp(values, values + halves, (halves - 1) * sizeof(float)) == 0;
    }
    for (size_t change = 0; change < sizeof changes / sizeof changes[0]; change++) {
        for (size_t i = 0; i < halves; i++) {
            union { float value; uint32_t bits; } u = {f16_to_f32(bits[i])};
            u.bits ^= changes[change];
            values[i] = u.value;
        }
        kernels_quantize(table, tensor_type_f16, values, half, halves - 1);
        tensor_type_get(tensor_type_f16)->quantize(values, half + halves, halves - 1);
        good &= memcmp(half, half + halves, (halves - 1) * sizeof(uint16_t)) == 0;
    }
    free(bits), free(half), free(values);
    if (!good) printf("%s halves\n", table->isa);
    return good;
}

bool check_operations(const kernel_table *table) {
    static const struct { const char *name; operation run; } operations[] = {
        {"rms_norm", rms_norm}, {"layer_norm", layer_norm}, {"softmax", softmax}, {"log_sum_exp", log_sum_exp},
        {"rope adjacent", rope_adjacent}, {"rope halves", rope_halves}, {"add_scaled", add_scaled}, {"silu", silu},
        {"gelu", gelu}, {"gelu_tanh", gelu_tanh}, {"relu", relu}, {"relu_squared", relu_squared},
    };
    bool good = check_extremes(table);
    good &= check_halves(table);
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        good &= check_rows(table, operations[i].name, operations[i].run);
    }
    return good;
}
