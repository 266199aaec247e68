/// The operations a backend is made of, and the table of their best versions on this CPU.
///
/// Every slot has a scalar reference (ops/, quant/); kernels.def lists faster versions. A kernel has no error path:
/// callers validate. Batch invariance: the bits of one output element never depend on the other rows or columns of the
/// call (fixed order of accumulation per element), so a row alone equals the row in a batch.
#ifndef KERNELS_H
#define KERNELS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "quant.h"

/// y[column * y_stride + row] = sum_k w[row, k] * x[column, k] for row < rows, column < columns.
typedef struct matmul_args {
    const void *w;         ///< weights [rows, k], packed blocks
    size_t w_row_bytes;
    const void *x;         ///< activations [columns, k] in the weight type's activation type
    size_t x_row_bytes;
    float *y;
    size_t y_stride;       ///< floats between two columns' results
    size_t k;              ///< multiple of the block size
    size_t rows, columns;
} matmul_args;

/// Cells [start, start + count) of a cache.
typedef struct cell_range {
    uint32_t start, count;
} cell_range;

/// Attention of some query rows against one KV head. Row r sees the cells ranges[range_offsets[r] ..< range_offsets[r + 1]]
/// in that order, which is the order of positions; the last one is the row's own cell.
/// out[r] = softmax(scale * q.k (soft-capped) + bias) . v, heads_per_kv query heads per row.
typedef struct attention_args {
    const float *q;        ///< q[r * q_stride + h * k_dim + d], h < heads_per_kv
    size_t q_stride;
    const void *k, *v;     ///< [cells, k_dim], [cells, v_dim] of this KV head, in kv_type
    tensor_type kv_type;   ///< f32, f16 or q8_0
    const cell_range *ranges;
    const uint32_t *range_offsets;   ///< [rows + 1]
    float *out;            ///< out[r * out_stride + h * v_dim + d]
    size_t out_stride;
    float *scratch;        ///< at least attention_scratch_floats(args) floats
    size_t rows, heads_per_kv, k_dim, v_dim;
    float scale;
    float softcap;               ///< 0: none; else s = softcap * tanh(s / softcap)
    const float *alibi_slopes;   ///< [heads_per_kv] or NULL
    const float *sinks;          ///< [heads_per_kv] extra logits without value, or NULL
} attention_args;

/// Enough for every instruction set.
size_t attention_scratch_floats(const attention_args *args);

/// How pairs of a head's values are rotated.
typedef enum rope_style { rope_style_adjacent, rope_style_halves } rope_style;

/// Activation functions of feed-forward networks.
typedef enum activation_kind {
    activation_silu,
    activation_gelu,        ///< exact, erf
    activation_gelu_tanh,
    activation_relu,
    activation_relu_squared,
} activation_kind;

typedef struct kernel_table {
    const char *isa;   ///< "scalar", "avx2", ...
    void (*matmul[tensor_type_count])(const matmul_args *args);
    /// The same for weights whose rows are interleaved (interleave_rows): w points to the first of 8 rows, rows is a multiple of
    /// 8, w_row_bytes is as before. Bits equal those of `matmul` where activations are quantised. NULL: type without that form.
    void (*matmul_interleaved[tensor_type_count])(const matmul_args *args);
    /// Conversion of activations; filled for F16 (caches) and every type that some other type names as its activation type.
    void (*quantize[tensor_type_count])(const float *x, void *y, size_t blocks);
    /// The values of packed blocks; filled for every type.
    void (*dequantize[tensor_type_count])(const void *w, float *y, size_t blocks);
    /// y = x / sqrt(mean(x^2) + eps) * w; w may be NULL. x == y allowed.
    void (*rms_norm)(const float *x, const float *w, float *y, size_t n, float eps);
    /// y = (x - mean) / sqrt(var + eps) * w + b; w and b may be NULL. x == y allowed.
    void (*layer_norm)(const float *x, const float *w, const float *b, float *y, size_t n, float eps);
    /// In place; returns log(sum(exp(x))).
    float (*softmax)(float *x, size_t n);
    /// log(sum(exp(x))), x untouched.
    float (*log_sum_exp)(const float *x, size_t n);
    /// Rotates one head in place by pairs: cos_sin holds `pairs` cosines, then `pairs` sines.
    void (*rope)(float *head, const float *cos_sin, size_t pairs, rope_style style);
    void (*attention)(const attention_args *args);
    /// y = f(gate) * up, or f(gate) where up is NULL. gate == y allowed.
    void (*activate)(activation_kind kind, const float *gate, const float *up, float *y, size_t n);
    /// y += scale * x
    void (*add_scaled)(const float *x, float scale, float *y, size_t n);
    /// x = softcap(factor * x) in place, softcap(v) = cap * tanh(v / cap); cap 0: none.
    void (*scale)(float *x, float factor, float cap, size_t n);
} kernel_table;

/// The best table for this CPU, or the one named by COOLFUSION_ISA or kernels_select. Never NULL: a COOLFUSION_ISA that
/// this CPU cannot run is not obeyed, so a program that wants to refuse it asks kernels_for first.
const kernel_table *kernels_current(void);
/// Makes the named instruction set current; false if it is unknown or this CPU lacks it.
bool kernels_select(const char *isa);
/// The table of an instruction set, NULL if unknown or unsupported here.
const kernel_table *kernels_for(const char *isa);
/// Names of the instruction sets this build knows, NULL-terminated, slowest first; support on this CPU is kernels_for() != NULL.
const char *const *kernels_isas(void);

// Swift imports arrays of function pointers as tuples; these give it the slots by index.

/// Whether weights of this type have a matmul (types that are activations only have none).
static inline bool kernels_has_matmul(const kernel_table *table, tensor_type type) { return table->matmul[type] != NULL; }

/// Runs the slot for interleaved weights; the type must have the form.
static inline void kernels_matmul_interleaved(const kernel_table *table, tensor_type type, const matmul_args *args) {
    table->matmul_interleaved[type](args);
}

/// Runs the matmul slot of a weight type.
static inline void kernels_matmul(const kernel_table *table, tensor_type type, const matmul_args *args) {
    table->matmul[type](args);
}

/// Converts activations to a type that some weight type names as its activation type; for f32 this is a copy.
static inline void kernels_quantize(const kernel_table *table, tensor_type type, const float *x, void *y, size_t blocks) {
    table->quantize[type](x, y, blocks);
}

/// The values of packed blocks of any type.
static inline void kernels_dequantize(const kernel_table *table, tensor_type type, const void *w, float *y, size_t blocks) {
    table->dequantize[type](w, y, blocks);
}
#endif
