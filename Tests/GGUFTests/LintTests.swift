// Every doubtful thing is found by its rule and nothing else is; a good file has no finding; what the reader refuses
// is an error.
import Foundation
import GGUF
import Testing

@Suite struct LintTests {
    static func good() -> FileBuilder {
        var file = FileBuilder()
        file.add("general.architecture", string: "llama")
        file.add("general.type", string: "model")
        file.add("general.quantization_version", uint32: 2)
        file.add("llama.block_count", uint32: 2)
        file.add("llama.attention.head_count", .array, array(.int32, [little(Int32(4)), little(Int32(4))]))
        file.add("tokenizer.ggml.tokens", strings: ["a", "b"])
        file.add("tokenizer.ggml.token_type", .array, array(.int32, [little(Int32(1)), little(Int32(1))]))
        file.add("flag", .bool, [1])
        file.add(tensor: "a", dimensions: [5])
        file.add(tensor: "b", dimensions: [64], type: .q8_0)
        return file
    }

    static func check(_ file: FileBuilder) -> [GGUFFinding] { GGUFLint.check(bytes: file.bytes, name: "test.gguf") }

    @Test func aGoodFileHasNoFinding() {
        #expect(LintTests.check(LintTests.good()) == [])
        #expect(LintTests.check(FileBuilder()).map { $0.rule } == [.architecture])
    }

    /// Damage that leaves the file readable, and the one rule that notices.
    static let doubtful: [Refusal] = [
        Refusal("space in a key", .keyCharacters) { $0.add("a key", uint32: 1) },
        Refusal("letters beyond ASCII in a key", .keyCharacters) { $0.add("clé", uint32: 1) },
        Refusal("cut character", .utf8) { $0.add("text", .string, little(UInt64(1)) + [0xC3]) },
        Refusal("cut character in an array", .utf8) {
            $0.add("texts", .array, array(.string, [string("a"), little(UInt64(1)) + [0x80]]))
        },
        Refusal("boolean 2", .booleans) { $0.add("truth", .bool, [2]) },
        Refusal("boolean 255 in an array", .booleans) { $0.add("truths", .array, array(.bool, [[1], [255]])) },
        Refusal("no quantization version", .quantizationVersion) { $0.entries.remove(at: 2) },
        Refusal("quantization version 1", .quantizationVersion) {
            $0.entries[2] = string("general.quantization_version") + little(UInt32(4)) + little(UInt32(1))
        },
        Refusal("no architecture", .architecture) { $0.entries.removeSubrange(0..<1) },
        Refusal("unknown type", .generalType) {
            $0.entries[1] = string("general.type") + little(UInt32(8)) + string("x")
        },
        Refusal("type of wrong type", .generalType) {
            $0.entries[1] = string("general.type") + little(UInt32(4)) + little(UInt32(1))
        },
        Refusal("empty tensor", .emptyTensors) { $0.add(tensor: "c", dimensions: [0]) },
        Refusal("gap", .contiguous) {
            $0.describe("c", dimensions: [8], offset: UInt64($0.data.count + 64))
            $0.data += [UInt8](repeating: 0, count: 96)
        },
        Refusal("order", .contiguous) {
            $0.describe("c", dimensions: [8], offset: UInt64($0.data.count + 32))
            $0.describe("d", dimensions: [8], offset: UInt64($0.data.count))
            $0.data += [UInt8](repeating: 0, count: 64)
        },
        Refusal("dirt in the padding", .zeroPadding) { $0.data[20] = 1 },
        Refusal("dirt in the last padding", .zeroPadding) { $0.data[$0.data.count - 1] = 1 },
        Refusal("trailing bytes", .noTrailingBytes) { $0.data += [0] },
        Refusal("too few token types", .vocabulary) {
            $0.entries[6] = string("tokenizer.ggml.token_type") + little(UInt32(9)) + array(.int32, [little(Int32(1))])
        },
        Refusal("too few scores", .vocabulary) {
            $0.add("tokenizer.ggml.scores", .array, array(.float32, [little(Float(1).bitPattern)]))
        },
        Refusal("too many heads", .layerArrays) {
            $0.add("llama.attention.head_count_kv", .array, array(.uint32, [little(UInt32(1))]))
        },
    ]

    @Test(arguments: doubtful) func doubt(_ refusal: Refusal) throws {
        var file = LintTests.good()
        refusal.damage(&file)
        #expect(failure(file) == nil)
        let findings = LintTests.check(file)
        #expect(findings.map { $0.rule } == [refusal.rule], "\(findings)")
        let finding = try #require(findings.first)
        #expect(!finding.isError && finding.description.hasPrefix("warning [\(finding.rule.name)] 'test.gguf'"))
    }

    @Test(arguments: RefusalTests.upstream + RefusalTests.published) func refusalsAreErrors(_ refusal: Refusal) {
        var file = FileBuilder()
        refusal.damage(&file)
        #expect(LintTests.check(file).filter { $0.isError }.map { $0.rule } == (refusal.rule.map { [$0] } ?? []))
    }

    /// The deviations that only `inspect` accepts are errors, and the rest of the file is still examined.
    @Test func inspectSeesMore() throws {
        var file = LintTests.good()
        file.add("general.alignment", uint32: 4)
        file.add("nested", .array, array(.array, [array(.uint8, [[1], [2]]), array(.string, [string("x")])]))
        file.add("truth", .bool, [2])
        #expect(Set(LintTests.check(file).map { $0.rule }).isSuperset(of: [.flatArrays, .booleans]))
        #expect(LintTests.check(file).filter { $0.isError }.count == 1)
        let folder = try TemporaryFolder()
        let path = try folder.write(file.bytes, "m.gguf")
        #expect(throws: GGUFError.nestedArray(file: path, key: "nested")) { try GGUFFile(path: path) }
        let shown = try GGUFFile(inspecting: path)
        #expect(shown.metadata["nested"]?.array?.count == 2)
        #expect(shown.metadata["nested"]?.array?.strings == nil)
        #expect(shown.tensors.count == 2)
        #expect(GGUFLint.check(path: path).map { $0.rule } == LintTests.check(file).map { $0.rule })
    }

    @Test func laterShardsAreExamined() throws {
        let folder = try TemporaryFolder()
        var shards = SplitTests.shards()
        shards[1].add("general.name", string: "again")
        for (index, shard) in shards.enumerated() { _ = try folder.write(shard.bytes, SplitTests.name(index + 1)) }
        let findings = GGUFLint.check(path: folder.path(SplitTests.name(1)))
        #expect(findings.map { $0.rule } == [.shardMetadata])
        #expect(findings.first?.message.contains(SplitTests.name(2)) == true)
    }

    @Test func everyRuleIsTested() {
        let tested = (RefusalTests.upstream + RefusalTests.published + LintTests.doubtful).compactMap { $0.rule }
        // These need several files, no file, or a question; SplitTests, LoadModeTests and ReadingTests ask for them.
        let elsewhere: Set<GGUFRule> = [
            .readable, .splitComplete, .splitConsistent, .requiredKeys, .keyTypes, .shardMetadata,
        ]
        #expect(elsewhere.union(tested) == Set(GGUFRule.allCases))
    }
}

/// The folder of material that may stand beside the package.
enum Shared {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("../shared").standardizedFileURL

    static let files: [String] = {
        guard let walker = FileManager.default.enumerator(atPath: folder.path) else { return [] }
        return walker.compactMap { $0 as? String }.filter { $0.hasSuffix(".gguf") }.sorted()
    }()
}

@Suite(.enabled(if: !Shared.files.isEmpty)) struct SharedFileTests {
    @Test(arguments: Shared.files) func realFilesOpenWithoutError(name: String) throws {
        let path = Shared.folder.appendingPathComponent(name).path
        let file = try GGUFFile(path: path)
        #expect(file.kind == (file.tensors.isEmpty ? .vocabularyOnly : .model))
        for (key, value) in file.metadata where value.array != nil {
            #expect(
                value.array?.strings != nil || value.array?.floats() != nil || value.array?.bools() != nil, "\(key)")
        }
        // llama.cpp writes the data of its files without gaps, so the sizes must add up to the file's.
        let alignment = try file.metadata.integer("general.alignment") ?? 32
        let data = file.tensors.reduce(0) { $0 + ($1.byteCount + alignment - 1) / alignment * alignment }
        if let first = file.tensors.first { #expect(first.offset + data == file.byteCount) }
        #expect(GGUFLint.check(path: path).filter { $0.isError }.isEmpty)
        #expect(try GGUFFile(path: path, mode: .read).byteCount == file.byteCount)
    }
}
