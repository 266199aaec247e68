/// Everything Swift and the C benches see of the kernels.
#ifndef CKERNELS_H
#define CKERNELS_H
#include "quant.h"
#include "kernels.h"
#include "machine_limits.h"
#include "thread_pool.h"
#endif
