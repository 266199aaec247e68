/* Every function of coolfusion.h, from C: right use, wrong use, cancellation, and memory over many rounds.
 * usage: abi_test MODEL.gguf OTHER.gguf [ROUNDS]; prints "ok" and ends with 0, or says what failed.
 * Compile it with bad_input.c and threads.c. */
#include "abi_test.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char err[256];
int failures;

static long resident_kilobytes(void) {
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%*d %ld", &pages) != 1) pages = 0;
    if (file) fclose(file);
    return pages * 4;
}

typedef struct collected {
    char text[4096];
    size_t length, calls, most_calls;
    coolfusion_cancellation *trigger;
} collected;

static bool collect(const char *text, size_t length, void *user) {
    collected *c = user;
    if (c->length + length <= sizeof c->text) memcpy(c->text + c->length, text, length);
    c->length += length;
    c->calls++;
    if (c->trigger) coolfusion_cancellation_trigger(c->trigger);
    return !c->most_calls || c->calls < c->most_calls;
}

static bool collect_segment(const coolfusion_segment *segment, void *user) {
    CHECK(segment->offset == ((collected *)user)->length);
    CHECK(segment->proposers != 0 && segment->proposers < 4);
    return collect(segment->text, segment->length, user);
}

static coolfusion_model *open_model(const char *path) {
    coolfusion_model_options options = COOLFUSION_MODEL_OPTIONS_INIT;
    options.threads = 2;
    options.context = 128;
    coolfusion_model *model = NULL;
    OK(coolfusion_model_open(path, &options, &model, err, sizeof err));
    return model;
}

static void test_models(const char *path) {
    coolfusion_model *model = NULL;
    CHECK(coolfusion_model_open("/nonexistent.gguf", NULL, &model, err, sizeof err) == COOLFUSION_FILE_MISSING);
    CHECK(model == NULL && strstr(err, "nonexistent"));
    REFUSED(coolfusion_model_open(NULL, NULL, &model, err, sizeof err));
    REFUSED(coolfusion_model_open(path, NULL, NULL, err, sizeof err));
    CHECK(coolfusion_model_open("/nonexistent.gguf", NULL, &model, NULL, 0) == COOLFUSION_FILE_MISSING);
    char small[8] = "xxxxxxx";
    coolfusion_model_open("/nonexistent.gguf", NULL, &model, small, 4);
    CHECK(strlen(small) <= 3 && small[4] == 'x');
    coolfusion_model_options wrong = COOLFUSION_MODEL_OPTIONS_INIT;
    wrong.struct_size--;
    REFUSED(coolfusion_model_open(path, &wrong, &model, err, sizeof err));
    static const char garbage[64] = "GGUF, but not really";
    CHECK(coolfusion_model_open_memory(garbage, sizeof garbage, NULL, &model, err, sizeof err) == COOLFUSION_BAD_MODEL);

    model = open_model(path);
    coolfusion_model_info info = {.struct_size = sizeof info};
    OK(coolfusion_model_describe(model, &info, err, sizeof err));
    CHECK(info.context == 128 && info.parameters > 0 && info.vocabulary > 1);
    info.struct_size = 4;
    REFUSED(coolfusion_model_describe(model, &info, err, sizeof err));
    REFUSED(coolfusion_model_describe((coolfusion_model *)small, &info, err, sizeof err));
    coolfusion_model_close(model);
    coolfusion_model_close(NULL);
}

char *read_file(const char *path, size_t lead, size_t *size) {
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL);
    if (!file) return NULL;
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    char *bytes = aligned_alloc(64, (lead + *size + 63) / 64 * 64);
    CHECK(bytes && fread(bytes + lead, 1, *size, file) == *size);
    fclose(file);
    return bytes;
}

static void test_memory_model(const char *path) {
    size_t size = 0;
    char *bytes = read_file(path, 0, &size);
    if (!bytes) return;
    coolfusion_model *model = NULL;
    coolfusion_session *session = NULL;
    OK(coolfusion_model_open_memory(bytes, size, NULL, &model, err, sizeof err));
    OK(coolfusion_session_create(model, &session, err, sizeof err));
    coolfusion_model_close(model);   /* the session keeps it */
    const int32_t tokens[2] = {1, 5};
    OK(coolfusion_session_append(session, tokens, 2, err, sizeof err));
    coolfusion_session_close(session);
    free(bytes);
}

static void test_tokens(coolfusion_model *model) {
    const char *text = "Once upon a time";
    int32_t tokens[64];
    size_t count = 0, length = 0;
    OK(coolfusion_tokenize(model, text, strlen(text), false, tokens, 64, &count, err, sizeof err));
    CHECK(count > 0);
    char back[64] = {0};
    OK(coolfusion_detokenize(model, tokens, count, back, sizeof back, &length, err, sizeof err));
    CHECK(length >= strlen(text) && strstr(back, "upon a time"));
    size_t needed = 0;
    CHECK(coolfusion_tokenize(model, text, strlen(text), false, tokens, 1, &needed, err, sizeof err)
          == COOLFUSION_BUFFER_TOO_SMALL);
    CHECK(needed == count);
    OK(coolfusion_tokenize(model, NULL, 0, false, NULL, 0, &needed, err, sizeof err));
    REFUSED(coolfusion_tokenize(model, NULL, 3, false, tokens, 64, &count, err, sizeof err));
    REFUSED(coolfusion_tokenize(model, "\xff\xfe", 2, false, tokens, 64, &count, err, sizeof err));
    REFUSED(coolfusion_tokenize(NULL, text, 4, false, tokens, 64, &count, err, sizeof err));
    const int32_t outside[1] = {1 << 30};
    REFUSED(coolfusion_detokenize(model, outside, 1, back, sizeof back, &length, err, sizeof err));
}

static void start(coolfusion_session *session, coolfusion_model *model) {
    int32_t tokens[64];
    size_t count = 0;
    OK(coolfusion_tokenize(model, "Once upon a time", 16, true, tokens, 64, &count, err, sizeof err));
    OK(coolfusion_session_append(session, tokens, count, err, sizeof err));
}

static void test_sessions(coolfusion_model *model) {
    coolfusion_session *session = NULL;
    OK(coolfusion_session_create(model, &session, err, sizeof err));
    REFUSED(coolfusion_session_generate(session, NULL, NULL, err, sizeof err));   /* nothing to continue */
    start(session, model);
    const size_t length = coolfusion_session_length(session);
    uint64_t point = 0;
    OK(coolfusion_session_checkpoint(session, &point, err, sizeof err));

    coolfusion_generate_options options = COOLFUSION_GENERATE_OPTIONS_INIT;
    collected first = {.length = 0}, second = {.length = 0};
    size_t generated = 0;
    options.limit = 12;
    options.ignore_eos = true;
    options.on_text = collect;
    options.user = &first;
    OK(coolfusion_session_generate(session, &options, &generated, err, sizeof err));
    CHECK(generated == 12 && first.length > 0);
    OK(coolfusion_session_rollback(session, point, err, sizeof err));
    CHECK(coolfusion_session_length(session) == length);
    options.user = &second;
    OK(coolfusion_session_generate(session, &options, NULL, err, sizeof err));
    CHECK(second.length == first.length && memcmp(first.text, second.text, first.length) == 0);

    OK(coolfusion_session_rollback(session, point, err, sizeof err));
    coolfusion_cancellation *cancellation = NULL;
    OK(coolfusion_cancellation_create(&cancellation, err, sizeof err));
    collected stopped = {.trigger = cancellation};
    options.cancellation = cancellation;
    options.user = &stopped;
    CHECK(coolfusion_session_generate(session, &options, &generated, err, sizeof err) == COOLFUSION_CANCELLED);
    CHECK(generated < 12);
    coolfusion_cancellation_close(cancellation);
    REFUSED(coolfusion_session_rollback(session, 999, err, sizeof err));
    options.struct_size = 1;
    REFUSED(coolfusion_session_generate(session, &options, NULL, err, sizeof err));

    int32_t many[129] = {0};
    OK(coolfusion_session_rollback(session, point, err, sizeof err));
    CHECK(coolfusion_session_append(session, many, 129, err, sizeof err) == COOLFUSION_CONTEXT_FULL);
    CHECK(coolfusion_session_length(session) == length);
    const int32_t outside[1] = {-1};
    REFUSED(coolfusion_session_append(session, outside, 1, err, sizeof err));
    coolfusion_session_close(session);
}

static void score(coolfusion_session *session, double *results, size_t *counts) {
    const char *texts[8] = {",", " there", " was a little girl", " dog", "!", " in the park", "", " the"};
    size_t lengths[8];
    for (int i = 0; i < 8; i++) lengths[i] = strlen(texts[i]);
    OK(coolfusion_session_score(session, texts, lengths, 8, results, counts, err, sizeof err));
}

static void test_scores(coolfusion_model *model) {
    coolfusion_session *session = NULL;
    double results[8], again[8];
    size_t counts[8];
    OK(coolfusion_session_create(model, &session, err, sizeof err));
    start(session, model);
    score(session, results, counts);
    score(session, again, NULL);
    for (int i = 0; i < 8; i++) {
        CHECK(isfinite(results[i]) && results[i] <= 0);
        CHECK(results[i] == again[i]);
    }
    CHECK(counts[6] == 0 && results[6] == 0 && counts[2] > counts[0]);
    REFUSED(coolfusion_session_score(session, NULL, NULL, 2, results, NULL, err, sizeof err));
    coolfusion_session_close(session);
}

static void test_fusion(coolfusion_model *a, coolfusion_model *b) {
    coolfusion_model *const models[2] = {a, b};
    coolfusion_fuse_options options = COOLFUSION_FUSE_OPTIONS_INIT;
    collected seen = {.length = 0};
    char text[4096];
    size_t length = 0;
    options.limit = 20;
    options.raw = true;
    options.on_segment = collect_segment;
    options.user = &seen;
    OK(coolfusion_fuse(models, 2, "Once upon a time", 16, &options, text, sizeof text, &length, err, sizeof err));
    CHECK(length > 0 && seen.length == length && memcmp(text, seen.text, length) == 0);
    collected few = {.most_calls = 2};
    options.user = &few;
    size_t part = 0;
    CHECK(coolfusion_fuse(models, 2, "Once upon a time", 16, &options, text, sizeof text, &part, err, sizeof err)
          == COOLFUSION_CANCELLED);
    CHECK(part == few.length && few.calls == 2);
    options.on_segment = NULL;
    size_t needed = 0;
    CHECK(coolfusion_fuse(models, 2, "Once upon a time", 16, &options, text, 3, &needed, err, sizeof err)
          == COOLFUSION_BUFFER_TOO_SMALL);
    CHECK(needed == length && memcmp(text, seen.text, 3) == 0);
    options.rank = "no such rule";
    REFUSED(coolfusion_fuse(models, 2, "x", 1, &options, text, sizeof text, &length, err, sizeof err));
    REFUSED(coolfusion_fuse(models, 0, "x", 1, NULL, text, sizeof text, &length, err, sizeof err));
    REFUSED(coolfusion_fuse(NULL, 2, "x", 1, NULL, text, sizeof text, &length, err, sizeof err));
}

/* Open, score eight candidates, close: resident memory must not grow with the rounds. */
static void test_rounds(const char *path, int rounds) {
    long after_warm_up = 0;
    for (int round = 0; round < rounds; round++) {
        coolfusion_model *model = open_model(path);
        coolfusion_session *session = NULL;
        double results[8];
        OK(coolfusion_session_create(model, &session, err, sizeof err));
        start(session, model);
        score(session, results, NULL);
        coolfusion_session_close(session);
        coolfusion_model_close(model);
        if (round == rounds / 10) after_warm_up = resident_kilobytes();
    }
    const long growth = resident_kilobytes() - after_warm_up;
    printf("resident memory grew by %ld KiB over %d rounds\n", growth, rounds - rounds / 10);
    CHECK(growth < 2048);
}

int main(int argc, char **argv) {
    if (argc < 3) return 64;
    CHECK(coolfusion_abi_version() == COOLFUSION_ABI_VERSION);
    test_models(argv[1]);
    test_memory_model(argv[1]);
    coolfusion_model *a = open_model(argv[1]), *b = open_model(argv[2]);
    if (a && b) {
        test_tokens(a);
        test_sessions(a);
        test_scores(a);
        test_fusion(a, b);
        test_bad_input(argv[1], a, b);
        test_threads(a, b);
    }
    coolfusion_model_close(a);
    coolfusion_model_close(b);
    if (argc > 3) test_rounds(argv[1], atoi(argv[3]));
    if (failures == 0) printf("ok\n");
    return failures != 0;
}
