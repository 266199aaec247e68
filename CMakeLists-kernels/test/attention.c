// Attention of one instruction set against the scalar reference, with prefixes, branches, soft cap, ALiBi and sinks; and a row
// in a batch against the row alone, bit by bit.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "kernels_test.h"

/// Rows that continue a common prefix as a trunk (each sees the rows before it) or as branches with cells of their own.
typedef struct attention_case {
    tensor_type kv_type;
    size_t rows, heads, k_dim, v_dim, prefix;
    bool branches;
    float softcap;
    bool alibi, sinks;
} attention_case;

enum { most_rows = 33, most_heads = 20 };

/// `n` values in a type, as its reference quantiser makes them.
static void *random_cells(tensor_type type, size_t n) {
    const tensor_type_info *info = tensor_type_get(type);
    float *values = allocate(n * sizeof(float));
    void *cells = allocate(n / info->block_size * info->block_bytes);
    for (size_t i = 0; i < n; i++) values[i] = random_value();
    info->quantize(values, cells, n / info->block_size);
    free(values);
    return cells;
}

/// Results of rows first ..< first + rows in exact, NaN-filled memory.
static float *attend(const kernel_table *table, attention_args a, size_t first, size_t rows) {
    const size_t values = rows * a.out_stride;
    a.q += first * a.q_stride;
    a.range_offsets += first;
    a.rows = rows;
    a.out = allocate(values * sizeof(float));
    memset(a.out, 0xff, values * sizeof(float));
    const size_t scratch = attention_scratch_floats(&a) * sizeof(float);
    a.scratch = allocate(scratch);
    memset(a.scratch, 0xff, scratch);
    table->attention(&a);
    free(a.scratch);
    return a.out;
}

static bool check_rows(const kernel_table *table, const attention_args *a) {
    const size_t values = a->rows * a->out_stride;
    float *out = attend(table, *a, 0, a->rows), *expected = attend(kernels_for("scalar"), *a, 0, a->rows);
    bool good = true;
    for (size_t i = 0; i < values; i++) good &= fabsf(out[i] - expected[i]) < 1e-5f;
    for (size_t r = 0; r < a->rows; r++) {
        float *alone = attend(table, *a, r, 1);
        good &= memcmp(alone, out + r * a->out_stride, a->out_stride * sizeof(float)) == 0;
        free(alone);
    }
    free(out), free(expected);
    return good;
}

static bool check_case(const kernel_table *table, const attention_case *c) {
    cell_range ranges[2 * most_rows];
    uint32_t offsets[most_rows + 1] = {0};
    float slopes[most_heads], sinks[most_heads];
    for (size_t h = 0; h < c->heads; h++) slopes[h] = fabsf(random_value()), sinks[h] = random_value();
    for (uint32_t r = 0, n = 0; r < c->rows; r++, offsets[r] = n) {
        if (!c->branches) {
            ranges[n++] = (cell_range){2, (uint32_t)c->prefix + r + 1};
            continue;
        }
        if (c->prefix > 0) ranges[n++] = (cell_range){2, (uint32_t)c->prefix};
        ranges[n++] = (cell_range){(uint32_t)c->prefix + 2 + 12 * (r % 3), r / 3 + 1};
    }
    const size_t cells = c->prefix + 40;
    void *q = random_cells(tensor_type_f32, c->rows * c->heads * c->k_dim);
    void *k = random_cells(c->kv_type, cells * c->k_dim), *v = random_cells(c->kv_type, cells * c->v_dim);
    const attention_args a = {.q = q, .q_stride = c->heads * c->k_dim, .k = k, .v = v, .kv_type = c->kv_type, .ranges = ranges,
                              .range_offsets = offsets, .out_stride = c->heads * c->v_dim, .rows = c->rows,
                              .heads_per_kv = c->heads, .k_dim = c->k_dim, .v_dim = c->v_dim, .scale = 0.5f,
                              .softcap = c->softcap, .alibi_slopes = c->alibi ? slopes : NULL,
                              .sinks = c->sinks ? sinks : NULL};
    const bool good = check_rows(table, &a);
    if (!good) printf("%s attention %s, rows %zu, heads %zu, dims %zu and %zu, prefix %zu\n", table->isa,
                      tensor_type_get(c->kv_type)->label, c->rows, c->heads, c->k_dim, c->v_dim, c->prefix);
    free(q), free(k), free(v);
    return good;
}

bool check_attention(const kernel_table *table) {
    // The last ones go across windows of 256 cells: in the common cells, in the cells of single rows, and with sinks.
    static const attention_case cases[] = {
        {tensor_type_f32, 1, 1, 32, 32, 0, false, 0, false, false},
        {tensor_type_f32, 3, 2, 5, 9, 4, false, 0, false, false},
        {tensor_type_f32, 4, 3, 40, 40, 41, false, 0, false, false},
        {tensor_type_f16, 2, 3, 64, 64, 31, true, 0, false, false},
        {tensor_type_f16, 5, 1, 13, 7, 100, true, 20, false, false},
        {tensor_type_f16, 2, 20, 24, 128, 40, false, 0, true, false},
        {tensor_type_q8_0, 17, 1, 32, 32, 3, true, 0, false, true},
        {tensor_type_f32, 6, 5, 40, 72, 257, true, 0, true, true},
        {tensor_type_f16, 9, 4, 64, 64, 251, false, 0, false, false},
        {tensor_type_f16, 12, 1, 64, 40, 767, true, 8, false, false},
        {tensor_type_q8_0, 33, 3, 64, 64, 530, true, 0, true, false},
    };
    bool good = true;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) good &= check_case(table, &cases[i]);
    return good;
}
