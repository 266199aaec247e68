// A smoke test for compilers and sanitizers: every kernel of every instruction set of this CPU against the scalar one, matmuls
// on plain and on interleaved rows, parts of a product alone against the whole, and the thread pool. Inputs are exact
// allocations, so a sanitizer sees any access beyond them.
//   kernels_test [TYPE | operations | attention | thread_pool]      without an argument: everything
//   kernels_test digest                                             hashes, to compare with those of another machine
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "kernels_test.h"

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

/// Random blocks that decode to moderate values; `extreme`: nearly all bytes of a block alike, which the least and greatest
/// values are among, so that sums in 16 bits come to their limits.
static void fill_weights(const tensor_type_info *info, char *w, size_t blocks, bool extreme) {
    static const uint8_t alike[] = {0x00, 0xff, 0x80, 0x7f, 0x88, 0x77, 0x0f, 0xf0};
    float *values = allocate(info->block_size * sizeof(float));
    for (size_t b = 0; b < blocks; b++) {
        for (float largest = INFINITY; !(largest < 1e6f);) {
            const uint8_t byte = alike[random_bits() % sizeof alike];
            for (size_t i = 0; i < info->block_bytes; i++)
                w[b * info->block_bytes + i] = (char)(extreme && random_bits() % 16 ? byte : random_bits());
            info->dequantize(w + b * info->block_bytes, values, 1);
            largest = 0;
            for (size_t i = 0; i < info->block_size; i++) largest = largest >= fabsf(values[i]) ? largest : fabsf(values[i]);
        }
    }
    free(values);
}

/// `extreme`: all values of 256 are 1 or all are -1.
static void fill_activations(const tensor_type_info *info, char *x, size_t blocks, bool extreme) {
    const size_t n = blocks * info->block_size;
    float *values = allocate(n * sizeof(float));
    for (size_t i = 0; i < n; i++) values[i] = !extreme ? random_value() : i / 256 % 2 ? 1 : -1;
    info->quantize(values, x, blocks);
    free(values);
}

/// Weights as plain rows and, where the type has that form, interleaved; activations.
typedef struct product {
    tensor_type type;
    size_t k, rows, columns;   // rows: a multiple of 8 where `packed` is used
    size_t w_row_bytes, x_row_bytes;
    char *w, *packed, *x;
} product;

/// A rectangle of the results.
typedef struct part {
    size_t row, rows, column, columns;
} part;

static product make_product(tensor_type type, size_t k, size_t rows, size_t columns, bool extreme) {
    const tensor_type_info *weight = tensor_type_get(type), *activation = tensor_type_get(weight->activation);
    product p = {.type = type, .k = k, .rows = rows, .columns = columns,
                 .w_row_bytes = k / weight->block_size * weight->block_bytes,
                 .x_row_bytes = k / activation->block_size * activation->block_bytes};
    p.w = allocate(rows * p.w_row_bytes), p.x = allocate(columns * p.x_row_bytes);
    fill_weights(weight, p.w, rows * k / weight->block_size, extreme);
    fill_activations(activation, p.x, columns * k / activation->block_size, extreme);
    if (tensor_type_interleaves(type) && rows % interleaved_rows == 0) {
        p.packed = allocate(rows * p.w_row_bytes);
        for (size_t r = 0; r < rows; r += interleaved_rows)
            interleave_rows(type, p.w + r * p.w_row_bytes, p.w_row_bytes, p.packed + r * p.w_row_bytes);
    }
    return p;
}

enum { gap = 3 };   // unused floats after each column's results

static size_t results(part t) { return (t.rows + gap) * t.columns; }

/// The results of a part, with NaN in the gaps.
static float *multiply(const product *p, const kernel_table *table, part t, bool interleaved) {
    float *y = allocate(results(t) * sizeof(float));
    memset(y, 0xff, results(t) * sizeof(float));
    const matmul_args a = {.w = (interleaved ? p->packed : p->w) + t.row * p->w_row_bytes, .w_row_bytes = p->w_row_bytes,
                           .x = p->x + t.column * p->x_row_bytes, .x_row_bytes = p->x_row_bytes, .y = y,
                           .y_stride = t.rows + gap, .k = p->k, .rows = t.rows, .columns = t.columns};
    (interleaved ? kernels_matmul_interleaved : kernels_matmul)(table, p->type, &a);
    return y;
}

/// Whether a part computed alone has the bits it has in the whole, and nothing is written beyond it.
static bool part_agrees(const product *p, const kernel_table *table, part t, const float *whole, bool interleaved) {
    float *y = multiply(p, table, t, interleaved);
    bool good = true;
    for (size_t c = 0; c < t.columns; c++) {
        const float *column = y + c * (t.rows + gap);
        good &= memcmp(column, whole + (t.column + c) * (p->rows + gap) + t.row, t.rows * sizeof(float)) == 0;
        for (size_t r = t.rows; r < t.rows + gap; r++) good &= isnan(column[r]) != 0;
    }
    free(y);
    return good;
}

/// Relative distance of all results to the reference's, and whether parts alone give the same bits.
static bool check_product(const kernel_table *table, const product *p, bool interleaved) {
    const part all = {0, p->rows, 0, p->columns};
    float *y = multiply(p, table, all, interleaved), *expected = multiply(p, kernels_for("scalar"), all, interleaved);
    double error = 0, norm = 0;
    for (size_t i = 0; i < results(all); i++) {
        if (i % (p->rows + gap) >= p->rows) continue;
        error += ((double)y[i] - expected[i]) * ((double)y[i] - expected[i]);
        norm += (double)expected[i] * expected[i];
    }
    bool good = error <= norm * 1e-10 && part_agrees(p, table, all, y, interleaved);
    for (size_t c = 0; c < p->columns; c++) good &= part_agrees(p, table, (part){0, p->rows, c, 1}, y, interleaved);
    const size_t step = interleaved ? interleaved_rows : 1, middle = p->rows / 2 / step * step;
    good &= part_agrees(p, table, (part){middle, p->rows - middle, 0, p->columns}, y, interleaved);
    good &= part_agrees(p, table, (part){middle, step, p->columns / 2, p->columns - p->columns / 2}, y, interleaved);
    good &= part_agrees(p, table, (part){0, step, 0, 2}, y, interleaved);
    if (tensor_type_get(p->type)->activation != tensor_type_f32) {   // then the form does not show, and fast kernels agree
        const kernel_table *fast = kernels_isas()[1] ? kernels_for(kernels_isas()[1]) : NULL;
        if (interleaved) good &= part_agrees(p, table, all, y, false);
        if (fast && table != kernels_for("scalar")) good &= part_agrees(p, fast, all, y, interleaved);
    }
    if (!good) printf("%s %s%s, k %zu, rows %zu, columns %zu: relative error %g\n", table->isa, tensor_type_get(p->type)->label,
                      interleaved ? " interleaved" : "", p->k, p->rows, p->columns, sqrt(error / norm));
    free(y), free(expected);
    return good;
}

/// A product in both forms, then freed.
static bool check_forms(const kernel_table *table, product p) {
    bool good = check_product(table, &p, false);
    if (p.packed) good &= check_product(table, &p, true);
    free(p.w), free(p.packed), free(p.x);
    return good;
}

/// Sizes around every tile; columns and lengths beyond the kernels' panels, which have at most 64 columns and 2048 blocks in
/// all; and extreme values.
static bool check_matmul(const kernel_table *table, tensor_type type) {
    static const size_t rows[] = {7, 8, 9, 16, 11, 40}, columns[] = {7, 2, 3, 4, 35, 5, 6, 14};
    static const struct { size_t blocks, rows, columns; } extremes[] = {{3, 7, 7}, {4, 8, 2}, {3, 16, 8}, {4, 8, 14}};
    const tensor_type_info *info = tensor_type_get(type);
    const size_t step = tensor_type_get(info->activation)->block_size, block = info->block_size > step ? info->block_size : step;
    bool good = true;
    for (size_t i = 0; i < 24; i++) {
        const size_t values = i % 11 == 9 ? 257 : i % 11 == 10 ? 4200 : (i % 11 + 1) * block;
        const size_t k = (values + block - 1) / block * block;
        good &= check_forms(table, make_product(type, k, rows[i % 6], columns[i % 8], false));
    }
    for (size_t i = 0; i < sizeof extremes / sizeof extremes[0]; i++)
        good &= check_forms(table, make_product(type, extremes[i].blocks * block, extremes[i].rows, extremes[i].columns, true));
    const size_t panels = block == 256 ? 35 * 256 : (4200 + block - 1) / block * block;
    good &= check_forms(table, make_product(type, panels, 16, 66, false));
    good &= check_forms(table, make_product(type, panels, 9, 66, false));
    return good;
}

/// Values for a quantiser: random ones; then zeros, tiny, huge and equal ones, halves between two integers (the largest is
/// 127), and such that are not finite.
static float quantizer_value(size_t set, size_t i) {
    const float halves = (float)(i % 254) - 126.5f;
    switch (set % 8) {
        case 1: return 0;
        case 2: return random_value() * 1e-35f;
        case 3: return random_value() * 1e37f;
        case 4: return i % 3 ? 1 : -1;
        case 5: return i % 32 == 7 ? -127 : halves;
        case 6: return i % 61 == 9 ? INFINITY : random_value();
        case 7: return i % 61 == 9 ? NAN : random_value();
        default: return random_value();
    }
}

/// The activation quantiser of a type gives the reference's bytes.
static bool check_quantizer(const kernel_table *table, tensor_type type) {
    const tensor_type_info *info = tensor_type_get(type);
    for (size_t blocks = 1; blocks <= 18; blocks++) {
        const size_t n = blocks * info->block_size, bytes = blocks * info->block_bytes;
        float *x = allocate(n * sizeof(float));
        char *y = allocate(bytes), *expected = allocate(bytes);
        for (size_t i = 0; i < n; i++) x[i] = quantizer_value(blocks, i);
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
    if (kernels_has_matmul(table, type)) good &= check_matmul(table, type);
    return good;
}

/// A hash of a product's bits by the current table. Blocks are exact integers and are added in order, so all fast instruction
/// sets of all architectures print the same.
static void print_digest(tensor_type type) {
    const tensor_type_info *info = tensor_type_get(type);
    if (!info->dot || info->activation == tensor_type_f32) return;
    const size_t step = tensor_type_get(info->activation)->block_size, block = info->block_size > step ? info->block_size : step;
    state = 1;
    product p = make_product(type, 5 * block, 19, 15, false);
    const part all = {0, p.rows, 0, p.columns};
    float *y = multiply(&p, kernels_current(), all, false);
    uint64_t hash = 14695981039346656037u;   // FNV-1a, by words
    for (size_t i = 0; i < results(all); i++) {
        union { float value; uint32_t bits; } u = {y[i]};
        if (i % (p.rows + gap) < p.rows) hash = (hash ^ u.bits) * 1099511628211u;
    }
    printf("%s %016llx\n", info->label, (unsigned long long)hash);
    free(y), free(p.w), free(p.packed), free(p.x);
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
    if (wanted && strcmp(wanted, "digest") == 0) {
        for (tensor_type type = 0; type < tensor_type_count; type++) print_digest(type);
        return 0;
    }
    if (!wanted || strcmp(wanted, "thread_pool") == 0) good &= check_thread_pool(), checked++;
    for (const char *const *isa = kernels_isas(); *isa; isa++) {
        const kernel_table *table = kernels_for(*isa);
        if (!table) continue;
        if (!wanted || strcmp(wanted, "operations") == 0) good &= check_operations(table), checked++;
        if (!wanted || strcmp(wanted, "attention") == 0) good &= check_attention(table), checked++;
        for (tensor_type type = 0; type < tensor_type_count; type++) {
            if (wanted && strcmp(wanted, tensor_type_get(type)->label) != 0) continue;
            good &= check_type(table, type), checked++;
        }
    }
    if (!checked) return fprintf(stderr, "usage: kernels_test [TYPE | operations | attention | thread_pool | digest]\n"), 64;
    puts(good ? "all kernels agree" : "failed");
    return good ? 0 : 1;
}
