/* Two models answer a question together; then each says how likely it finds some first sentences.
 *
 *     cc fuse.c $(pkg-config --cflags --libs coolfusion) -o fuse            # the shared library
 *     cc fuse.c $(pkg-config --cflags --libs coolfusion-static) -o fuse     # the static one
 *     ./fuse A.gguf B.gguf
 */
#include <coolfusion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char question[] = "Anna buys 9 books for $7 each and 7 apples for $3 each. How much does she spend in total?\n";
static const char *const candidates[] = {
    "The books cost 9 * 7 = 63 dollars.", "The apples cost 7 * 3 = 21 dollars.", "The books cost 9 * 7 = 56 dollars.",
    "She spends it all.",
};
enum { candidate_count = sizeof candidates / sizeof candidates[0] };

static void require(coolfusion_status status, const char *sentence) {
    if (status == COOLFUSION_OK) return;
    fprintf(stderr, "fuse: %s\n", sentence);
    exit(1);
}

/* Each segment as it is decided; the proposers are bits, one a model. */
static bool show(const coolfusion_segment *segment, void *user) {
    (void)user;
    fprintf(stderr, "%s %.*s\n", segment->proposers == 3 ? "both  " : segment->proposers == 1 ? "first " : "second",
            (int)segment->length, segment->text);
    return true;
}

static void score(coolfusion_model *model, double *scores) {
    char err[256];
    coolfusion_session *session = NULL;
    int32_t tokens[256];
    size_t count = 0, lengths[candidate_count];
    for (int i = 0; i < candidate_count; i++) lengths[i] = strlen(candidates[i]);
    require(coolfusion_session_create(model, &session, err, sizeof err), err);
    require(coolfusion_tokenize(model, question, strlen(question), true, tokens, 256, &count, err, sizeof err), err);
    require(coolfusion_session_append(session, tokens, count, err, sizeof err), err);
    require(coolfusion_session_score(session, candidates, lengths, candidate_count, scores, NULL, err, sizeof err), err);
    coolfusion_session_close(session);
}

int main(int argc, char **argv) {
    if (argc != 3) return fprintf(stderr, "usage: fuse A.gguf B.gguf\n"), 64;
    char err[256], text[4096];
    coolfusion_model *models[2];
    double scores[2][candidate_count];
    for (int i = 0; i < 2; i++) {
        require(coolfusion_model_open(argv[1 + i], NULL, &models[i], err, sizeof err), err);
        score(models[i], scores[i]);
    }
    coolfusion_fuse_options options = COOLFUSION_FUSE_OPTIONS_INIT;
    options.limit = 100;
    options.on_segment = show;
    size_t length = 0;
    require(coolfusion_fuse(models, 2, question, strlen(question), &options, text, sizeof text, &length, err, sizeof err),
            err);
    printf("%.*s\n", (int)length, text);
    for (int c = 0; c < candidate_count; c++) printf("%9.3f %9.3f  %s\n", scores[0][c], scores[1][c], candidates[c]);
    for (int i = 0; i < 2; i++) coolfusion_model_close(models[i]);
    return 0;
}
