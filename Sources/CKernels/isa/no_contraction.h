/// Forbids fusing a * b + c into one rounding, so that dequantised values and quantised bits are the same everywhere.
/// clang fuses by default where the target has FMA; gcc does with -std=gnu11, not with -std=c11 (and lacks the pragma).
#ifndef NO_CONTRACTION_H
#define NO_CONTRACTION_H
#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#endif
#endif
