// What the writer writes, the reader gives back; what the reader would refuse, the writer refuses before any data;
// an abandoned or failed writer leaves no file.
import Foundation
import GGUF
import Testing

/// A random metadata value of any type, arrays of arrays excepted.
func randomValue(_ type: GGUFValueType, _ random: inout some RandomNumberGenerator) -> GGUFValue {
    switch type {
    case .uint8: .uint8(.random(in: 0 ... .max, using: &random))
    case .int8: .int8(.random(in: .min ... .max, using: &random))
    case .uint16: .uint16(.random(in: 0 ... .max, using: &random))
    case .int16: .int16(.random(in: .min ... .max, using: &random))
    case .uint32: .uint32(.random(in: 0 ... .max, using: &random))
    case .int32: .int32(.random(in: .min ... .max, using: &random))
    case .float32: .float32(.random(in: -1e30...1e30, using: &random))
    case .bool: .bool(.random(using: &random))
    case .string: .string(randomText(&random))
    case .uint64: .uint64(.random(in: 0 ... .max, using: &random))
    case .int64: .int64(.random(in: .min ... .max, using: &random))
    case .float64: .float64(.random(in: -1e300...1e300, using: &random))
    case .array: randomArray(&random)
    }
}

private func randomArray(_ random: inout some RandomNumberGenerator) -> GGUFValue {
    let types = GGUFValueType.allCases.filter { $0 != .array }
    let type = types[Int.random(in: 0..<types.count, using: &random)]
    let count = Int.random(in: 0...20, using: &random)
    return .array(GGUFArray(type, (0..<count).map { _ in randomValue(type, &random) }))
}

func randomText(_ random: inout some RandomNumberGenerator) -> String {
    String((0..<Int.random(in: 0...30, using: &random)).map { _ in "aZ_ .é日🙂\0".randomElement(using: &random) ?? "a" })
}

/// splitmix64, so that a failing case can be run again.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

@Suite struct WriterTests {
    typealias Metadata = [(key: String, value: GGUFValue)]

    @Test(arguments: 0..<200) func randomFilesComeBack(seed: Int) throws {
        var random = SeededGenerator(state: UInt64(seed))
        let folder = try TemporaryFolder()
        var metadata: Metadata = (0..<Int.random(in: 0...12, using: &random)).map { index in
            let type = GGUFValueType.allCases[Int.random(in: 0..<13, using: &random)]
            return ("key.\(index)", randomValue(type, &random))
        }
        if Bool.random(using: &random) {
            metadata.append(("general.alignment", .uint32(8 << UInt32.random(in: 0...6, using: &random))))
        }
        let tensors = (0..<Int.random(in: 0...6, using: &random)).map { index in
            let type = TensorType.all[Int.random(in: 0..<TensorType.all.count, using: &random)]
            var shape = (0..<Int.random(in: 1...4, using: &random)).map { _ in Int.random(in: 0...4, using: &random) }
            shape[shape.count - 1] *= type.blockSize
            return GGUFWriter.Tensor(name: "tensor.\(index)", type: type, shape: shape)
        }
        let data = tensors.map { tensor in
            (0..<(tensor.byteCount ?? 0)).map { _ in UInt8.random(in: 0...255, using: &random) }
        }
        let writer = try GGUFWriter(path: folder.path("m.gguf"), metadata: metadata, tensors: tensors)
        for var bytes in data {
            while !bytes.isEmpty {  // in pieces
                let piece = bytes.prefix(Int.random(in: 1...bytes.count, using: &random))
                try piece.withUnsafeBytes { try writer.write($0) }
                bytes.removeFirst(piece.count)
            }
        }
        try writer.finish()

        let file = try GGUFFile(path: folder.path("m.gguf"))
        #expect(file.metadata.map { $0.key } == metadata.map { $0.key })
        #expect(file.metadata.map { $0.value } == metadata.map { $0.value })
        #expect(file.tensors.map { $0.name } == tensors.map { $0.name })
        #expect(file.tensors.map { $0.type } == tensors.map { $0.type })
        #expect(file.tensors.map { $0.shape } == tensors.map { $0.shape })
        #expect(file.tensors.map { Array(file.bytes(of: $0)) } == data)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["m.gguf"])
    }

    @Test func aCopyOfAFileIsTheFile() throws {
        let folder = try TemporaryFolder()
        let original = try ReadingTests.sample().open()
        let writer = try GGUFWriter(
            path: folder.path("copy.gguf"), metadata: Array(original.metadata),
            tensors: original.tensors.map { GGUFWriter.Tensor(name: $0.name, type: $0.type, shape: $0.shape) })
        for tensor in original.tensors { try writer.write(original.bytes(of: tensor)) }
        try writer.finish()
        #expect(
            try Array(Data(contentsOf: URL(fileURLWithPath: folder.path("copy.gguf")))) == ReadingTests.sample().bytes)
    }

    static let wrong: [(rule: GGUFRule, metadata: Metadata, tensors: [GGUFWriter.Tensor])] = [
        (.uniqueKeys, [("a", .bool(true)), ("a", .bool(true))], []),
        (.keyNames, [("", .bool(true)), ("room", .string("enough"))], []),
        (.noNaN, [("a", .float32(.nan))], []),
        (.alignment, [("general.alignment", .uint32(24))], []),
        (.alignment, [("general.alignment", .uint16(32))], []),
        (.uniqueTensors, [], [.init(name: "t", type: .f32, shape: [1]), .init(name: "t", type: .f32, shape: [1])]),
        (.tensorNames, [], [.init(name: String(repeating: "n", count: 64), type: .f32, shape: [1])]),
        (.dimensions, [], [.init(name: "t", type: .f32, shape: [1, 1, 1, 1, 1])]),
        (.dimensions, [], [.init(name: "t", type: .f32, shape: []), .init(name: "u", type: .f32, shape: [8])]),
        (.wholeBlocks, [], [.init(name: "t", type: .q8_0, shape: [2, 16])]),
        (.wholeBlocks, [], [.init(name: "t", type: .q8_0, shape: [33])]),
        (.tensorSizes, [], [.init(name: "t", type: .f32, shape: [-1])]),
        (.tensorSizes, [], [.init(name: "t", type: .f32, shape: [1 << 40, 1 << 40])]),
        (.splitNames, [("split.count", .uint16(2))], []),
    ]

    @Test(arguments: wrong.indices) func whatCannotBeReadIsNotWritten(index: Int) throws {
        let folder = try TemporaryFolder()
        let (rule, metadata, tensors) = WriterTests.wrong[index]
        do throws(GGUFError) {
            _ = try GGUFWriter(path: folder.path("m.gguf"), metadata: metadata, tensors: tensors)
            Issue.record("accepted what breaks \(rule)")
        } catch {
            #expect(error.rule == rule, "\(error)")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).isEmpty)
    }

    @Test func anAbandonedWriterLeavesWhatWasThere() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write([1, 2, 3], "m.gguf")
        do {
            let writer = try GGUFWriter(
                path: path, metadata: [], tensors: [.init(name: "t", type: .f32, shape: [4])])
            try [UInt8](repeating: 1, count: 8).withUnsafeBytes { try writer.write($0) }
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data([1, 2, 3]))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["m.gguf"])
    }

    @Test func failuresOfTheDiskAreTyped() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("absent/m.gguf")
        do throws(GGUFError) {
            _ = try GGUFWriter(path: path, metadata: [], tensors: [])
            Issue.record("wrote into a folder that does not exist")
        } catch {
            guard case .io(_, "create", ENOENT) = error else {
                Issue.record("\(error)")
                return
            }
        }
        // A directory in the place of the file: everything works until the last step.
        try FileManager.default.createDirectory(atPath: folder.path("d.gguf"), withIntermediateDirectories: false)
        let writer = try GGUFWriter(path: folder.path("d.gguf"), metadata: [], tensors: [])
        #expect(throws: GGUFError.io(file: folder.path("d.gguf"), operation: "rename to", code: EISDIR)) {
            try writer.finish()
        }
    }

    @Test func aFullDiskIsAnError() async {
        await #expect(processExitsWith: .exitCode(0)) {
            // A limit on the size of files stands for the full disk.
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: 1000, rlim_max: 1000)
            guard setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0 else { exit(3) }
            let path = FileManager.default.temporaryDirectory.appendingPathComponent("gguf-full-\(getpid())").path
            do throws(GGUFError) {
                _ = try GGUFWriter(path: path, metadata: [], tensors: [.init(name: "t", type: .f32, shape: [4096])])
                exit(1)
            } catch {
                guard case .io(_, _, EFBIG) = error else { exit(2) }
                exit(access("\(path).partial-\(getpid())", F_OK) == 0 ? 4 : 0)
            }
        }
    }
}
