// Files that are no models: one sentence that names the file, the documented exit code, never a crash.
import Foundation
import Testing

@Suite struct BadFileTests {
    static let whole: Data = FileManager.default.contents(atPath: Executable.fixture("tiny-qwen2-Q8_0")) ?? Data()

    private func expectRefusal(_ path: String, code: Int32, saying words: [String] = []) throws {
        let outcome = try Executable.run(["inspect", path])
        expectOneSentence(outcome, code: code, saying: words)
    }

    private func expectRefusal(_ data: Data, saying words: [String] = []) throws {
        let file = try TemporaryFile(data)
        try withExtendedLifetime(file) { try expectRefusal(file.path, code: 65, saying: words + [file.path]) }
    }

    @Test func missingFileIs66() throws {
        try expectRefusal("/no/such/model.gguf", code: 66, saying: ["'/no/such/model.gguf'", "No such file"])
    }

    @Test func directoryIs65() throws {
        try expectRefusal("/tmp", code: 65, saying: ["'/tmp'", "not a regular file"])
    }

    @Test func emptyFileIs65() throws {
        try expectRefusal(Data())
    }

    @Test func otherFormatIs65() throws {
        try expectRefusal(Data("PK\u{3}\u{4} not a model".utf8), saying: ["is not a GGUF file"])
    }

    @Test(arguments: [1, 4, 7, 16, 23, 24, 100, 1000, 5000, 9000, 15_000, 40_000, 52_857])
    func truncatedFileIs65(length: Int) throws {
        try expectRefusal(Self.whole.prefix(length))
    }

    @Test func unknownTensorTypeIs65() throws {
        var data = Self.whole
        let name = try #require(data.range(of: Data("blk.0.attn_q.weight".utf8)))
        // After the name: u32 dimension count (2), two u64 dimensions, u32 type.
        data[name.upperBound + 4 + 16] = 200
        try expectRefusal(data, saying: ["blk.0.attn_q.weight", "type 200"])
    }
}

/// A refusal: nothing on stdout, one line on stderr with these words, this code.
func expectOneSentence(
    _ outcome: Executable.Outcome, code: Int32, saying words: [String], _ location: SourceLocation = #_sourceLocation
) {
    #expect(outcome.code == code, "\(outcome.error)", sourceLocation: location)
    #expect(outcome.output.isEmpty, sourceLocation: location)
    #expect(outcome.error.hasPrefix("coolfusion: "), "\(outcome.error)", sourceLocation: location)
    #expect(outcome.error.split(separator: "\n").count == 1, "\(outcome.error)", sourceLocation: location)
    for word in words {
        #expect(outcome.error.contains(word), "\(outcome.error)", sourceLocation: location)
    }
}
