// Access to the embedded shaders. The table is written by tools/compile_shaders.sh; here is only the door to it, because
// Swift cannot see arrays of unknown size.
#include "shaders.h"
#pragma clang diagnostic ignored "-Wc23-extensions"   // #embed
#include "variants.inc"

size_t shader_count(void) { return sizeof variants / sizeof variants[0]; }

const shader *shader_at(size_t index) { return &variants[index]; }
