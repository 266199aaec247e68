// One kernel table per instruction set, built once from the scalar references and the rows of kernels.def.
// A table starts as a copy of the next slower one, so an operation without a row for an instruction set falls back to
// the best version below it. The choice is made once; kernels_select (tests, benches, an explicit option) may change it.
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "cpu_features.h"
#include "isa/architecture.h"
#include "kernels.h"
#include "ops/ops.h"

#define NUMBER(isa) isa_##isa,
enum { isa_scalar, ISAS(NUMBER) isa_count };
#define NAME(isa) #isa,
static const char *const isa_names[isa_count + 1] = {"scalar", ISAS(NAME) NULL};

static kernel_table tables[isa_count];
static _Atomic(const kernel_table *) current;

// A row declares its function with the type of its slot.
#define KERNEL(slot, isa, function) ROW_##isa(extern __typeof__(*((kernel_table *)0)->slot) function;)
#include "kernels.def"
#undef KERNEL

static void fill_scalar(kernel_table *t) {
    *t = (kernel_table){
        .isa = "scalar",
        .rms_norm = rms_norm,
        .layer_norm = layer_norm,
        .softmax = softmax,
        .log_sum_exp = log_sum_exp,
        .rope = rope,
        .attention = attention,
        .activate = activate,
        .add_scaled = add_scaled,
        .scale = scale,
    };
    for (tensor_type type = 0; type < tensor_type_count; type++) {
        const tensor_type activation = tensor_type_get(type)->activation;
        t->matmul[type] = matmul_reference(type);
        t->matmul_interleaved[type] = matmul_interleaved_reference(type);
        t->quantize[activation] = tensor_type_get(activation)->quantize;
        t->dequantize[type] = tensor_type_get(type)->dequantize;
    }
    t->quantize[tensor_type_f16] = tensor_type_get(tensor_type_f16)->quantize;
}

static void build_tables(void) {
    fill_scalar(&tables[isa_scalar]);
    for (int isa = isa_scalar + 1; isa < isa_count; isa++) {
        tables[isa] = tables[isa - 1];
        tables[isa].isa = isa_names[isa];
#define KERNEL(slot, row_isa, function) \
    ROW_##row_isa(if (isa == isa_##row_isa) tables[isa].slot = function;)
#include "kernels.def"
#undef KERNEL
    }
    const char *wanted = getenv("COOLFUSION_ISA");
    const kernel_table *best = &tables[isa_scalar];
    for (int isa = 0; isa < isa_count; isa++) {
        if (!cpu_supports(isa_names[isa])) continue;
        best = &tables[isa];
        if (wanted && strcmp(wanted, isa_names[isa]) == 0) break;
    }
    atomic_store(&current, best);
}

static void ensure_tables(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, build_tables);
}

const kernel_table *kernels_current(void) {
    ensure_tables();
    return atomic_load(&current);
}

const kernel_table *kernels_for(const char *isa) {
    ensure_tables();
    for (int i = 0; i < isa_count; i++) {
        if (strcmp(isa, isa_names[i]) == 0) return cpu_supports(isa) ? &tables[i] : NULL;
    }
    return NULL;
}

bool kernels_select(const char *isa) {
    const kernel_table *table = kernels_for(isa);
    if (table) atomic_store(&current, table);
    return table != NULL;
}

const char *const *kernels_isas(void) { return isa_names; }
