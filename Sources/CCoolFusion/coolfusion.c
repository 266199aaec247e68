// The interface is the header; SwiftPM wants a C target to have a source file.
#include "coolfusion.h"
