// From here to isa/avx2_end.h functions may use AVX2, FMA and F16C; nothing else in the build may. No include guard: each
// kernel file opens and closes once.
#include <immintrin.h>
#include "isa/no_contraction.h"
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c")
#endif
