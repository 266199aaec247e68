// From here to isa/avx512_end.h functions may use AVX-512 F, BW, DQ, VL and VNNI, besides what isa/avx2_begin.h allows.
#include <immintrin.h>
#include "isa/no_contraction.h"
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))), \
                             apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")
#endif
