// The part of OpenBLAS that Compute calls, as a C module.
#include <cblas.h>
