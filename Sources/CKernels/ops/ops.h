/// Scalar references of the kernel table's slots: plain loops that run everywhere and define the meaning of each slot.
/// Formulas stand in the .c files; contracts (shapes, aliasing) in kernels.h. Sums are taken in double, so the references
/// are also the accurate side of every comparison. Faster versions are listed in kernels.def, never here.
#ifndef OPS_H
#define OPS_H
#include "kernels.h"

/// Scalar matmul of a weight type, or NULL for types that are activations only.
void (*matmul_reference(tensor_type type))(const matmul_args *args);
/// The same for interleaved weights, or NULL for types without that form.
void (*matmul_interleaved_reference(tensor_type type))(const matmul_args *args);
void rms_norm(const float *x, const float *w, float *y, size_t n, float eps);
void layer_norm(const float *x, const float *w, const float *b, float *y, size_t n, float eps);
float softmax(float *x, size_t n);
float log_sum_exp(const float *x, size_t n);
void rope(float *head, const float *cos_sin, size_t pairs, rope_style style);
void attention(const attention_args *args);
void activate(activation_kind kind, const float *gate, const float *up, float *y, size_t n);
void add_scaled(const float *x, float scale, float *y, size_t n);
void scale(float *x, float factor, float cap, size_t n);

/// How a fast attention kernel cuts its work; part of the scratch size, so one place for all instruction sets.
enum { attention_lanes = 32, attention_tile_cells = 32, attention_window_cells = 256 };

typedef struct attention_layout {
    size_t rows_per_group;   ///< query rows taken together
    size_t lanes;            ///< rows_per_group * heads_per_kv
    size_t window;           ///< floats between two lanes' scores of one window
    size_t k_dim, v_dim;     ///< rounded up to 8
    size_t tile;             ///< floats of one tile of converted cells
} attention_layout;

attention_layout attention_layout_for(const attention_args *args);
size_t attention_visible_cells(const attention_args *args, size_t row);
#endif
