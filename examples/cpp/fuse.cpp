// The example of examples/c in C++: handles as unique_ptr, failures as exceptions, the callback as a lambda.
#include <coolfusion.h>

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

template <auto Close>
struct Closer {
    template <typename T>
    void operator()(T *handle) const { Close(handle); }
};
using Model = std::unique_ptr<coolfusion_model, Closer<coolfusion_model_close>>;
using Session = std::unique_ptr<coolfusion_session, Closer<coolfusion_session_close>>;

/// Calls a function of the library with an error buffer; throws its sentence.
template <typename Call>
void checked(Call call) {
    char err[256] = "";
    if (call(err, sizeof err) != COOLFUSION_OK) throw std::runtime_error(err);
}

static Model open_model(const std::string &path) {
    coolfusion_model *model = nullptr;
    checked([&](char *err, size_t n) { return coolfusion_model_open(path.c_str(), nullptr, &model, err, n); });
    return Model(model);
}

/// Log-probabilities of texts that could follow `context`.
static std::vector<double> score(const Model &model, const std::string &context, const std::vector<std::string> &texts) {
    coolfusion_session *handle = nullptr;
    checked([&](char *err, size_t n) { return coolfusion_session_create(model.get(), &handle, err, n); });
    const Session session(handle);
    std::vector<int32_t> tokens(context.size() + 8);
    size_t count = 0;
    checked([&](char *err, size_t n) {
        return coolfusion_tokenize(model.get(), context.data(), context.size(), true, tokens.data(), tokens.size(), &count,
                                   err, n);
    });
    checked([&](char *err, size_t n) { return coolfusion_session_append(handle, tokens.data(), count, err, n); });
    std::vector<const char *> starts;
    std::vector<size_t> lengths;
    for (const auto &text : texts) {
        starts.push_back(text.data());
        lengths.push_back(text.size());
    }
    std::vector<double> scores(texts.size());
    checked([&](char *err, size_t n) {
        return coolfusion_session_score(handle, starts.data(), lengths.data(), texts.size(), scores.data(), nullptr, err, n);
    });
    return scores;
}

/// What the models write together.
static std::string fuse(const std::vector<Model> &models, const std::string &prompt, uint32_t limit) {
    std::vector<coolfusion_model *> handles;
    for (const auto &model : models) handles.push_back(model.get());
    std::string text;
    coolfusion_fuse_options options = COOLFUSION_FUSE_OPTIONS_INIT;
    options.limit = limit;
    options.user = &text;
    options.on_segment = [](const coolfusion_segment *segment, void *user) {
        static_cast<std::string *>(user)->append(segment->text, segment->length);
        return true;
    };
    checked([&](char *err, size_t n) {
        return coolfusion_fuse(handles.data(), handles.size(), prompt.data(), prompt.size(), &options, nullptr, 0, nullptr,
                               err, n);
    });
    return text;
}

int main(int argc, char **argv) try {
    if (argc != 3) return std::fprintf(stderr, "usage: fuse A.gguf B.gguf\n"), 64;
    const std::string question =
        "Anna buys 9 books for $7 each and 7 apples for $3 each. How much does she spend in total?\n";
    const std::vector<std::string> candidates = {
        "The books cost 9 * 7 = 63 dollars.", "The apples cost 7 * 3 = 21 dollars.",
        "The books cost 9 * 7 = 56 dollars.", "She spends it all."};
    std::vector<Model> models;
    std::vector<std::vector<double>> scores;
    for (int i = 1; i < argc; i++) {
        models.push_back(open_model(argv[i]));
        scores.push_back(score(models.back(), question, candidates));
    }
    std::printf("%s\n", fuse(models, question, 100).c_str());
    for (size_t c = 0; c < candidates.size(); c++) {
        std::printf("%9.3f %9.3f  %s\n", scores[0][c], scores[1][c], candidates[c].c_str());
    }
    return 0;
} catch (const std::exception &error) {
    return std::fprintf(stderr, "fuse: %s\n", error.what()), 1;
}
