// A smoke test for compilers and sanitizers: every matmul of every instruction set of this CPU, on plain and on interleaved
// rows, against the scalar one, each column alone against all columns, and attention and the thread pool once. Weights and activations stand at the end of
// exact allocations, so a sanitizer sees any read beyond a row.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ckernels.h"

enum { rows = 11, columns = 7 };

static uint64_t state = 1;

static uint32_t random_bits(void) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33);
}

static float random_value(void) { return (float)((int)(random_bits() % 20001) - 10000) / 10000; }

static void *allocate(size_t bytes) {
    void *p = malloc(bytes);
    if (!p) exit(2);
    return p;
}

/// Random blocks that decode to moderate values.
static void fill_weights(const tensor_type_info *info, char *w, size_t blocks) {
    float *values = allocate(info->block_size * sizeof(float));
    for (size_t b = 0; b < blocks; b++) {
        for (float largest = INFINITY; !(largest < 1e6f);) {
            for (size_t i = 0; i < info->block_bytes; i++) w[b * info->block_bytes + i] = (char)random_bits();
            info->dequantize(w + b * info->block_bytes, values, 1);
            largest = 0;
            for (size_t i = 0; i < info->block_size; i++) largest = largest >= fabsf(values[i]) ? largest : fabsf(values[i]);
        }
    }
    free(values);
}

static void fill_activations(const tensor_type_info *info, char *x, size_t blocks) {
    const size_t n = blocks * info->block_size;
    float *values = allocate(n * sizeof(float));
    for (size_t i = 0; i < n; i++) values[i] = random_value();
    info->quantize(values, x, blocks);
    free(values);
}

/// Relative distance of all results to the reference's, and whether each column alone gives the same bits.
static bool check_matmul(const kernel_table *table, tensor_type type, size_t k, bool interleaved) {
    void (*multiply)(const kernel_table *, tensor_type, const matmul_args *) =
        interleaved ? kernels_matmul_interleaved : kernels_matmul;
    const tensor_type_info *weight = tensor_type_get(type), *activation = tensor_type_get(weight->activation);
    matmul_args a = {.w_row_bytes = k / weight->block_size * weight->block_bytes,
                     .x_row_bytes = k / activation->block_size * activation->block_bytes,
                     .y_stride = rows, .k = k, .rows = interleaved ? interleaved_rows : rows, .columns = columns};
    char *w = allocate(rows * a.w_row_bytes), *x = allocate(columns * a.x_row_bytes);
    float *y = allocate(3 * rows * columns * sizeof(float)), *expected = y + rows * columns;
    float *alone = expected + rows * columns;
    fill_weights(weight, w, rows * k / weight->block_size);
    fill_activations(activation, x, columns * k / activation->block_size);
    memset(y, 0xff, 3 * rows * columns * sizeof(float));
    char *packed = allocate(interleaved_rows * a.w_row_bytes);
    if (interleaved) interleave_rows(type, w, a.w_row_bytes, packed);
    a.w = interleaved ? packed : w, a.x = x, a.y = y;
    multiply(table, type, &a);
    a.y = expected;
    multiply(kernels_for("scalar"), type, &a);
    a.columns = 1;
    for (size_t c = 0; c < columns; c++) {
        a.x = x + c * a.x_row_bytes, a.y = alone + c * rows;
        multiply(table, type, &a);
    }
    double error = 0, norm = 0;
    for (size_t i = 0; i < rows * columns; i++) {
        if (i % rows >= a.rows) continue;
        error += ((double)y[i] - expected[i]) * ((double)y[i] - expected[i]);
        norm += (double)expected[i] * expected[i];
    }
    const bool good = error <= norm * 1e-10 && memcmp(y, alone, rows * columns * sizeof(float)) == 0;
    if (!good) printf("%s %s%s, k %zu: relative error %g\n", table->isa, weight->label, interleaved ? " interleaved" : "", k,
                      sqrt(error / norm));
    free(w), free(packed), free(x), free(y);
    return good;
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

static void set_chunk(void *context, size_t chunk, size_t worker) {
    (void)worker;
    ((char *)context)[chunk]++;
}

static bool check_thread_pool(void) {
    char done[100] = {0};
    thread_pool *pool = thread_pool_create(4);
    for (int i = 0; pool && i < 100; i++) thread_pool_run(pool, sizeof done, set_chunk, done);
    thread_pool_destroy(pool);
    for (size_t i = 0; i < sizeof done; i++) {
        if (done[i] != 100) return printf("thread pool\n"), false;
    }
    return true;
}

int main(void) {
    bool good = check_thread_pool();
    for (const char *const *isa = kernels_isas(); *isa; isa++) {
        const kernel_table *table = kernels_for(*isa);
        if (!table) continue;
        good &= check_attention(table);
        for (tensor_type type = 0; type < tensor_type_count; type++) {
            if (!kernels_has_matmul(table, type)) continue;
            const tensor_type_info *info = tensor_type_get(type);
            const size_t step = tensor_type_get(info->activation)->block_size;
            const size_t block = info->block_size > step ? info->block_size : step;
            for (size_t blocks = 1; blocks <= 9; blocks++) {
                good &= check_matmul(table, type, blocks * block, false);
                if (tensor_type_interleaves(type)) good &= check_matmul(table, type, blocks * block, true);
            }
        }
    }
    puts(good ? "all kernels agree" : "failed");
    return good ? 0 : 1;
}
