// The limits of NEON: 16-byte loads, 16 independent FMAs (latency 4, up to four a cycle), and products of bytes: by smlal, 8
// each, added up in 16 bits, or by sdot, 16 each, added up in 32 bits.
#include <string.h>
#include "ops/limits.h"
#if defined(__aarch64__)
#include "isa/dotprod_begin.h"
#include "isa/inline.h"

enum { chains = 16 };

static size_t int8_dotprod(size_t rounds) {
    int8x16_t a = vdupq_n_s8(3);
    int32x4_t sums[chains];
    UNROLL for (int j = 0; j < chains; j++) sums[j] = vdupq_n_s32(0);
    for (size_t r = 0; r < rounds; r++) {
        UNROLL for (int j = 0; j < chains; j++) {
            __asm__ volatile("" : "+w"(a));
            sums[j] = vdotq_s32(sums[j], a, a);
            __asm__ volatile("" : "+w"(sums[j]));
        }
    }
    return 2 * 16 * chains * rounds;
}
#include "isa/dotprod_end.h"

static uint64_t read_neon(const char *memory, size_t bytes) {
    uint64x2_t sums[8];
    UNROLL for (int j = 0; j < 8; j++) sums[j] = vdupq_n_u64(0);
    for (size_t i = 0; i < bytes; i += 128) {
        UNROLL for (int j = 0; j < 8; j++) sums[j] = veorq_u64(sums[j], vld1q_u64((const uint64_t *)(memory + i + 16 * j)));
    }
    UNROLL for (int j = 1; j < 8; j++) sums[0] = veorq_u64(sums[0], sums[j]);
    return vgetq_lane_u64(sums[0], 0) ^ vgetq_lane_u64(sums[0], 1);
}

static size_t f32_neon(size_t rounds) {
    const float32x4_t half = vdupq_n_f32(0.5f), one = vdupq_n_f32(1);
    float32x4_t sums[chains];
    UNROLL for (int j = 0; j < chains; j++) sums[j] = one;
    for (size_t r = 0; r < rounds; r++) {
        UNROLL for (int j = 0; j < chains; j++) {
            sums[j] = vfmaq_f32(sums[j], half, one);
            __asm__ volatile("" : "+w"(sums[j]));
        }
    }
    return 2 * 4 * chains * rounds;
}

static size_t int8_neon(size_t rounds) {
    int8x8_t a = vdup_n_s8(3);
    int16x8_t sums[chains];
    UNROLL for (int j = 0; j < chains; j++) sums[j] = vdupq_n_s16(0);
    for (size_t r = 0; r < rounds; r++) {
        UNROLL for (int j = 0; j < chains; j++) {
            __asm__ volatile("" : "+w"(a));
            sums[j] = vmlal_s8(sums[j], a, a);
            __asm__ volatile("" : "+w"(sums[j]));
        }
    }
    return 2 * 8 * chains * rounds;
}

static const limit_loops neon_loops = {read_neon, f32_neon, int8_neon};
static const limit_loops dotprod_loops = {read_neon, f32_neon, int8_dotprod};

const limit_loops *limit_loops_for_arm(const char *isa) {
    if (strcmp(isa, "neon") == 0) return &neon_loops;
    return strcmp(isa, "dotprod") == 0 ? &dotprod_loops : NULL;
}
#else
const limit_loops *limit_loops_for_arm(const char *isa) { return (void)isa, NULL; }
#endif
