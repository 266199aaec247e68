// Whatever the bytes, opening ends in a typed error or a file that can be read to its last byte, and takes at most
// twice the file's size in memory. The limit is the kernel's (RLIMIT_DATA in a child process) or AddressSanitizer's count.
import Foundation
import GGUF
import Testing

/// Opens, and if that works touches every value and every tensor. True if it opened.
@discardableResult func exercise(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let file = try? GGUFFile(embedded: bytes, name: "hostile") else { return false }
    for (key, value) in file.metadata {
        if let strings = value.array?.strings { blackHole(strings.reduce(0) { $0 + $1.count }) }
        blackHole(value.array?.floats()?.count ?? 0)
        blackHole(file.metadata[key] == nil ? 1 : 0)
    }
    for tensor in file.tensors {
        blackHole(file.bytes(of: tensor).reduce(0) { $0 &+ Int($1) })
        blackHole(file.tensor(tensor.name)?.shape.count ?? 0)
    }
    blackHole("\(file.kind)".utf8.count)
    return true
}

@inline(never) func blackHole(_: Int) {}

/// Bytes that outlive every test, as embedded files must.
func staticMemory(_ bytes: [UInt8]) -> UnsafeMutableRawBufferPointer {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
    memory.copyBytes(from: bytes)
    return memory
}

/// Limits this process to the memory it has now and `bytes` more; beyond, allocation fails and the process ends.
func limitMemory(toFurther bytes: Int) {
    if let sanitizer = AddressSanitizer.current { return sanitizer.limitMemory(toFurther: bytes) }
    let pages = (try? String(contentsOfFile: "/proc/self/statm"))?.split(separator: " ") ?? []
    guard pages.count > 5, let data = Int(pages[5]) else { exit(3) }
    var limit = rlimit()
    limit.rlim_cur = rlim_t(data * sysconf(Int32(_SC_PAGESIZE)) + bytes)
    limit.rlim_max = limit.rlim_cur
    guard setrlimit(__rlimit_resource_t(RLIMIT_DATA.rawValue), &limit) == 0 else { exit(4) }
}

/// AddressSanitizer, where this program runs under it. Its own memory (shadow, quarantine, redzones) is many times the
/// program's, so that the kernel's limit would say nothing; it counts the program's bytes itself and calls at each allocation.
private struct AddressSanitizer {
    static let current = AddressSanitizer()
    nonisolated(unsafe) private static var limit = 0

    private typealias Count = @convention(c) () -> Int
    private typealias MallocHook = @convention(c) (UnsafeRawPointer?, Int) -> Void
    private typealias FreeHook = @convention(c) (UnsafeRawPointer?) -> Void
    private typealias Install = @convention(c) (MallocHook, FreeHook) -> Int32
    nonisolated(unsafe) private static var allocated: Count = { 0 }
    private let install: Install

    private init?() {
        let program = dlopen(nil, RTLD_NOW)
        guard let count = dlsym(program, "__sanitizer_get_current_allocated_bytes"),
            let hooks = dlsym(program, "__sanitizer_install_malloc_and_free_hooks")
        else { return nil }
        Self.allocated = unsafeBitCast(count, to: Count.self)
        install = unsafeBitCast(hooks, to: Install.self)
    }

    func limitMemory(toFurther bytes: Int) {
        Self.limit = Self.allocated() + bytes
        let installed = install({ _, _ in if Self.allocated() > Self.limit { _exit(1) } }, { _ in })
        guard installed > 0 else { exit(4) }
    }
}

@Suite struct HostileTests {
    @Test func truncatedAtEveryByte() {
        let bytes = ReadingTests.sample().bytes
        // The padding of the last tensor may be cut: its data is complete without it.
        let complete = bytes.count - 22
        for count in 0..<bytes.count {
            let prefix = Array(bytes[..<count])
            let memory = staticMemory(prefix)
            defer { memory.deallocate() }
            #expect(exercise(UnsafeRawBufferPointer(memory)) == (count >= complete), "cut to \(count) bytes")
            if count < complete {
                #expect([.complete, .tensorsInside].contains(failure(prefix)?.rule), "cut to \(count) bytes")
            }
        }
    }

    @Test func everyByteFlipped() {
        let memory = staticMemory(ReadingTests.sample().bytes)
        defer { memory.deallocate() }
        var opened = 0
        for index in memory.indices {
            for mask: UInt8 in [0x01, 0x80, 0xFF] {
                memory[index] ^= mask
                opened += exercise(UnsafeRawBufferPointer(memory)) ? 1 : 0
                memory[index] ^= mask
            }
        }
        // Flips in data, padding and scalar values are no errors of form; most of the others are.
        #expect(opened > 300 && opened < memory.count * 2, "\(opened) of \(memory.count * 3) opened")
    }

    /// Large files that make much of little: as many records as the bytes allow, and claims that the bytes seem to bear.
    static func demanding(_ index: Int) -> [UInt8] {
        var file = FileBuilder()
        switch index {
        case 0: for key in 0..<65536 { file.add(String(key, radix: 36), .uint8, [0]) }
        case 1: for tensor in 0..<100_000 { file.describe(String(tensor, radix: 36), dimensions: [0], offset: 0) }
        case 2:
            file.add("a", .array, little(UInt32(8)) + little(UInt64(1 << 20)) + [UInt8](repeating: 0, count: 8 << 20))
        case 3:
            file.tensorCount = 1 << 20
            file.data = [UInt8](repeating: 0, count: 33 << 20)
        default:
            file.keyCount = 65536
            file.data = [UInt8](repeating: 0, count: 14 << 16)
        }
        return file.bytes
    }

    static let slack = 1 << 20  // the allocator's granularity and what the runtime allocates at first use

    @Test(arguments: 0..<5) func takesAtMostTwiceTheFileSize(index: Int) async {
        await #expect(processExitsWith: .exitCode(0)) { [index] in
            let memory = UnsafeRawBufferPointer(staticMemory(HostileTests.demanding(index)))
            limitMemory(toFurther: 2 * memory.count + HostileTests.slack)
            let opened = (try? GGUFFile(embedded: memory, name: "demanding")) != nil
            exit(opened == (index < 3) ? 0 : 1)
        }
    }

    @Test func damagedFilesTakeNoMoreEither() async {
        await #expect(processExitsWith: .exitCode(0)) {
            let memory = staticMemory(ReadingTests.sample().bytes)
            exercise(UnsafeRawBufferPointer(memory))
            limitMemory(toFurther: 2 * memory.count + HostileTests.slack)
            for index in memory.indices {
                memory[index] ^= 0xFF
                exercise(UnsafeRawBufferPointer(memory))
                exercise(UnsafeRawBufferPointer(rebasing: memory[..<index]))
                memory[index] ^= 0xFF
            }
            exit(0)
        }
    }

    @Test func theLimitOfTheseTestsIsReal() async {
        await #expect(processExitsWith: .exitCode(1)) {
            limitMemory(toFurther: 4 << 20)
            let block = malloc(8 << 20)
            exit(block == nil ? 1 : 0)
        }
    }

    @Test func manyTensorsAndStringsOpenQuickly() throws {
        var file = FileBuilder()
        file.add("tokenizer.ggml.tokens", strings: (0..<300_000).map { "token \($0)" })
        for index in 0..<100_000 { file.describe("blk.\(index).attn_q.weight", dimensions: [8, 0], offset: 0) }
        let memory = staticMemory(file.bytes)
        defer { memory.deallocate() }
        let clock = ContinuousClock()
        var opened: GGUFFile?
        let time = try clock.measure {
            opened = try GGUFFile(embedded: UnsafeRawBufferPointer(memory), name: "large")
        }
        print("opening 100,000 tensors and 300,000 strings, \(memory.count) bytes: \(time)")
        #expect(opened?.tensors.count == 100_000)
        #expect(try opened?.metadata.requireStrings("tokenizer.ggml.tokens").count == 300_000)
        #expect(opened?.tensor("blk.99999.attn_q.weight") != nil)
        opened = nil
    }
}
