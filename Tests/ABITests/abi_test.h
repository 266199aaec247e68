/* What the parts of abi_test share: checks that go on after a failure and count it. */
#ifndef ABI_TEST_H
#define ABI_TEST_H
#include "coolfusion.h"
#include <stdio.h>
#include <string.h>

/** The last sentence of the main thread's calls. */
extern char err[256];
extern int failures;

#define CHECK(condition)                                                                              \
    do {                                                                                              \
        if (!(condition)) {                                                                           \
            fprintf(stderr, "%s:%d: %s failed (last error: %s)\n", __FILE__, __LINE__, #condition, err); \
            failures++;                                                                               \
        }                                                                                             \
    } while (0)
#define OK(call) CHECK((call) == COOLFUSION_OK)
/** The call must be refused as the caller's error, with a sentence. */
#define REFUSED(call)                                                                                 \
    do {                                                                                              \
        err[0] = 0;                                                                                   \
        CHECK((call) == COOLFUSION_INVALID_ARGUMENT && strlen(err) > 8);                              \
    } while (0)

/** A file's bytes behind `lead` unused ones, aligned as those are; the caller frees them. NULL after a failed check. */
char *read_file(const char *path, size_t lead, size_t *size);
/** Every function with every wrong argument. */
void test_bad_input(const char *path, coolfusion_model *model, coolfusion_model *other);
/** Sessions of one model, fusions and a cancellation on several threads at once. */
void test_threads(coolfusion_model *model, coolfusion_model *other);
#endif
