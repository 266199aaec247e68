// Matmul by sdot of the super-block types that the reference unpacks, once for all of them: arm/super_block.h.
#if defined(__aarch64__)
#include "isa/dotprod_begin.h"
#include "arm/sum_16_dotprod.h"
#include "arm/super_block.h"
#include "quant/families.h"

static void matmul_by_layout(const matmul_args *a, const super_block_layout *layout) {
    super_matmul(a, (super_type){.layout = layout, .bytes = layout->bytes, .part = 32, .group = 16}, false);
}

#define MATMUL(name) \
    void matmul_##name##_q8_K_dotprod(const matmul_args *a) { matmul_by_layout(a, &layout_##name); }
UNPACKED_TYPES(MATMUL)
#include "isa/dotprod_end.h"
#endif
