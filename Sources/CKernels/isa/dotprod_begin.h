// From here to isa/dotprod_end.h functions may use the dot products of bytes (sdot), which ARMv8-A need not have. NEON itself
// needs nothing of the kind: every 64-bit ARM core has it.
#include <arm_neon.h>
#include "isa/no_contraction.h"
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#else
#pragma GCC push_options
#ifndef __ARM_FEATURE_DOTPROD   // where the build's flags allow sdot already, naming an architecture would lower theirs
#pragma GCC target("arch=armv8.2-a+dotprod")   // "+dotprod" alone does not compile with gcc 12 for less than ARMv8.2
#endif
#endif
