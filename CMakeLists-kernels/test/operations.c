// The operations on rows, RoPE and attention of one instruction set against the scalar references.
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

static bool check_attention(const kernel_table *table) {
    enum { cells = 45, dim = 40, heads = 3, queries = 4 };
    float q[queries * heads * dim], k[cells * dim], v[cells * dim], out[2][queries * heads * dim];
    for (size_t i = 0; i < queries * heads * dim; i++) q[i] = random_value();
    for (size_t i = 0; i < cells * dim; i++) k[i] = random_value(), v[i] = random_value();
    const cell_range ranges[queries] = {{0, 42}, {0, 43}, {0, 44}, {0, 45}};
    const uint32_t offsets[queries + 1] = {0, 1, 2, 3, 4};
    attention_args a = {.q = q, .q_stride = heads * dim, .k = k, .v = v, .kv_type = tensor_type_f32, .ranges = ranges,
                        .range_offsets = offsets, .out = out[0], .out_stride = heads * dim, .rows = queries,
                        .heads_per_kv = heads, .k_dim = dim, .v_dim = dim, .scale = 0.5f};
    a.scratch = allocate(attention_scratch_floats(&a) * sizeof(float));
    table->attention(&a);
    a.out = out[1];
    kernels_for("scalar")->attention(&a);
    free(a.scratch);
    for (size_t i = 0; i < queries * heads * dim; i++) {
        if (!(fabsf(out[0][i] - out[1][i]) < 1e-5f)) return printf("%s attention\n", table->isa), false;
    }
    return true;
}

bool check_operations(const kernel_table *table) {
    static const struct { const char *name; operation run; } operations[] = {
        {"rms_norm", rms_norm}, {"layer_norm", layer_norm}, {"softmax", softmax}, {"log_sum_exp", log_sum_exp},
        {"rope adjacent", rope_adjacent}, {"rope halves", rope_halves}, {"add_scaled", add_scaled}, {"silu", silu},
        {"gelu", gelu}, {"gelu_tanh", gelu_tanh}, {"relu", relu}, {"relu_squared", relu_squared},
    };
    bool good = check_attention(table);
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        good &= check_rows(table, operations[i].name, operations[i].run);
    }
    return good;
}
