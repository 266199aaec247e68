// A valid file gives back exactly what its bytes say: values of every type, tensors, shapes, data.
import Foundation
import GGUF
import Testing

@Suite struct ReadingTests {
    static func sample() -> FileBuilder {
        var file = FileBuilder()
        file.add("general.architecture", string: "llama")
        file.add("u8", .uint8, [200])
        file.add("i8", .int8, [0xFE])
        file.add("u16", uint16: 65535)
        file.add("i16", .int16, little(Int16(-3)))
        file.add("u32", uint32: .max)
        file.add("i32", int32: -4)
        file.add("f32", .float32, little(Float(1.5).bitPattern))
        file.add("yes", .bool, [1])
        file.add("no", .bool, [0])
        file.add("u64", .uint64, little(UInt64.max))
        file.add("i64", .int64, little(Int64.min))
        file.add("f64", .float64, little(Double(-0.25).bitPattern))
        file.add("tokens", strings: ["", "a", "Grüße", "日本"])
        file.add("scores", .array, array(.float32, [little(Float(0.5).bitPattern), little(Float(-2).bitPattern)]))
        file.add("types", .array, array(.int32, [little(Int32(-1)), little(Int32(7))]))
        file.add("flags", .array, array(.bool, [[1], [0], [1]]))
        file.add("empty", .array, array(.int64, []))
        file.add(tensor: "token_embd.weight", dimensions: [4, 3], fill: 1)
        file.add(tensor: "blk.0.attn_q.weight", dimensions: [32, 2], type: .q8_0, fill: 2)
        file.add(tensor: "norm", dimensions: [5], type: .f16, fill: 3)
        return file
    }

    /// Pages given back are read again from the file; memory that is no mapping is left alone.
    @Test(arguments: [GGUFFile.LoadMode.map, .read]) func releasedBytesStayReadable(mode: GGUFFile.LoadMode) throws {
        var builder = FileBuilder()
        builder.add(tensor: "w", dimensions: [64, 1024], fill: 7)
        let path = NSTemporaryDirectory() + "released-\(UInt64.random(in: 0...UInt64.max)).gguf"
        defer { unlink(path) }
        try Data(builder.bytes).write(to: URL(fileURLWithPath: path))
        let file = try GGUFFile(path: path, mode: mode)
        let bytes = file.bytes(of: try #require(file.tensor("w")))
        let before = Array(bytes)
        file.releasePages(of: bytes)
        #expect(Array(bytes) == before)
        before.withUnsafeBytes { file.releasePages(of: $0) }
        #expect(Array(bytes) == before)
    }

    @Test func scalars() throws {
        let metadata = try ReadingTests.sample().open().metadata
        #expect(metadata.count == 18)
        #expect(try metadata.requireString("general.architecture") == "llama")
        #expect(metadata["u8"] == .uint8(200))
        #expect(metadata["i8"] == .int8(-2))
        #expect(metadata["u16"] == .uint16(65535))
        #expect(metadata["i16"] == .int16(-3))
        #expect(metadata["i32"]?.integer == -4)
        #expect(try metadata.integer("u32") == 4_294_967_295)
        #expect(metadata["u64"] == .uint64(.max))
        #expect(metadata["u64"]?.integer == nil)
        #expect(try metadata.requireInteger("i64") == Int.min)
        #expect(try metadata.requireFloat("f32") == 1.5)
        #expect(try metadata.float("i16") == -3)
        #expect(metadata["f64"]?.number == -0.25)
        #expect(try metadata.requireBool("yes"))
        #expect(try metadata.bool("no") == false)
        #expect(metadata["absent"] == nil)
        #expect(try metadata.string("absent") == nil)
    }

    @Test func orderIsThatOfTheFile() throws {
        let metadata = try ReadingTests.sample().open().metadata
        #expect(metadata.keys.prefix(3) == ["general.architecture", "u8", "i8"])
        #expect(metadata.map { $0.key } == metadata.keys)
        #expect(metadata[1].value == .uint8(200))
    }

    @Test func arrays() throws {
        let metadata = try ReadingTests.sample().open().metadata
        let tokens = try metadata.requireStrings("tokens")
        #expect(tokens.count == 4)
        #expect(tokens.map { Array($0) } == ["", "a", "Grüße", "日本"].map { Array($0.utf8) })
        #expect(tokens.string(at: 2) == "Grüße")
        #expect(try metadata.floats("scores") == [0.5, -2])
        #expect(try metadata.integers("types") == [-1, 7])
        #expect(try metadata.floats("types") == [-1, 7])
        #expect(try metadata.bools("flags") == [true, false, true])
        #expect(try metadata.integers("empty") == [])
        #expect(try metadata.requireArray("types").bytes.map { Array($0) } == little(Int32(-1)) + little(Int32(7)))
        #expect(try metadata.requireArray("tokens").bytes == nil)
        #expect(try metadata.requireArray("tokens").integers() == nil)
    }

    @Test func wrongQuestionsNameKeyAndTypes() throws {
        let metadata = try ReadingTests.sample().open("m.gguf").metadata
        #expect(throws: GGUFError.missingKey(file: "m.gguf", key: "absent")) { try metadata.requireString("absent") }
        #expect(
            throws: GGUFError.wrongType(file: "m.gguf", key: "u8", expected: "a string", found: "the uint8 200")
        ) { try metadata.string("u8") }
        #expect(
            throws: GGUFError.wrongType(
                file: "m.gguf", key: "tokens", expected: "an array of integers", found: "an array of 4 × string")
        ) { try metadata.integers("tokens") }
        #expect(
            throws: GGUFError.wrongType(
                file: "m.gguf", key: "u64", expected: "an integer", found: "the uint64 18446744073709551615")
        ) { try metadata.integer("u64") }
        #expect(throws: GGUFError.self) { try metadata.requireInteger("yes") }
    }

    @Test func tensors() throws {
        let file = try ReadingTests.sample().open("m.gguf")
        #expect(file.tensors.map { $0.name } == ["token_embd.weight", "blk.0.attn_q.weight", "norm"])
        let query = try #require(file.tensor("blk.0.attn_q.weight"))
        #expect(query.type == .q8_0)
        #expect(query.shape == [2, 32])  // row-major: the file says [32, 2]
        #expect(query.valueCount == 64)
        #expect(query.byteCount == 68)
        #expect(Array(file.bytes(of: query)) == [UInt8](repeating: 2, count: 68))
        #expect(query.file == "m.gguf")
        #expect(file.tensor("norm")?.shape == [5])
        #expect(file.tensor("norm").map { Array(file.bytes(of: $0)) } == [UInt8](repeating: 3, count: 10))
        #expect(file.tensor("absent") == nil)
        #expect(file.byteCount == ReadingTests.sample().bytes.count)
        #expect(file.version == 3)
    }

    @Test func versionTwoHasTheSameLayout() throws {
        var file = ReadingTests.sample()
        file.version = 2
        #expect(try file.open().version == 2)
        #expect(try file.open().tensors.count == 3)
    }

    @Test func noTensorsNoPadding() throws {
        var file = FileBuilder()
        file.add("a", string: "b")
        #expect(try file.open().tensors.isEmpty)
        #expect(try FileBuilder().open().metadata.isEmpty)
    }

    @Test func staticMemoryIsNotCopied() throws {
        let bytes = ReadingTests.sample().bytes
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        memory.copyBytes(from: bytes)
        defer { memory.deallocate() }
        let file = try GGUFFile(embedded: UnsafeRawBufferPointer(memory), name: "built-in")
        let norm = try #require(file.tensor("norm"))
        let address = try #require(file.bytes(of: norm).baseAddress)
        #expect(UnsafeRawBufferPointer(memory).baseAddress.map { address > $0 && address < $0 + bytes.count } == true)
    }
}

/// Found by fuzzing: such a file has no data, so where its data would start lies behind its end.
@Test func emptyTensorOfAFileThatEndsBeforeItsPadding() throws {
    var file = FileBuilder()
    file.describe("t", dimensions: [4, 0], offset: 0)
    let metadataEnd = 24 + 8 + 1 + 4 + 2 * 8 + 4 + 8
    let bytes = Array(file.bytes.prefix(metadataEnd))
    let opened = try GGUFFile(bytes: bytes, name: "test")
    let tensor = try #require(opened.tensor("t"))
    #expect(opened.bytes(of: tensor).isEmpty)
    #expect(GGUFLint.check(bytes: bytes, name: "test").map(\.rule) == [.architecture, .emptyTensors])
}
