/* coolfusion: several language models write one text together. The C interface, version 1.
 *
 * Ownership. Every *_open and *_create gives a handle that the caller closes with the matching *_close; NULL is allowed
 * there. A session keeps its model alive, so handles may be closed in any order. Texts go in as pointer and length in
 * bytes of UTF-8; texts and arrays come out in the caller's buffers, or in callbacks where they live until it returns.
 *
 * Threads. A model is immutable: several threads may use it, each through its own sessions and fusions. A session is
 * one timeline: one call at a time. A cancellation may be triggered from any thread at any time.
 *
 * Errors. Functions return a status; 0 is success. `err` (may be NULL) gets one sentence, cut to `errlen` bytes with the
 * final NUL. A call that fails leaves its outputs as they were, but for what its comment says. Nothing is global, nothing
 * is printed.
 *
 * Options. Every options struct begins with its size; initialise it with its *_OPTIONS_INIT macro. A struct of another
 * version is refused with COOLFUSION_INVALID_ARGUMENT, never misread. */
#ifndef COOLFUSION_H
#define COOLFUSION_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define COOLFUSION_ABI_VERSION 1

/** The version this library implements; compare it with COOLFUSION_ABI_VERSION. */
uint32_t coolfusion_abi_version(void);

typedef enum coolfusion_status {
    COOLFUSION_OK = 0,
    COOLFUSION_INVALID_ARGUMENT = 1,  /**< NULL, a wrong size, a closed handle, invalid UTF-8, a number out of range */
    COOLFUSION_FILE_MISSING = 2,
    COOLFUSION_BAD_MODEL = 3,         /**< the file is no model this engine can run; the sentence says why */
    COOLFUSION_OUT_OF_MEMORY = 4,
    COOLFUSION_CONTEXT_FULL = 5,
    COOLFUSION_BUFFER_TOO_SMALL = 6,  /**< the needed size is in the count or length output */
    COOLFUSION_NOT_FINITE = 7,        /**< the model gave NaN or infinite logits */
    COOLFUSION_CANCELLED = 8,
    COOLFUSION_FAILED = 9
} coolfusion_status;

typedef struct coolfusion_model coolfusion_model;
typedef struct coolfusion_session coolfusion_session;
typedef struct coolfusion_cancellation coolfusion_cancellation;

/* ---- Models ---- */

typedef struct coolfusion_model_options {
    size_t struct_size;
    uint32_t threads;    /**< 0: one per core */
    uint32_t context;    /**< tokens of a session; 0: what the model was trained on */
    bool read;           /**< read the file into memory instead of mapping it */
    bool force;          /**< accept a model whose pre-tokenizer is missing or unknown */
    const char *name;    /**< NUL-terminated name in reports; NULL: the file's base name */
} coolfusion_model_options;
#define COOLFUSION_MODEL_OPTIONS_INIT { sizeof(coolfusion_model_options), 0, 0, false, false, NULL }

/** Opens a GGUF file. `options` may be NULL. On failure *out is NULL. */
coolfusion_status coolfusion_model_open(const char *path, const coolfusion_model_options *options,
                                        coolfusion_model **out, char *err, size_t errlen);

/** Opens a GGUF file that lies in memory, which must stay valid and unchanged until the model and its sessions are closed. */
coolfusion_status coolfusion_model_open_memory(const void *bytes, size_t size, const coolfusion_model_options *options,
                                               coolfusion_model **out, char *err, size_t errlen);

void coolfusion_model_close(coolfusion_model *model);

typedef struct coolfusion_model_info {
    size_t struct_size;
    uint64_t parameters;
    uint32_t vocabulary;
    uint32_t context;         /**< tokens of a session by default */
    bool has_chat_template;
} coolfusion_model_info;

/** Fills `info`, whose struct_size the caller has set. */
coolfusion_status coolfusion_model_describe(coolfusion_model *model, coolfusion_model_info *info, char *err,
                                            size_t errlen);

/* ---- Tokens ---- */

/** Token ids of a text; *count is how many there are, also when `capacity` is too small. With `special`, BOS is added
 *  where the model says so and texts of special tokens are recognised: not for text from strangers. */
coolfusion_status coolfusion_tokenize(coolfusion_model *model, const char *text, size_t length, bool special,
                                      int32_t *tokens, size_t capacity, size_t *count, char *err, size_t errlen);

/** The exact bytes of tokens, not NUL-terminated; *length is how many, also when `capacity` is too small. */
coolfusion_status coolfusion_detokenize(coolfusion_model *model, const int32_t *tokens, size_t count, char *text,
                                        size_t capacity, size_t *length, char *err, size_t errlen);

/* ---- Cancellation: triggered from anywhere, looked at between tokens and segments ---- */

coolfusion_status coolfusion_cancellation_create(coolfusion_cancellation **out, char *err, size_t errlen);
void coolfusion_cancellation_trigger(coolfusion_cancellation *cancellation);
void coolfusion_cancellation_close(coolfusion_cancellation *cancellation);

/* ---- Sessions: one timeline of one model ---- */

coolfusion_status coolfusion_session_create(coolfusion_model *model, coolfusion_session **out, char *err, size_t errlen);
void coolfusion_session_close(coolfusion_session *session);

/** Tokens on the timeline; 0 for a handle that is not a session. */
size_t coolfusion_session_length(coolfusion_session *session);

/** Evaluates tokens at the timeline's end. CONTEXT_FULL before anything is evaluated. */
coolfusion_status coolfusion_session_append(coolfusion_session *session, const int32_t *tokens, size_t count, char *err,
                                            size_t errlen);

/** A point to come back to: valid until the timeline is rolled back behind it. */
coolfusion_status coolfusion_session_checkpoint(coolfusion_session *session, uint64_t *checkpoint, char *err,
                                                size_t errlen);
coolfusion_status coolfusion_session_rollback(coolfusion_session *session, uint64_t checkpoint, char *err, size_t errlen);

/** Natural logarithms of the probabilities of texts that could follow, all scored in one batch: results[i] is the sum
 *  over the tokens of texts[i]. token_counts (may be NULL) gets how many tokens each has. The timeline stays. */
coolfusion_status coolfusion_session_score(coolfusion_session *session, const char *const *texts, const size_t *lengths,
                                           size_t count, double *results, size_t *token_counts, char *err, size_t errlen);

typedef struct coolfusion_generate_options {
    size_t struct_size;
    uint32_t limit;                  /**< most tokens; 0: as many as the context holds */
    double temperature;              /**< 0: the most likely token */
    uint32_t top_k;                  /**< 0: all */
    double top_p;
    double min_p;
    uint64_t seed;
    bool ignore_eos;
    coolfusion_cancellation *cancellation;   /**< may be NULL */
    /** Gets each piece of finished text; returns false to stop. May be NULL. */
    bool (*on_text)(const char *text, size_t length, void *user);
    void *user;
} coolfusion_generate_options;
#define COOLFUSION_GENERATE_OPTIONS_INIT \
    { sizeof(coolfusion_generate_options), 0, 0.0, 40, 0.95, 0.05, 0, false, NULL, NULL, NULL }

/** Continues the timeline; *generated (may be NULL) gets the number of tokens. CANCELLED if it was stopped: what was
 *  generated by then is on the timeline. */
coolfusion_status coolfusion_session_generate(coolfusion_session *session, const coolfusion_generate_options *options,
                                              size_t *generated, char *err, size_t errlen);

/* ---- Fusion ---- */

/** One committed segment; valid until the callback returns. */
typedef struct coolfusion_segment {
    const char *text;
    size_t length;
    size_t offset;           /**< bytes of text before it */
    uint64_t proposers;      /**< bit i: model i proposed it */
    bool ranked;             /**< false: all models agreed */
    double margin;           /**< lead over the next candidate by the ranking rule; 0 where nothing was ranked */
} coolfusion_segment;

typedef struct coolfusion_fuse_options {
    size_t struct_size;
    uint32_t limit;              /**< most tokens of the first model; 0: to the end */
    const char *rank;            /**< NUL-terminated rule: "paper", "logprob", ...; NULL: the default */
    const char *system;          /**< NUL-terminated system message for chat templates; NULL: none */
    bool raw;                    /**< no chat template: the models continue the prompt itself */
    coolfusion_cancellation *cancellation;   /**< may be NULL */
    /** Gets each segment as it is committed; returns false to stop. May be NULL. */
    bool (*on_segment)(const coolfusion_segment *segment, void *user);
    void *user;
} coolfusion_fuse_options;
#define COOLFUSION_FUSE_OPTIONS_INIT { sizeof(coolfusion_fuse_options), 0, NULL, NULL, false, NULL, NULL, NULL }

/** Several models (1 to 64, any vocabularies) answer a prompt together. The text goes to `text` (not NUL-terminated;
 *  may be NULL with capacity 0 where on_segment is enough); *length (may be NULL) gets its full length. CANCELLED and
 *  BUFFER_TOO_SMALL deliver what there is. */
coolfusion_status coolfusion_fuse(coolfusion_model *const *models, size_t count, const char *prompt, size_t prompt_length,
                                  const coolfusion_fuse_options *options, char *text, size_t capacity, size_t *length,
                                  char *err, size_t errlen);

#ifdef __cplusplus
}
#endif
#endif
