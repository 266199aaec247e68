// How fast text is split and encoded, as two tables of Markdown. Compiled and run by tools/bench_tokenizers/bench.
// Processor time of this one thread, the median of nine runs over one megabyte of the text given.
// Pre-tokenizers are timed alone and with the merges of the first byte-level vocabulary given.
import GGUF
import Glibc

@testable import Tokenizers

private let megabyte = 1 << 20

/// Median processor seconds of `body`; one run where that takes longer than a fifth of a second.
private func seconds(_ body: () -> Int) -> Double {
    func once() -> Double {
        var start = timespec()
        var end = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start)
        precondition(body() > 0, "nothing was found in the text")
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end)
        return Double(end.tv_sec - start.tv_sec) + Double(end.tv_nsec - start.tv_nsec) * 1e-9
    }
    let first = once()
    return first > 0.2 ? first : (0..<9).map { _ in once() }.sorted()[4]
}

/// One megabyte of the file's bytes, repeated where it has fewer.
private func text(_ path: String) -> [UInt8] {
    guard let file = fopen(path, "r") else { fatalError("cannot open \(path)") }
    defer { fclose(file) }
    var once = [UInt8](repeating: 0, count: megabyte)
    once.removeLast(megabyte - fread(&once, 1, megabyte, file))
    precondition(!once.isEmpty, "\(path) is empty")
    var text = once
    while text.count < megabyte { text += once }
    return Array(text.prefix(megabyte))
}

private func tokens(_ tokenizer: Tokenizer, _ text: [UInt8]) -> Int {
    tokenizer.encode(text, addSpecial: false, parseSpecial: false).count
}

private func rate(_ seconds: Double) -> String { "\(Int(Double(megabyte) / seconds / 1e6))" }

private func milliseconds(_ seconds: Double) -> String { "\(Int(seconds * 1000 + 0.5))" }

@main struct TokenizerBench {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count > 2 else {
            print("usage: tools/bench_tokenizers/bench TEXT MODEL.gguf [MODEL.gguf ...]")
            exit(64)
        }
        let text = text(arguments[1])
        let files = try arguments[2...].map { try GGUFFile(path: $0) }
        try preTokenizers(text, files)
        try vocabularies(text, files)
    }

    static func preTokenizers(_ text: [UInt8], _ files: [GGUFFile]) throws {
        let definitions = try files.map { try TokenizerDefinition($0.metadata) }
        guard var definition = definitions.first(where: { $0.model == "gpt2" }) else { return }
        print("| pre-tokenizer | splitting, MB/s | splitting and merging 1 MB, ms |\n|---|--:|--:|")
        for known in PreTokenizer.known {
            definition.preTokenizer = known.names[0]
            let tokenizer = try Tokenizer(definition, force: true)
            let splitting = seconds {
                var pieces = 0
                known.forEachPiece(text.span) { _ in pieces += 1 }
                return pieces
            }
            print("| \(known.names[0]) | \(rate(splitting)) | \(milliseconds(seconds { tokens(tokenizer, text) })) |")
        }
    }

    static func vocabularies(_ text: [UInt8], _ files: [GGUFFile]) throws {
        print("\n| vocabulary | kind | 1 MB of text, ms | 1 MB of one letter, ms | 1 MB of letters, ms |")
        print("|---|---|--:|--:|--:|")
        let letter = [UInt8](repeating: 0x61, count: megabyte)
        let letters = text.map { 0x61 + $0 % 26 }
        for file in files {
            let tokenizer = try Tokenizer(file, force: true)
            let times = [text, letter, letters].map { text in milliseconds(seconds { tokens(tokenizer, text) }) }
            let name = file.name.split(separator: "/").last ?? ""
            let kind = tokenizer.model == "gpt2" ? tokenizer.preTokenizer ?? "not named" : tokenizer.model
            print("| \(name) | \(kind) | \(times.joined(separator: " | ")) |")
        }
    }
}
