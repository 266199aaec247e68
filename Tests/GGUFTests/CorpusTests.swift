// The seeds of the fuzzers, written by a Python program that shares nothing with the Swift writer, are read as meant.
import Foundation
import GGUF
import Testing

@Suite struct CorpusTests {
    static func seed(_ name: String) throws -> [UInt8] {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return Array(try Data(contentsOf: folder.appendingPathComponent("Fuzz/corpus/gguf/\(name)")))
    }

    @Test(arguments: [
        ("empty", GGUFKind.unknown("it has no tensors")), ("types", .unknown("it has no tensors")), ("model", .model),
        ("vocabulary", .vocabularyOnly), ("aligned", .unknown("it has no general.architecture")),
        ("adapter", .adapter),
    ]) func kinds(name: String, kind: GGUFKind) throws {
        #expect(try GGUFFile(bytes: CorpusTests.seed(name), name: name).kind == kind)
    }

    @Test func everyTypeHasItsValue() throws {
        let file = try GGUFFile(bytes: CorpusTests.seed("types"), name: "types")
        #expect(file.version == 2)
        let scalars = file.metadata.filter { $0.key.hasPrefix("key.") }
        #expect(scalars.count == 11)
        for (key, value) in scalars { #expect(value.bool == true || value.number == 1, "\(key)") }
        let lists = file.metadata.compactMap { $0.key.hasPrefix("list.") ? $0.value.array : nil }
        #expect(lists.count == 11)
        for list in lists { #expect(list.floats() == [1, 0] || list.bools() == [true, false]) }
    }

    @Test func tensorsStandWhereTheyWereWritten() throws {
        let file = try GGUFFile(bytes: CorpusTests.seed("model"), name: "model")
        #expect(file.tensors.map { $0.shape } == [[3, 4], [2, 32], [2, 2, 2, 2]])
        for tensor in file.tensors { #expect(Array(file.bytes(of: tensor)) == Array(1...UInt8(tensor.byteCount))) }
        #expect(GGUFLint.check(bytes: try CorpusTests.seed("model"), name: "model") == [])
        #expect(GGUFLint.check(bytes: try CorpusTests.seed("nested"), name: "n").map { $0.rule }.contains(.flatArrays))
    }
}
