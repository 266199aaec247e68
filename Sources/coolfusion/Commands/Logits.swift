// `coolfusion logits`: the raw logits after given tokens, for comparing engines. No tokenizer is involved.
import ArgumentParser
import Compute
import GGUF
import Glibc
import Transformer

struct Logits: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write the logits after given token ids to a file.",
        discussion: """
            The file is little-endian float32, row-major [positions, vocabulary], one row per position. The tokens are \
            taken as they are; nothing is added.
            """)

    @Option(name: .shortAndLong, help: "The model.")
    var model: ModelArgument

    @Option(help: ArgumentHelp("Token ids, separated by commas.", valueName: "ids"))
    var tokens: String

    @Option(help: "Only the last N positions (default: all).")
    var last: Int?

    @Option(name: .shortAndLong, help: ArgumentHelp("The file to write.", valueName: "file"))
    var output: String

    @Flag(help: "One token at a time through the cache instead of one batch; the result must be the same.")
    var sequential = false

    @OptionGroup var engine: EngineOptions

    func run() throws {
        let ids = try tokenIDs(tokens)
        let first = ids.count - min(last ?? ids.count, ids.count)
        let rows = try compute(ids, from: first)
        try save(rows.logits)
        try StandardOutput.line(["positions": .integer(ids.count - first), "vocabulary": .integer(rows.vocabulary)])
    }

    func validate() throws {
        if let last, last < 1 { throw ValidationError("--last must be at least 1, found \(last)") }
    }

    private func compute(_ ids: [Int32], from first: Int) throws -> (logits: [Float], vocabulary: Int) {
        try loading(model.path) {
            let file = try openModel(model.path, mode: engine.mode)
            let place = try engine.place([(model, file)])
            let host = try place.host
            let decoder = try Decoder(file: file) { blockCount in
                Placement(layers: place.layers ?? blockCount, of: blockCount, device: place.backend, host: host)
            }
            let context = engine.context ?? max(decoder.config.defaultContext, ids.count)
            let cache = try decoder.makeCache(context: context, type: engine.cache)
            var logits: [Float] = []
            for part in parts(count: ids.count, from: first) {
                let run = Run(
                    cache: cache, tokens: Array(ids[part]), want: part.lowerBound < first ? .nothing : .allLogits)
                let output = try decoder.forward([run])[0]
                guard output.isFinite else { throw CommandError.notFinite("the logits are not finite numbers") }
                logits += try output.logits
            }
            return (logits, decoder.config.vocabularySize)
        }
    }

    /// The batches: what only fills the cache, then what is asked for; or every token alone.
    private func parts(count: Int, from first: Int) -> [Range<Int>] {
        if sequential { return (0..<count).map { $0..<$0 + 1 } }
        return [0..<first, first..<count].filter { !$0.isEmpty }
    }

    private func save(_ logits: [Float]) throws(CommandError) {
        let descriptor = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .output("'\(output)'", errno) }
        var code = logits.withUnsafeBytes { writeAll(descriptor, $0) }
        if close(descriptor) != 0 && code == 0 { code = errno }
        if code != 0 { throw .output("'\(output)'", code) }
    }
}

/// Ids separated by commas or spaces.
func tokenIDs(_ text: String) throws(CommandError) -> [Int32] {
    var ids: [Int32] = []
    for part in text.split(whereSeparator: { $0 == "," || $0.isWhitespace }) {
        guard let id = Int32(part), id >= 0 else { throw .usage("'\(part)' is not a token id") }
        ids.append(id)
    }
    guard !ids.isEmpty else { throw .usage("no token ids were given") }
    return ids
}
