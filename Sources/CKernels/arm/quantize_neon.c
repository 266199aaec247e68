// Conversion of activations to Q8_0, Q8_1 and Q8_K for NEON, bit by bit what quant/q8_0.c, q8_1.c and q8_K.c give.
// Blocks that are zero, tiny (1 / d could overflow) or not finite go to the reference, so only plain numbers come here.
#if defined(__aarch64__)
#include "isa/no_contraction.h"
#include "arm/neon.h"

enum { smallest_plain = 0x0d800000, infinity_bits = 0x7f800000 };   // 2^-100

ALWAYS_INLINE uint32x4_t magnitudes(const float *x) { return vreinterpretq_u32_f32(vabsq_f32(vld1q_f32(x))); }

/// Bits of the largest magnitude of n floats; monotonic, NaN above infinity.
ALWAYS_INLINE uint32_t largest_magnitude(const float *x, int n) {
    uint32x4_t max = vdupq_n_u32(0);
    for (int i = 0; i < n; i += 4) max = vmaxq_u32(max, magnitudes(x + i));
    return vmaxvq_u32(max);
}

ALWAYS_INLINE bool is_plain(uint32_t magnitude) { return magnitude >= smallest_plain && magnitude < infinity_bits; }

/// 16 integers of four vectors as bytes in order, saturated.
ALWAYS_INLINE int8x16_t pack_bytes(const int32x4_t q[4]) {
    const int16x8_t low = vcombine_s16(vqmovn_s32(q[0]), vqmovn_s32(q[1]));
    const int16x8_t high = vcombine_s16(vqmovn_s32(q[2]), vqmovn_s32(q[3]));
    return vcombine_s8(vqmovn_s16(low), vqmovn_s16(high));
}

/// The bytes of a Q8_0 or Q8_1 block whose scale is d, rounded with halves away from zero; returns their sum.
ALWAYS_INLINE int quantize_32(const float *x, float d, int8_t *qs) {
    const float id = 1 / d;
    int sum = 0;
    UNROLL for (int half = 0; half < 2; half++) {
        int32x4_t q[4];
        UNROLL for (int j = 0; j < 4; j++) q[j] = vcvtaq_s32_f32(vmulq_n_f32(vld1q_f32(x + 16 * half + 4 * j), id));
        const int8x16_t bytes = pack_bytes(q);
        vst1q_s8(qs + 16 * half, bytes);
        sum += vaddlvq_s8(bytes);
    }
    return sum;
}

void quantize_q8_0_neon(const float *x, void *y, size_t blocks) {
    block_q8_0 *b = y;
    for (size_t i = 0; i < blocks; i++, x += 32) {
        const uint32_t magnitude = largest_magnitude(x, 32);
        if (is_plain(magnitude)) {
            const float d = float_from_bits(magnitude) / 127;
            b[i].d = f16_bits(d);
            quantize_32(x, d, b[i].qs);
        } else {
            quantize_q8_0(x, b + i, 1);
        }
    }
}

void quantize_q8_1_neon(const float *x, void *y, size_t blocks) {
    block_q8_1 *b = y;
    for (size_t i = 0; i < blocks; i++, x += 32) {
        const uint32_t magnitude = largest_magnitude(x, 32);
        if (is_plain(magnitude)) {
            const float d = float_from_bits(magnitude) / 127;
            b[i].d = f16_bits(d);
            b[i].s = f16_bits(d * (float)quantize_32(x, d, b[i].qs));
        } else {
            quantize_q8_1(x, b + i, 1);
        }
    }
}

/// The first element of this magnitude, with its sign.
ALWAYS_INLINE float first_of_magnitude(const float *x, uint32_t magnitude) {
    size_t i = 0;
    while (vmaxvq_u32(vceqq_u32(magnitudes(x + i), vdupq_n_u32(magnitude))) == 0) i += 4;
    while ((bits_of_float(x[i]) & 0x7fffffff) != magnitude) i++;
    return x[i];
}

ALWAYS_INLINE void quantize_super_block(const float *x, float scale, block_q8_K *b) {
    b->d = 1 / scale;
    for (int g = 0; g < 16; g++) {
        int32x4_t q[4];
        UNROLL for (int j = 0; j < 4; j++) q[j] = vcvtnq_s32_f32(vmulq_n_f32(vld1q_f32(x + 16 * g + 4 * j), scale));
        const int8x16_t bytes = pack_bytes(q);
        vst1q_s8(b->qs + 16 * g, bytes);
        b->bsums[g] = vaddlvq_s8(bytes);
    }
}

void quantize_q8_K_neon(const float *x, void *y, size_t blocks) {
    block_q8_K *b = y;
    for (size_t i = 0; i < blocks; i++, x += super_block) {
        const uint32_t magnitude = largest_magnitude(x, super_block);
        if (is_plain(magnitude)) quantize_super_block(x, -127 / first_of_magnitude(x, magnitude), b + i);
        else quantize_q8_K(x, b + i, 1);
    }
}
#endif
