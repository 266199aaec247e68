/// What one thread of this machine can do at most: the lines of the roofline that benchmarks are held against.
#ifndef MACHINE_LIMITS_H
#define MACHINE_LIMITS_H
#include <stddef.h>

enum { machine_limit_levels = 4 };

/// Measured by loops that do nothing else, each the best of several tries, in CPU time.
typedef struct machine_limits {
    size_t sizes[machine_limit_levels];   ///< bytes of memory read again and again, ascending: caches, then DRAM
    double reads[machine_limit_levels];   ///< bytes/s read at each size
    double f32;    ///< operations/s: fused multiply-adds of f32, two operations each
    double int8;   ///< operations/s: products of bytes added up in 16 bits (AVX2, NEON) or 32 bits (VNNI, sdot)
} machine_limits;

/// Takes about half a second. An instruction set that this CPU lacks is measured as the scalar one.
machine_limits machine_limits_measure(const char *isa);
#endif
