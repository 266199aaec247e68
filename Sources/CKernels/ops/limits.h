/// The loops behind machine_limits_measure: one of each kind per instruction set.
#ifndef OPS_LIMITS_H
#define OPS_LIMITS_H
#include <stddef.h>
#include <stdint.h>

typedef struct limit_loops {
    /// Reads `bytes` (a multiple of 1024) of memory aligned to 64; the result only keeps the loads alive.
    uint64_t (*read)(const char *memory, size_t bytes);
    /// Arithmetic in registers; gives back how many operations that were.
    size_t (*f32)(size_t rounds);
    size_t (*int8)(size_t rounds);
} limit_loops;

/// NULL for an instruction set without loops of its own.
const limit_loops *limit_loops_for_x86(const char *isa);
const limit_loops *limit_loops_for_arm(const char *isa);
#endif
