/* Every function of coolfusion.h with every wrong argument: NULL, foreign handles, sizes of another version, numbers out of
 * range, text that is not UTF-8 and, with -DCLOSED_HANDLES (for a library built for debugging, where the check is certain),
 * closed handles. Each is answered with a status and a sentence. */
#include "abi_test.h"
#include <math.h>
#include <stdlib.h>

static const char not_utf8[] = "a\xff\xfe";
/* Long enough to be looked at as a handle, and none. */
static uint64_t foreign[8] = {1, 2, 3, 4, 5, 6, 7, 8};

static void bad_model_options(const char *path) {
    coolfusion_model *model = NULL;
    for (size_t size = 0; size <= sizeof(coolfusion_model_options) + 8; size++) {
        coolfusion_model_options options = COOLFUSION_MODEL_OPTIONS_INIT;
        options.struct_size = size;
        if (size != sizeof options) REFUSED(coolfusion_model_open(path, &options, &model, err, sizeof err));
    }
    coolfusion_model_options options = COOLFUSION_MODEL_OPTIONS_INIT;
    options.threads = UINT32_MAX;
    REFUSED(coolfusion_model_open(path, &options, &model, err, sizeof err));
    options.threads = 1;
    options.name = not_utf8;
    REFUSED(coolfusion_model_open(path, &options, &model, err, sizeof err));
    REFUSED(coolfusion_model_open(not_utf8, NULL, &model, err, sizeof err));
    REFUSED(coolfusion_model_open_memory(NULL, 0, NULL, &model, err, sizeof err));
    REFUSED(coolfusion_model_open_memory(foreign, SIZE_MAX, NULL, &model, err, sizeof err));
    REFUSED(coolfusion_model_open_memory(foreign, sizeof foreign, NULL, NULL, err, sizeof err));
    CHECK(coolfusion_model_open_memory(foreign, 0, NULL, &model, err, sizeof err) == COOLFUSION_BAD_MODEL);
    CHECK(coolfusion_model_open("", NULL, &model, err, sizeof err) != COOLFUSION_OK);
    CHECK(coolfusion_model_open("/", NULL, &model, err, sizeof err) != COOLFUSION_OK);
    CHECK(model == NULL);
    options = (coolfusion_model_options)COOLFUSION_MODEL_OPTIONS_INIT;
    options.context = UINT32_MAX;   /* accepted or refused with a sentence, as memory allows */
    const coolfusion_status status = coolfusion_model_open(path, &options, &model, err, sizeof err);
    CHECK((status == COOLFUSION_OK) == (model != NULL));
    coolfusion_session *session = NULL;
    if (model) CHECK((coolfusion_session_create(model, &session, err, sizeof err) == COOLFUSION_OK) == (session != NULL));
    coolfusion_session_close(session);
    coolfusion_model_close(model);
}

/* A file in memory may begin anywhere. */
static void unaligned_memory(const char *path) {
    size_t size = 0;
    char *bytes = read_file(path, 1, &size);
    if (!bytes) return;
    coolfusion_model *model = NULL;
    const coolfusion_status status = coolfusion_model_open_memory(bytes + 1, size, NULL, &model, err, sizeof err);
    CHECK((status == COOLFUSION_OK) == (model != NULL));
    if (model) {
        coolfusion_session *session = NULL;
        const int32_t tokens[2] = {1, 5};
        OK(coolfusion_session_create(model, &session, err, sizeof err));
        OK(coolfusion_session_append(session, tokens, 2, err, sizeof err));
        coolfusion_session_close(session);
    }
    coolfusion_model_close(model);
    free(bytes);
}

static void bad_model_calls(coolfusion_model *model) {
    int32_t tokens[8];
    char text[8];
    size_t count = 0;
    REFUSED(coolfusion_model_describe(model, NULL, err, sizeof err));
    coolfusion_model_info info = {.struct_size = sizeof info};
    REFUSED(coolfusion_model_describe(NULL, &info, err, sizeof err));
    REFUSED(coolfusion_tokenize(model, "a", SIZE_MAX, false, tokens, 8, &count, err, sizeof err));
    CHECK(coolfusion_tokenize(model, "abc", 3, false, NULL, 8, &count, err, sizeof err) == COOLFUSION_BUFFER_TOO_SMALL);
    CHECK(coolfusion_tokenize(model, "abc", 3, false, tokens, SIZE_MAX, NULL, err, sizeof err)
          == COOLFUSION_BUFFER_TOO_SMALL);
    REFUSED(coolfusion_detokenize(model, NULL, 1, text, 8, &count, err, sizeof err));
    REFUSED(coolfusion_detokenize(model, tokens, SIZE_MAX, text, 8, &count, err, sizeof err));
    REFUSED(coolfusion_detokenize(NULL, tokens, 0, text, 8, &count, err, sizeof err));
    tokens[0] = -1;
    REFUSED(coolfusion_detokenize(model, tokens, 1, text, 8, &count, err, sizeof err));
    tokens[0] = 5;
    CHECK(coolfusion_detokenize(model, tokens, 1, NULL, 8, NULL, err, sizeof err) == COOLFUSION_BUFFER_TOO_SMALL);
    OK(coolfusion_detokenize(model, NULL, 0, NULL, 0, NULL, err, sizeof err));
    REFUSED(coolfusion_cancellation_create(NULL, err, sizeof err));
    REFUSED(coolfusion_session_create(model, NULL, err, sizeof err));
    coolfusion_session *session = NULL;
    REFUSED(coolfusion_session_create(NULL, &session, err, sizeof err));
    REFUSED(coolfusion_session_create((coolfusion_model *)foreign, &session, err, sizeof err));
    REFUSED(coolfusion_session_create((coolfusion_model *)((char *)foreign + 1), &session, err, sizeof err));
    CHECK(session == NULL);
    char tiny[2] = {'x', 'x'};   /* sentences are cut, nothing is written beyond errlen */
    coolfusion_session_create(NULL, &session, tiny, 1);
    CHECK(tiny[0] == 0 && tiny[1] == 'x');
    coolfusion_session_create(NULL, &session, tiny, 0);
    coolfusion_session_create(NULL, &session, NULL, 100);
}

/* Every call of a handle that is none: NULL, foreign or closed. */
static void no_session(coolfusion_session *session) {
    const char *const texts[1] = {"a"};
    const size_t lengths[1] = {1};
    const int32_t token = 1;
    uint64_t point = 0;
    double result = 0;
    CHECK(coolfusion_session_length(session) == 0);
    REFUSED(coolfusion_session_append(session, &token, 1, err, sizeof err));
    REFUSED(coolfusion_session_checkpoint(session, &point, err, sizeof err));
    REFUSED(coolfusion_session_rollback(session, 1, err, sizeof err));
    REFUSED(coolfusion_session_score(session, texts, lengths, 1, &result, NULL, err, sizeof err));
    REFUSED(coolfusion_session_generate(session, NULL, NULL, err, sizeof err));
    coolfusion_session_close(session);
}

static void bad_generation(coolfusion_session *session, coolfusion_model *model) {
    for (int wrong = 0; wrong < 9; wrong++) {
        coolfusion_generate_options options = COOLFUSION_GENERATE_OPTIONS_INIT;
        options.limit = 1;
        switch (wrong) {
        case 0: options.struct_size = 0; break;
        case 1: options.struct_size++; break;
        case 2: options.temperature = -1; break;
        case 3: options.temperature = NAN; break;
        case 4: options.top_p = -0.5; break;
        case 5: options.top_p = NAN; break;
        case 6: options.min_p = 2; break;
        case 7: options.cancellation = (coolfusion_cancellation *)foreign; break;
        case 8: options.cancellation = (coolfusion_cancellation *)model; break;
        }
        REFUSED(coolfusion_session_generate(session, &options, NULL, err, sizeof err));
    }
}

static void bad_session_calls(coolfusion_model *model) {
    coolfusion_session *session = NULL;
    OK(coolfusion_session_create(model, &session, err, sizeof err));
    const char *const texts[2] = {"a", NULL}, *const broken[1] = {not_utf8};
    const size_t lengths[2] = {1, 4}, three[1] = {3}, endless[1] = {SIZE_MAX};
    double results[2];
    const int32_t token = 5;
    REFUSED(coolfusion_session_score(session, texts, lengths, 1, results, NULL, err, sizeof err));   /* nothing before */
    OK(coolfusion_session_append(session, &token, 1, err, sizeof err));
    OK(coolfusion_session_append(session, NULL, 0, err, sizeof err));
    REFUSED(coolfusion_session_append(session, NULL, 1, err, sizeof err));
    REFUSED(coolfusion_session_append(session, &token, SIZE_MAX, err, sizeof err));
    CHECK(coolfusion_session_append(session, &token, (size_t)1 << 60, err, sizeof err) == COOLFUSION_CONTEXT_FULL);
    REFUSED(coolfusion_session_checkpoint(session, NULL, err, sizeof err));
    REFUSED(coolfusion_session_rollback(session, UINT64_MAX, err, sizeof err));
    REFUSED(coolfusion_session_score(session, texts, lengths, 2, results, NULL, err, sizeof err));
    REFUSED(coolfusion_session_score(session, texts, NULL, 1, results, NULL, err, sizeof err));
    REFUSED(coolfusion_session_score(session, texts, lengths, 1, NULL, NULL, err, sizeof err));
    REFUSED(coolfusion_session_score(session, broken, three, 1, results, NULL, err, sizeof err));
    REFUSED(coolfusion_session_score(session, texts, endless, 1, results, NULL, err, sizeof err));
    REFUSED(coolfusion_session_score(session, texts, lengths, 1 << 20, results, NULL, err, sizeof err));
    REFUSED(coolfusion_session_score(session, texts, lengths, SIZE_MAX, results, NULL, err, sizeof err));
    OK(coolfusion_session_score(session, texts, lengths, 0, results, NULL, err, sizeof err));
    bad_generation(session, model);
    no_session(NULL);
    no_session((coolfusion_session *)foreign);
    no_session((coolfusion_session *)model);
    coolfusion_session_close(session);
}

static void bad_fusion(coolfusion_model *model, coolfusion_model *other) {
    coolfusion_model *const models[2] = {model, other}, *const none[2] = {model, NULL};
    coolfusion_model *const wrong[1] = {(coolfusion_model *)foreign};
    char text[64];
    REFUSED(coolfusion_fuse(none, 2, "x", 1, NULL, text, sizeof text, NULL, err, sizeof err));
    REFUSED(coolfusion_fuse(wrong, 1, "x", 1, NULL, text, sizeof text, NULL, err, sizeof err));
    REFUSED(coolfusion_fuse(models, 65, "x", 1, NULL, text, sizeof text, NULL, err, sizeof err));
    REFUSED(coolfusion_fuse(models, SIZE_MAX, "x", 1, NULL, text, sizeof text, NULL, err, sizeof err));
    REFUSED(coolfusion_fuse(models, 2, NULL, 1, NULL, text, sizeof text, NULL, err, sizeof err));
    REFUSED(coolfusion_fuse(models, 2, not_utf8, 3, NULL, text, sizeof text, NULL, err, sizeof err));
    REFUSED(coolfusion_fuse(models, 2, "x", SIZE_MAX, NULL, text, sizeof text, NULL, err, sizeof err));
    for (int field = 0; field < 5; field++) {
        coolfusion_fuse_options options = COOLFUSION_FUSE_OPTIONS_INIT;
        options.limit = 1;
        switch (field) {
        case 0: options.struct_size = 0; break;
        case 1: options.struct_size += 8; break;
        case 2: options.rank = not_utf8; break;
        case 3: options.system = not_utf8; break;
        case 4: options.cancellation = (coolfusion_cancellation *)model; break;
        }
        REFUSED(coolfusion_fuse(models, 2, "x", 1, &options, text, sizeof text, NULL, err, sizeof err));
    }
}

static void closed_handles(const char *path) {
#ifdef CLOSED_HANDLES
    coolfusion_model *model = NULL;
    coolfusion_session *session = NULL;
    coolfusion_cancellation *cancellation = NULL;
    OK(coolfusion_model_open(path, NULL, &model, err, sizeof err));
    OK(coolfusion_session_create(model, &session, err, sizeof err));
    OK(coolfusion_cancellation_create(&cancellation, err, sizeof err));
    coolfusion_session_close(session);
    coolfusion_model_close(model);
    coolfusion_cancellation_close(cancellation);
    no_session(session);
    REFUSED(coolfusion_session_create(model, &session, err, sizeof err));
    CHECK(strstr(err, "closed"));
    REFUSED(coolfusion_fuse(&model, 1, "x", 1, NULL, NULL, 0, NULL, err, sizeof err));
    coolfusion_model_info info = {.struct_size = sizeof info};
    REFUSED(coolfusion_model_describe(model, &info, err, sizeof err));
    coolfusion_cancellation_trigger(cancellation);
    coolfusion_cancellation_close(cancellation);
    coolfusion_model_close(model);
#else
    (void)path;
#endif
}

void test_bad_input(const char *path, coolfusion_model *model, coolfusion_model *other) {
    bad_model_options(path);
    unaligned_memory(path);
    bad_model_calls(model);
    bad_session_calls(model);
    bad_fusion(model, other);
    coolfusion_cancellation_trigger(NULL);
    coolfusion_cancellation_trigger((coolfusion_cancellation *)foreign);
    coolfusion_cancellation_close(NULL);
    coolfusion_session_close((coolfusion_session *)model);   /* not a session: left alone */
    closed_handles(path);
}
