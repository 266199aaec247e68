// Wrong files are refused by the right rule: the case list of llama.cpp's test-gguf, the published flaws of GGUF
// readers, and the rules of our own. One row is one file that is wrong in one way.
import GGUF
import Testing

struct Refusal: Sendable, CustomTestStringConvertible {
    let name: String
    let rule: GGUFRule?
    let damage: @Sendable (inout FileBuilder) -> Void

    /// `rule` nil: the file must open.
    init(_ name: String, _ rule: GGUFRule?, _ damage: @escaping @Sendable (inout FileBuilder) -> Void) {
        self.name = name
        self.rule = rule
        self.damage = damage
    }

    var testDescription: String { name }

    func check() {
        var file = FileBuilder()
        file.add("general.architecture", string: "llama")
        damage(&file)
        let error = failure(file)
        #expect(error?.rule == rule, "\(name): \(error.map { "\($0)" } ?? "opened")")
        if let error { #expect(error.description.contains("test.gguf"), "the error does not name the file") }
    }
}

@Suite struct RefusalTests {
    // The cases of llama.cpp's tests/test-gguf.cpp, in its order.
    static let upstream: [Refusal] = [
        Refusal("header: bad magic", .magic) { $0.magic = [1, 2, 3, 4] },
        Refusal("header: version 0", .version) { $0.version = 0 },
        Refusal("header: version 1", .version) { $0.version = 1 },
        Refusal("header: future version", .version) { $0.version = 4 },
        Refusal("header: too many tensors", .complete) { $0.tensorCount = 1_000_000 },
        Refusal("header: impossibly many tensors", .limits) { $0.tensorCount = .max },
        Refusal("header: too many keys", .complete) { $0.keyCount = 60_000 },
        Refusal("header: impossibly many keys", .limits) { $0.keyCount = .max },
        Refusal("header: empty", nil) { $0.entries = [] },
        Refusal("keys: bad key size", .limits) { $0.entries = [little(UInt64.max) + [1, 2, 3, 4, 5, 6]] },
        Refusal("keys: key beyond the file", .complete) { $0.entries = [little(UInt64(500)) + [1, 2, 3, 4, 5, 6]] },
        Refusal("keys: empty key", .keyNames) { $0.add("", uint32: 1) },
        Refusal("keys: bad type", .valueTypes) { $0.entries.append(string("a") + little(UInt32(13)) + [0]) },
        Refusal("keys: bad element type", .valueTypes) {
            $0.add("a", .array, little(UInt32(99)) + little(UInt64(0)))
        },
        Refusal("keys: duplicate key", .uniqueKeys) {
            $0.add("a", uint32: 1)
            $0.add("a", uint32: 2)
        },
        Refusal("keys: bad alignment", .alignment) { $0.add("general.alignment", uint32: 13) },
        Refusal("keys: alignment of another type", .alignment) { $0.add("general.alignment", uint16: 32) },
        Refusal("keys: all types", nil) { $0 = ReadingTests.sample() },
        Refusal("tensors: bad name size", .tensorNames) {
            $0.describe(String(repeating: "n", count: 64), dimensions: [1], offset: 0)
        },
        Refusal("tensors: longest name", nil) {
            $0.add(tensor: String(repeating: "n", count: 63), dimensions: [1])
        },
        Refusal("tensors: bad dimension count", .dimensions) {
            $0.describe("t", dimensions: [1, 1, 1, 1, 1], offset: 0)
        },
        Refusal("tensors: no dimension", .dimensions) {
            $0.describe("t", dimensions: [], offset: 0)
            $0.add(tensor: "u", dimensions: [8])
        },
        Refusal("tensors: negative dimension", .tensorSizes) { $0.describe("t", dimensions: [.max], offset: 0) },
        Refusal("tensors: zero dimension", nil) { $0.add(tensor: "t", dimensions: [4, 0]) },
        Refusal("tensors: too many elements", .tensorSizes) {
            $0.describe("t", dimensions: [1 << 32, 1 << 32], offset: 0)
        },
        Refusal("tensors: too many bytes", .tensorSizes) { $0.describe("t", dimensions: [1 << 62], offset: 0) },
        Refusal("tensors: bad type", .tensorTypes) { $0.describe("t", dimensions: [1], type: 1000, offset: 0) },
        Refusal("tensors: removed type", .tensorTypes) { $0.describe("t", dimensions: [32], type: 4, offset: 0) },
        Refusal("tensors: rows of half a block", .wholeBlocks) {
            $0.describe("t", dimensions: [16, 2], type: 8, offset: 0)
        },
        Refusal("tensors: bad offset", .tensorsInside) { $0.describe("t", dimensions: [8], offset: 1 << 40) },
        Refusal("tensors: duplicate name", .uniqueTensors) {
            $0.add(tensor: "t", dimensions: [8])
            $0.add(tensor: "t", dimensions: [8])
        },
        Refusal("tensors: offset against the alignment", .tensorAlignment) {
            $0.describe("t", dimensions: [8], offset: 16)
            $0.data = [UInt8](repeating: 0, count: 64)
        },
        Refusal("tensors: custom alignment 1", .alignment) { $0.add("general.alignment", uint32: 1) },
        Refusal("tensors: custom alignment 64", nil) {
            $0.alignment = 64
            $0.add("general.alignment", uint32: 64)
            $0.add(tensor: "t", dimensions: [5])
            $0.add(tensor: "u", dimensions: [5])
        },
        Refusal("tensors: data aligned otherwise than said", .tensorAlignment) {
            $0.add("general.alignment", uint32: 128)
            $0.add(tensor: "t", dimensions: [8])
            $0.add(tensor: "u", dimensions: [8])
        },
        Refusal("data: none", .tensorsInside) { $0.describe("t", dimensions: [8], offset: 0) },
        Refusal("data: not enough", .tensorsInside) {
            $0.add(tensor: "t", dimensions: [64])
            $0.data.removeLast(32)
        },
        Refusal("data: sizes whose sum wraps", .tensorsInside) {
            for index in 0..<4 { $0.describe("t\(index)", dimensions: [1 << 60], offset: 0) }
        },
        Refusal("data: overlap", .noOverlap) {
            $0.add(tensor: "t", dimensions: [16])
            $0.describe("u", dimensions: [8], offset: 32)
        },
    ]

    // Rules of our own, and the flaws found in other readers (CVE and advisory numbers name the flaw a row is about).
    static let published: [Refusal] = [
        Refusal("CVE-2024-21802, gguflib ndim: dimension count written past its array", .dimensions) {
            $0.describe("t", rank: 0x7FFF_FFFF, dimensions: [1, 1], offset: 0)
        },
        Refusal("CVE-2024-23605: key count times record size wraps", .limits) { $0.keyCount = 1 << 59 },
        Refusal("CVE-2024-21825: array count times element size wraps", .limits) {
            $0.add("a", .array, little(GGUFValueType.uint64.rawValue) + little(UInt64(1) << 61))
        },
        Refusal("CVE-2024-21836: tensor count times record size wraps", .limits) { $0.tensorCount = 1 << 58 },
        Refusal("CVE-2024-23496, CVE-2025-66959: string length plus one wraps", .limits) {
            $0.add("a", .string, little(UInt64.max))
        },
        Refusal("CVE-2025-66960: string longer than the file", .complete) {
            $0.add("a", .string, little(UInt64(4096)))
        },
        Refusal("array longer than the file", .complete) {
            $0.add("a", .array, little(GGUFValueType.string.rawValue) + little(UInt64(1) << 25))
        },
        Refusal("CVE-2025-53630: running sum of sizes wraps", .tensorsInside) {
            $0.describe("t", dimensions: [(1 << 60) - 8], offset: 0)
            $0.describe("u", dimensions: [(1 << 60) - 8], offset: 0)
        },
        Refusal("CVE-2026-27940: offset plus size wraps", .tensorsInside) {
            $0.describe("t", dimensions: [8], offset: .max - 31)
        },
        Refusal("CVE-2026-33298: product of dimensions wraps to a small number", .tensorSizes) {
            $0.describe("t", dimensions: [1 << 33, 1 << 31, 4], offset: 0)
        },
        Refusal("a zero dimension does not hide an overflow", .tensorSizes) {
            $0.describe("t", dimensions: [0, 1 << 40, 1 << 40], offset: 0)
        },
        Refusal("padding near 2^64 wraps", .tensorAlignment) { $0.describe("t", dimensions: [8], offset: .max) },
        Refusal("CVE-2025-0317: alignment 0 divides by zero", .alignment) { $0.add("general.alignment", uint32: 0) },
        Refusal("alignment without bound", .alignment) { $0.add("general.alignment", uint32: 1 << 31) },
        Refusal("alignment of wrong type", .alignment) { $0.add("general.alignment", string: "32") },
        Refusal("CVE-2026-7482: tensor beyond the file leaks memory", .tensorsInside) {
            $0.add(tensor: "t", dimensions: [8])
            $0.describe("u", dimensions: [4096], offset: 32)
        },
        Refusal("gguf-py: nested arrays recurse", .flatArrays) {
            let level = little(GGUFValueType.array.rawValue) + little(UInt64(1))
            $0.add("a", .array, (0..<1000).flatMap { _ in level })
        },
        Refusal("arrays of arrays", .flatArrays) { $0.add("a", .array, array(.array, [array(.uint8, [[1]])])) },
        Refusal("NaN", .noNaN) { $0.add("a", .float32, little(Float.nan.bitPattern)) },
        Refusal("NaN of 64 bits", .noNaN) { $0.add("a", .float64, little(Double.nan.bitPattern)) },
        Refusal("NaN in an array", .noNaN) {
            $0.add("a", .array, array(.float32, [little(Float(1).bitPattern), little(Float.nan.bitPattern)]))
        },
        Refusal("infinity is a number", nil) { $0.add("a", .float32, little(Float.infinity.bitPattern)) },
        Refusal("zero byte in a key", .keyNames) { $0.add("a\0b", uint32: 1) },
        Refusal("zero byte in a tensor name", .tensorNames) { $0.describe("a\0b", dimensions: [1], offset: 0) },
        // Found by fuzzing: such a name could be listed, but never looked up.
        Refusal("key of invalid UTF-8", .keyNames) {
            $0.entries.append(little(UInt64(2)) + [0x61, 0xFF, 0, 0, 0, 0, 1])
        },
        Refusal("tensor name of invalid UTF-8", .tensorNames) {
            $0.tensors.append(little(UInt64(1)) + [0xC3] + little(UInt32(1)) + [UInt8](repeating: 0, count: 20))
        },
        Refusal("empty tensor name", .tensorNames) { $0.describe("", dimensions: [1, 1], offset: 0) },
        Refusal("key of 65536 bytes", .limits) { $0.add(String(repeating: "k", count: 65536), uint32: 1) },
        Refusal("key of 65535 bytes", nil) { $0.add(String(repeating: "k", count: 65535), uint32: 1) },
        Refusal("big-endian", .byteOrder) { $0.version = UInt32(3).byteSwapped },
        Refusal("overlap out of order", .noOverlap) {
            $0.describe("t", dimensions: [16], offset: 32)
            $0.describe("u", dimensions: [16], offset: 0)
            $0.data = [UInt8](repeating: 0, count: 96)
        },
        Refusal("data out of order", nil) {
            $0.describe("t", dimensions: [8], offset: 32)
            $0.describe("u", dimensions: [8], offset: 0)
            $0.data = [UInt8](repeating: 0, count: 64)
        },
        Refusal("a shard alone", .splitNames) { $0.add("split.count", uint16: 3) },
    ]

    @Test(arguments: upstream) func upstreamCase(_ refusal: Refusal) { refusal.check() }

    @Test(arguments: published) func publishedFlaw(_ refusal: Refusal) { refusal.check() }

    @Test(arguments: [
        (4, "removed"), (36, "removed"), (31, "Q4_0_4_4"), (133, "Q6_0; this file was made for ik_llama.cpp"),
        (97, "ik_llama.cpp"), (202, "ik_llama.cpp"), (399, "ik_llama.cpp"), (43, "unknown"), (1000, "unknown"),
    ]) func typesOfOthersAreNamed(id: UInt32, words: String) {
        var file = FileBuilder()
        file.describe("blk.0.ffn_up.weight", dimensions: [32], type: id, offset: 0)
        let text = failure(file)?.description ?? ""
        #expect(text.contains(words) && text.contains("blk.0.ffn_up.weight") && text.contains("type \(id)"), "\(text)")
    }

    @Test(arguments: [
        ("version https://git-lfs.github.com/spec/v1", "Git LFS"), ("<!DOCTYPE html>", "web page"),
        ("PK\u{3}\u{4}....", "zip"), ("tjggxxxx", "before GGUF"),
    ]) func otherFormatsAreNamed(content: String, words: String) {
        #expect(failure(Array(content.utf8))?.description.contains(words) == true)
    }

    @Test func oldAndForeignFilesSayWhatToDo() {
        var file = FileBuilder()
        file.version = 1
        #expect(failure(file)?.description.contains("convert the model again") == true)
        file.version = UInt32(3).byteSwapped
        #expect(failure(file) == .bigEndian(file: "test.gguf"))
    }

    @Test func everyErrorNamesExpectedAndFound() {
        var file = FileBuilder()
        file.add("general.alignment", uint32: 24)
        #expect(
            failure(file)?.description
                == "'test.gguf': general.alignment is the uint32 24, expected a u32 that is a power of two from 8 to 65536"
        )
        file = FileBuilder()
        file.describe("t", dimensions: [33, 2], type: 8, offset: 0)
        #expect(
            failure(file)?.description
                == "'test.gguf': tensor 't' has rows of 33 values, expected a multiple of 32 for Q8_0")
    }
}
