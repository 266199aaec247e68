/* One model on several threads at once, each with sessions of its own, beside a fusion that another thread cancels: all get
 * what one thread alone gets. The program to run under ThreadSanitizer (tools/check_threads). */
#include "abi_test.h"
#include <pthread.h>

enum { threads = 2, candidates = 4 };

typedef struct outcome {
    coolfusion_model *model, *other;
    coolfusion_cancellation *cancellation;
    double scores[candidates];
    char text[512];
    size_t length;
    coolfusion_status status;
} outcome;

static bool collect(const char *text, size_t length, void *user) {
    outcome *o = user;
    if (o->length + length <= sizeof o->text) memcpy(o->text + o->length, text, length);
    o->length += length;
    return true;
}

/* Prompt, scores, then some text; the first status that is not OK is kept. */
static void *use_session(void *user) {
    outcome *o = user;
    const char *const texts[candidates] = {",", " there", " was a little girl", "!"};
    const size_t lengths[candidates] = {1, 6, 18, 1};
    int32_t tokens[64];
    size_t count = 0;
    coolfusion_session *session = NULL;
    coolfusion_generate_options options = COOLFUSION_GENERATE_OPTIONS_INIT;
    options.limit = 24;
    options.ignore_eos = true;
    options.on_text = collect;
    options.user = o;
    o->status = coolfusion_session_create(o->model, &session, NULL, 0);
    if (!o->status) o->status = coolfusion_tokenize(o->model, "Once upon a time", 16, true, tokens, 64, &count, NULL, 0);
    if (!o->status) o->status = coolfusion_session_append(session, tokens, count, NULL, 0);
    if (!o->status) o->status = coolfusion_session_score(session, texts, lengths, candidates, o->scores, NULL, NULL, 0);
    if (!o->status) o->status = coolfusion_session_generate(session, &options, NULL, NULL, 0);
    coolfusion_session_close(session);
    return NULL;
}

static void *use_fusion(void *user) {
    outcome *o = user;
    coolfusion_model *const models[2] = {o->model, o->other};
    coolfusion_fuse_options options = COOLFUSION_FUSE_OPTIONS_INIT;
    options.limit = 40;
    options.raw = true;
    options.cancellation = o->cancellation;
    o->status = coolfusion_fuse(models, 2, "Once", 4, &options, o->text, sizeof o->text, &o->length, NULL, 0);
    return NULL;
}

void test_threads(coolfusion_model *model, coolfusion_model *other) {
    outcome alone = {.model = model}, outcomes[threads] = {{0}}, fused = {.model = model, .other = other};
    use_session(&alone);
    OK(coolfusion_cancellation_create(&fused.cancellation, err, sizeof err));
    pthread_t handles[threads], fusing;
    for (int i = 0; i < threads; i++) {
        outcomes[i].model = model;
        CHECK(pthread_create(&handles[i], NULL, use_session, &outcomes[i]) == 0);
    }
    CHECK(pthread_create(&fusing, NULL, use_fusion, &fused) == 0);
    for (int i = 0; i < threads; i++) {
        pthread_join(handles[i], NULL);
        CHECK(outcomes[i].status == COOLFUSION_OK && outcomes[i].length == alone.length);
        CHECK(memcmp(outcomes[i].scores, alone.scores, sizeof alone.scores) == 0);
        CHECK(memcmp(outcomes[i].text, alone.text, sizeof alone.text) == 0);
    }
    coolfusion_cancellation_trigger(fused.cancellation);
    pthread_join(fusing, NULL);
    CHECK(fused.status == COOLFUSION_OK || fused.status == COOLFUSION_CANCELLED);
    coolfusion_cancellation_close(fused.cancellation);
}
