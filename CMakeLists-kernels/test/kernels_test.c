// A smoke test for compilers and sanitizers: every kernel of every instruction set of this CPU against the scalar one, matmuls
// on plain and on interleaved rows, each column of a matmul alone against all columns, and the thread pool. Inputs are exact
// allocations, so a sanitizer sees any access beyond them.
//   kernels_test [TYPE | operations | thread_pool]      without an argument: everything
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "kernels_test.h"

enum { rows = 11, columns = 7 };

static uint64_t state = 1;

uint32_t random_bits(void) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33);
}

float random_value(void) { return (float)((int)(random_bits() % 20001) - 10000) / 10000; }

void *allocate(size_t bytes) {
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

/// The activation quantiser of a type gives the reference's bytes.
static bool check_quantizer(const kernel_table *table, tensor_type type) {
    const tensor_type_info *info = tensor_type_get(type);
    for (size_t blocks = 1; blocks <= 9; blocks++) {
        const size_t n = blocks * info->block_size, bytes = blocks * info->block_bytes;
        float *x = allocate(n * sizeof(float));
        char *y = allocate(bytes), *expected = allocate(bytes);
        for (size_t i = 0; i < n; i++) x[i] = random_value();
        memset(y, 0xff, bytes);
        kernels_quantize(table, type, x, y, blocks);
        info->quantize(x, expected, blocks);
        const bool same = memcmp(y, expected, bytes) == 0;
        free(x), free(y), free(expected);
        if (!same) return printf("%s quantize %s, %zu blocks\n", table->isa, info->label, blocks), false;
    }
    return true;
}

static bool check_type(const kernel_table *table, tensor_type type) {
    bool good = true;
    if (table->quantize[type]) good &= check_quantizer(table, type);
    if (!kernels_has_matmul(table, type)) return good;
    const tensor_type_info *info = tensor_type_get(type);
    const size_t step = tensor_type_get(info->activation)->block_size;
    const size_t block = info->block_size > step ? info->block_size : step;
    for (size_t blocks = 1; blocks <= 9; blocks++) {
        good &= check_matmul(table, type, blocks * block, false);
        if (tensor_type_interleaves(type)) good &= check_matmul(table, type, blocks * block, true);
    }
    return good;
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

int main(int argc, char **argv) {
    const char *wanted = argc > 1 ? argv[1] : NULL;
    bool good = true;
    int checked = 0;
    if (!wanted || strcmp(wanted, "thread_pool") == 0) good &= check_thread_pool(), checked++;
    for (const char *const *isa = kernels_isas(); *isa; isa++) {
        const kernel_table *table = kernels_for(*isa);
        if (!table) continue;
        if (!wanted || strcmp(wanted, "operations") == 0) good &= check_operations(table), checked++;
        for (tensor_type type = 0; type < tensor_type_count; type++) {
            if (wanted && strcmp(wanted, tensor_type_get(type)->label) != 0) continue;
            good &= check_type(table, type), checked++;
        }
    }
    if (!checked) return fprintf(stderr, "usage: kernels_test [TYPE | operations | thread_pool]\n"), 64;
    puts(good ? "all kernels agree" : "failed");
    return good ? 0 : 1;
}
