// The matmuls from C alone, for profilers and for machines without Swift: CPU time, GB/s, GOP/s and the share of what the
// machine could do at most, one thread. kernel-bench does the same for all operations, model by model, and compares runs.
//   kernels_bench [FILTER]      only lines that contain it, for example "avx2 Q4_K"
#define _POSIX_C_SOURCE 200112L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "ckernels.h"

enum { k = 2048, rows = 2048, most_columns = 32, copies = 16, samples = 7 };

static double cpu_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void *allocate(size_t bytes) {
    void *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (!memory) exit(2);
    return memory;
}

static int ascending(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/// `copies` matrices of zeros: speed does not depend on the values, but for NaN and denormals, which zeros are not.
typedef struct product {
    const kernel_table *table;
    tensor_type type;
    matmul_args args;
    const char *weights;
} product;

/// Median seconds of one matrix; every run takes the next copy, so that weights come from memory.
static double median(product *p) {
    double times[samples];
    size_t copy = 0;
    for (int s = 0; s < samples; s++) {
        size_t runs = 0;
        const double start = cpu_seconds();
        double elapsed = 0;
        for (; elapsed < 0.02; elapsed = cpu_seconds() - start, runs++) {
            p->args.w = p->weights + copy * rows * p->args.w_row_bytes;
            kernels_matmul(p->table, p->type, &p->args);
            copy = (copy + 1) % copies;
        }
        times[s] = elapsed / (double)runs;
    }
    qsort(times, samples, sizeof times[0], ascending);
    return times[samples / 2];
}

static void measure(product p, const machine_limits *limits, const char *filter) {
    const tensor_type_info *weight = tensor_type_get(p.type), *activation = tensor_type_get(weight->activation);
    p.args = (matmul_args){.w_row_bytes = k / weight->block_size * weight->block_bytes,
                           .x_row_bytes = k / activation->block_size * activation->block_bytes,
                           .y_stride = rows, .k = k, .rows = rows};
    char *weights = NULL, *x = allocate(most_columns * p.args.x_row_bytes);
    float *y = allocate(most_columns * rows * sizeof(float));
    memset(x, 0, most_columns * p.args.x_row_bytes);
    p.args.x = x, p.args.y = y;
    for (size_t n = 1; n <= most_columns; n *= 2) {
        char name[64];
        snprintf(name, sizeof name, "%s %s %dx%d n=%zu", p.table->isa, weight->label, rows, k, n);
        if (filter && !strstr(name, filter)) continue;
        if (!weights) memset(weights = allocate(copies * rows * p.args.w_row_bytes), 0, copies * rows * p.args.w_row_bytes);
        p.weights = weights;
        p.args.columns = n;
        const double seconds = median(&p), bytes = (double)(rows * p.args.w_row_bytes), operations = 2.0 * rows * k * (double)n;
        const double peak = weight->activation == tensor_type_f32 ? limits->f32 : limits->int8;
        const double reading = bytes / limits->reads[machine_limit_levels - 1], computing = operations / peak;
        printf("%-34s %10.1f us %7.1f GB/s %8.1f GOP/s %5.0f %%\n", name, seconds * 1e6, bytes / seconds * 1e-9,
               operations / seconds * 1e-9, 100 * (reading > computing ? reading : computing) / seconds);
    }
    free(weights), free(x), free(y);
}

int main(int argc, char **argv) {
    for (const char *const *isa = kernels_isas(); *isa; isa++) {
        const kernel_table *table = kernels_for(*isa);
        if (!table || strcmp(*isa, "scalar") == 0) continue;
        const machine_limits limits = machine_limits_measure(*isa);
        printf("%s: memory %.1f GB/s, f32 %.0f GOP/s, int8 %.0f GOP/s\n", *isa, limits.reads[machine_limit_levels - 1] * 1e-9,
               limits.f32 * 1e-9, limits.int8 * 1e-9);
        for (tensor_type type = 0; type < tensor_type_count; type++) {
            if (kernels_has_matmul(table, type)) measure((product){table, type, {0}, NULL}, &limits, argc > 1 ? argv[1] : NULL);
        }
    }
    return 0;
}
