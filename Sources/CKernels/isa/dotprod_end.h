// Ends what isa/dotprod_begin.h opened.
#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
