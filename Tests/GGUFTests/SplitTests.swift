// Split models and load modes, on files in a temporary folder: any shard opens all, in either mode, or the error says
// which shard is wrong.
import Foundation
import GGUF
import Testing

/// A folder that is removed with the value that owns it.
final class TemporaryFolder {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("gguf-tests-\(UUID().uuidString)")
    init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(at: url) }

    func path(_ name: String) -> String { url.appendingPathComponent(name).path }

    func write(_ bytes: [UInt8], _ name: String) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
        return path(name)
    }
}

@Suite struct SplitTests {
    /// Three shards: metadata only, then one tensor, then two.
    static func shards() -> [FileBuilder] {
        (0..<3).map { number in
            var file = FileBuilder()
            if number == 0 { file.add("general.architecture", string: "llama") }
            file.add("split.no", uint16: UInt16(number))
            file.add("split.count", uint16: 3)
            file.add("split.tensors.count", int32: 3)
            for index in 0..<number {
                file.add(tensor: "t\(number).\(index)", dimensions: [8], fill: UInt8(10 * number + index))
            }
            return file
        }
    }

    static func open(_ shards: [FileBuilder]) throws(GGUFError) -> GGUFFile {
        try GGUFFile(
            shards: shards.enumerated().map { (bytes: $1.bytes, name: "m\($0)") }, name: "m")
    }

    static func failure(_ shards: [FileBuilder]) -> GGUFError? {
        do throws(GGUFError) {
            _ = try open(shards)
            return nil
        } catch { return error }
    }

    static func name(_ number: Int) -> String { "some-model-0000\(number)-of-00003.gguf" }

    @Test(arguments: [1, 2, 3], [GGUFFile.LoadMode.map, .read])
    func anyShardOpensAll(given: Int, mode: GGUFFile.LoadMode) throws {
        let folder = try TemporaryFolder()
        for (index, shard) in SplitTests.shards().enumerated() {
            _ = try folder.write(shard.bytes, SplitTests.name(index + 1))
        }
        let file = try GGUFFile(path: folder.path(SplitTests.name(given)), mode: mode)
        #expect(file.name == folder.path(SplitTests.name(given)))
        #expect(file.tensors.map { $0.name } == ["t1.0", "t2.0", "t2.1"])
        #expect(try file.metadata.requireString("general.architecture") == "llama")
        #expect(file.byteCount == SplitTests.shards().reduce(0) { $0 + $1.bytes.count })
        let last = try #require(file.tensor("t2.1"))
        #expect(last.file == folder.path(SplitTests.name(3)))
        #expect(Array(file.bytes(of: last)) == [UInt8](repeating: 21, count: 32))
    }

    @Test func missingShardIsNamed() throws {
        let folder = try TemporaryFolder()
        let first = try folder.write(SplitTests.shards()[0].bytes, SplitTests.name(1))
        #expect(
            throws: GGUFError.splitShardMissing(file: folder.path(SplitTests.name(2)), count: 3, missing: 2)
        ) { try GGUFFile(path: first) }
    }

    @Test func aShardUnderAnotherNameIsRefused() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(SplitTests.shards()[0].bytes, "model.gguf")
        #expect(throws: GGUFError.splitName(file: path, count: 3)) { try GGUFFile(path: path) }
        let other = try folder.write(SplitTests.shards()[0].bytes, "model-00001-of-00004.gguf")
        #expect(
            throws: GGUFError.splitMismatch(file: other, key: "split.count", expected: 4, found: 3)
        ) { try GGUFFile(path: other) }
    }

    @Test func aNameAloneMakesNoSplit() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(ReadingTests.sample().bytes, "model-00002-of-00003.gguf")
        #expect(try GGUFFile(path: path).tensors.count == 3)
    }

    @Test func shardsMustAgree() throws {
        #expect(try SplitTests.open(SplitTests.shards()).tensors.count == 3)
        var shards = SplitTests.shards()
        shards.swapAt(1, 2)
        #expect(SplitTests.failure(shards) == .splitMismatch(file: "m1", key: "split.no", expected: 1, found: 2))
        shards = SplitTests.shards()
        shards.removeLast()
        #expect(SplitTests.failure(shards) == .splitMismatch(file: "m0", key: "split.count", expected: 2, found: 3))
        shards = SplitTests.shards()
        shards[2].add(tensor: "more", dimensions: [8])
        #expect(
            SplitTests.failure(shards)
                == .splitMismatch(file: "m0", key: "split.tensors.count", expected: 4, found: 3))
        shards = SplitTests.shards()
        shards[1].tensors = []
        shards[1].add(tensor: "t2.0", dimensions: [8])
        #expect(SplitTests.failure(shards) == .duplicateTensor(file: "m2", tensor: "t2.0", otherFile: "m1"))
        shards = SplitTests.shards()
        shards[1].entries.removeFirst()
        #expect(SplitTests.failure(shards) == .missingKey(file: "m1", key: "split.no"))
        shards = SplitTests.shards()
        shards[2].magic = Array("GGUX".utf8)
        #expect(SplitTests.failure(shards)?.rule == .magic)
    }

    @Test func alignmentBelongsToTheShard() throws {
        var shards = SplitTests.shards()
        shards[2] = FileBuilder()
        shards[2].alignment = 128
        shards[2].add("split.no", uint16: 2)
        shards[2].add("split.count", uint16: 3)
        shards[2].add("general.alignment", uint32: 128)
        shards[2].add(tensor: "a", dimensions: [3], fill: 1)
        shards[2].add(tensor: "b", dimensions: [3], fill: 2)
        let file = try SplitTests.open(shards)
        let last = try #require(file.tensor("b"))
        #expect(Array(file.bytes(of: last)) == [UInt8](repeating: 2, count: 12))
        #expect(last.offset % 128 == 0)
    }
}

@Suite struct LoadModeTests {
    @Test func readingSurvivesAFileThatShrinks() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(ReadingTests.sample().bytes, "m.gguf")
        let file = try GGUFFile(path: path, mode: .read)
        _ = try folder.write([], "m.gguf")
        let norm = try #require(file.tensor("norm"))
        #expect(Array(file.bytes(of: norm)) == [UInt8](repeating: 3, count: 10))
        #expect(try file.metadata.requireStrings("tokens").string(at: 3) == "日本")
    }

    @Test(arguments: [GGUFFile.LoadMode.map, .read])
    func whatIsNoFileIsRefused(mode: GGUFFile.LoadMode) throws {
        let folder = try TemporaryFolder()
        let absent = folder.path("absent.gguf")
        #expect(throws: GGUFError.io(file: absent, operation: "open", code: ENOENT)) {
            try GGUFFile(path: absent, mode: mode)
        }
        #expect(throws: GGUFError.notRegularFile(file: folder.url.path)) {
            try GGUFFile(path: folder.url.path, mode: mode)
        }
        let fifo = folder.path("fifo.gguf")
        #expect(mkfifo(fifo, 0o600) == 0)
        #expect(throws: GGUFError.notRegularFile(file: fifo)) { try GGUFFile(path: fifo, mode: mode) }
        let empty = try folder.write([], "empty.gguf")
        #expect(
            throws: GGUFError.truncated(file: empty, subject: "the header", offset: 0, needed: 24, available: 0)
        ) { try GGUFFile(path: empty, mode: mode) }
    }
}

@Suite struct KindTests {
    static let cases: [(keys: [(String, String)], tensor: Bool, kind: GGUFKind)] = [
        ([("general.architecture", "llama")], true, .model),
        ([("general.architecture", "llama"), ("general.type", "model")], true, .model),
        ([("general.architecture", "llama"), ("tokenizer.ggml.model", "gpt2")], false, .vocabularyOnly),
        ([("general.architecture", "llama"), ("general.type", "adapter")], true, .adapter),
        ([("general.architecture", "llama"), ("adapter.type", "lora")], true, .adapter),
        ([("general.architecture", "controlvector")], true, .controlVector),
        ([("general.architecture", "clip"), ("general.type", "mmproj")], true, .projector),
        ([("general.architecture", "clip")], true, .projector),
        ([("general.type", "imatrix")], true, .importanceMatrix),
        ([("general.type", "poem")], true, .unknown("general.type is 'poem'")),
        ([("general.name", "x")], true, .unknown("it has no general.architecture")),
        ([("general.architecture", "llama")], false, .unknown("it has no tensors")),
    ]

    @Test(arguments: cases.indices) func kind(index: Int) throws {
        let (keys, tensor, kind) = KindTests.cases[index]
        var file = FileBuilder()
        for (key, value) in keys { file.add(key, string: value) }
        if tensor { file.add(tensor: "t", dimensions: [8]) }
        #expect(try file.open().kind == kind)
    }
}
