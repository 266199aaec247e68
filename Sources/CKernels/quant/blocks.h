/// Memory layout of one block of every tensor type, and the few constants several files need.
///
/// Blocks stand back to back along a row; no padding anywhere (asserted below against tensor_types.def). `d` and `dmin`
/// are binary16 bits unless the field is a float. Rows must be aligned to the widest field (GGUF guarantees 8 bytes).
/// What the bits mean stands in quant/<type>.c, in dequantize. Source: ggml-common.h (layouts), GGUF specification.
#ifndef BLOCKS_H
#define BLOCKS_H
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include "isa/no_contraction.h"
#include "quant.h"

enum { super_block = 256 };

typedef float block_f32;
typedef uint16_t block_f16;
typedef uint16_t block_bf16;
typedef int8_t block_i8;
typedef int16_t block_i16;
typedef int32_t block_i32;
typedef int64_t block_i64;
typedef double block_f64;

typedef struct block_q1_0 { uint16_t d; uint8_t qs[16]; } block_q1_0;
typedef struct block_q2_0 { uint16_t d; uint8_t qs[16]; } block_q2_0;
typedef struct block_q4_0 { uint16_t d; uint8_t qs[16]; } block_q4_0;
typedef struct block_q4_1 { uint16_t d, m; uint8_t qs[16]; } block_q4_1;
typedef struct block_q5_0 { uint16_t d; uint8_t qh[4], qs[16]; } block_q5_0;
typedef struct block_q5_1 { uint16_t d, m; uint8_t qh[4], qs[16]; } block_q5_1;
typedef struct block_q8_0 { uint16_t d; int8_t qs[32]; } block_q8_0;
typedef struct block_q8_1 { uint16_t d, s; int8_t qs[32]; } block_q8_1;   // s = d * sum(qs)
typedef struct block_iq4_nl { uint16_t d; uint8_t qs[16]; } block_iq4_nl;
typedef struct block_mxfp4 { uint8_t e, qs[16]; } block_mxfp4;
typedef struct block_nvfp4 { uint8_t d[4], qs[32]; } block_nvfp4;

typedef struct block_q2_K { uint8_t scales[16], qs[64]; uint16_t d, dmin; } block_q2_K;
typedef struct block_q3_K { uint8_t hmask[32], qs[64], scales[12]; uint16_t d; } block_q3_K;
typedef struct block_q4_K { uint16_t d, dmin; uint8_t scales[12], qs[128]; } block_q4_K;
typedef struct block_q5_K { uint16_t d, dmin; uint8_t scales[12], qh[32], qs[128]; } block_q5_K;
typedef struct block_q6_K { uint8_t ql[128], qh[64]; int8_t scales[16]; uint16_t d; } block_q6_K;
typedef struct block_q8_K { float d; int8_t qs[256]; int16_t bsums[16]; } block_q8_K;   // bsums: sums of 16 qs
typedef struct block_tq1_0 { uint8_t qs[48], qh[4]; uint16_t d; } block_tq1_0;
typedef struct block_tq2_0 { uint8_t qs[64]; uint16_t d; } block_tq2_0;
typedef struct block_iq1_s { uint16_t d; uint8_t qs[32]; uint16_t qh[8]; } block_iq1_s;
typedef struct block_iq1_m { uint8_t qs[32], qh[16], scales[8]; } block_iq1_m;   // d is spread over scales
typedef struct block_iq2_xxs { uint16_t d; uint16_t qs[32]; } block_iq2_xxs;
typedef struct block_iq2_xs { uint16_t d; uint16_t qs[32]; uint8_t scales[8]; } block_iq2_xs;
typedef struct block_iq2_s { uint16_t d; uint8_t qs[32], signs[32], qh[8], scales[8]; } block_iq2_s;
typedef struct block_iq3_xxs { uint16_t d; uint8_t qs[64], scales_signs[32]; } block_iq3_xxs;
typedef struct block_iq3_s { uint16_t d; uint8_t qs[64], qh[8], signs[32], scales[4]; } block_iq3_s;
typedef struct block_iq4_xs { uint16_t d, scales_h; uint8_t scales_l[4], qs[128]; } block_iq4_xs;

// The three functions of each type, and its size.
#define TENSOR_TYPE(name, label, ggml_id, block, bytes, activation, quantizer, dot_product)     \
    static_assert(sizeof(block_##name) == bytes, "block_" #name " must have " #bytes " bytes"); \
    void dequantize_##name(const void *w, float *y, size_t blocks);                             \
    void quantize_##name(const float *x, void *w, size_t blocks);                               \
    float dot_##name(const void *w, const void *x, size_t blocks);
#include "tensor_types.def"
#undef TENSOR_TYPE

/// The 16 values of IQ4_NL and IQ4_XS.
static const int8_t iq4_values[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

/// Twice the 16 values of E2M1, the 4-bit float of MXFP4 and NVFP4.
static const int8_t e2m1_doubled[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

/// The f32 with these bits, and back.
static inline float float_from_bits(uint32_t bits) {
    union { uint32_t bits; float value; } u = {.bits = bits};
    return u.value;
}

static inline uint32_t bits_of_float(float value) {
    union { float value; uint32_t bits; } u = {.value = value};
    return u.bits;
}
#endif
