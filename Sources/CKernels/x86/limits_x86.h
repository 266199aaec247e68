/// Loops that stand in another file than the one that chooses.
#ifndef X86_LIMITS_X86_H
#define X86_LIMITS_X86_H
#include "ops/limits.h"
extern const limit_loops limit_loops_avx512;
#endif
