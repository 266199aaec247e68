// The memory plan against what caches really reserve, and available memory against file systems made here.
import CKernels
import Compute
import Foundation
import GGUF
import Testing

@testable import Transformer

@Suite struct MemoryPlanTests {
    private func fixture(_ name: String) throws -> GGUFFile {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return try GGUFFile(path: root.appendingPathComponent("Fixtures/logits/\(name)/model.gguf").path)
    }

    private func demand(_ name: String, context: Int? = nil, type: CacheType = .automatic) throws -> MemoryDemand {
        try MemoryDemand(
            name: name, file: fixture(name), mode: .map, context: context, cacheType: type, batch: (512, 32))
    }

    @Test(arguments: ["tiny-llama", "tiny-llama-Q8_0", "tiny-qwen3", "tiny-gpt2"])
    func theCacheIsWhatADecoderReserves(name: String) throws {
        let decoder = try Decoder(file: fixture(name), backend: CPUBackend(threads: 1))
        for type in [CacheType.automatic, .f32, .f16] {
            let planned = try demand(name, context: 100, type: type)
            let cache = try decoder.makeCache(context: 100, type: type)
            #expect(planned.cache == cache.byteCount)
            #expect(planned.cacheType == cache.type)
        }
    }

    /// The copy takes the place of mapped pages, and comes on top of a file that was read or of a table that stays.
    @Test func repackedWeightsAreCounted() throws {
        let file = try fixture("tiny-llama-Q8_0")
        let plain = try demand("tiny-llama-Q8_0")
        var read = try MemoryDemand(
            name: "read", file: file, mode: .read, context: nil, cacheType: .automatic, batch: (512, 32))
        var (mapped, kept) = (plain, plain)
        let backend = try CPUBackend(threads: 1)
        mapped.repack(file, by: backend)
        read.repack(file, by: backend)
        kept.repack(file, by: try CPUBackend(threads: 1, repack: false))
        #expect(kept.repacked == 0 && kept.total == plain.total)
        guard CPUBackend.availableISAs.count > 1 else { return }  // all but the reference have interleaved kernels
        let table = try #require(file.tensor("token_embd.weight"))
        let copies = file.tensors.filter { $0.type == .q8_0 && $0.shape.count == 2 && $0.name != table.name }
        let head = file.tensor("output.weight") == nil && table.type == .q8_0 ? table.byteCount : 0
        let bytes = copies.reduce(0) { $0 + $1.byteCount }
        #expect(bytes > 0 && mapped.repacked == bytes + head)
        #expect(mapped.weights == plain.weights - bytes)
        #expect(read.weights == plain.weights && read.total == plain.total + bytes + head)
        #expect(MemoryPlan([mapped], available: nil).lines[0].contains("repacked"))
    }

    @Test func theDefaultContextIsBounded() throws {
        #expect(try demand("tiny-llama").context == 256)
        var config = DecoderConfig(architecture: "llama")
        config.contextLength = 131_072
        #expect(config.defaultContext == 4096)
    }

    @Test func widthsThatDoNotFitTheCacheTypeAreRefused() throws {
        #expect(throws: TransformerError.self) { try demand("tiny-llama", type: .q8_0) }
        #expect(throws: TransformerError.self) { try demand("tiny-llama", context: .max) }
    }

    private func shortage(_ bytes: Int, context: Int = 4096) throws -> MemoryShortage? {
        let example = try demand("tiny-llama")
        func plan(_ context: Int, _ type: CacheType) -> MemoryPlan {
            var demand = example
            (demand.weights, demand.activations) = (100, 100)
            demand.cache = context * (type == .q8_0 ? 1 : 2)
            demand.context = context
            demand.cacheType = type
            return MemoryPlan([demand], available: AvailableMemory(bytes: bytes, source: "test"))
        }
        do throws(MemoryShortage) {
            try plan(context, .f16).check { plan($0 ?? context, $1 ?? .f16) }
            return nil
        } catch {
            return error
        }
    }

    /// Weights and activations take 100 bytes each, a cell 2 or 1.
    @Test func theMildestChangeIsSuggested() throws {
        #expect(try shortage(200 + 8192) == nil)
        #expect(try shortage(200 + 8191)?.suggestion == "--cache-type q8_0")
        #expect(try shortage(200 + 4096)?.suggestion == "--cache-type q8_0")
        // 2048 cells of two bytes need 4096.
        #expect(try shortage(200 + 4095)?.suggestion == "-c 1024")
        #expect(try shortage(200 + 300)?.suggestion == "-c 256 --cache-type q8_0")
        #expect(try shortage(150)?.suggestion == nil)
        #expect(try shortage(150)?.description.contains("fewer models") == true)
    }

    // MARK: available memory

    private func root(_ files: [String: String]) throws -> String {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("memory-\(UUID().uuidString)")
        for (path, text) in files {
            let file = folder.appendingPathComponent(path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        return folder.path
    }

    private let meminfo = "MemTotal:       16000000 kB\nMemFree: 1 kB\nMemAvailable:    8000000 kB\n"

    @Test func theSmallestLimitDecides() throws {
        let plain = try root(["proc/meminfo": meminfo])
        #expect(
            AvailableMemory.current(root: plain, environment: nil)
                == AvailableMemory(bytes: 8_000_000 * 1024, source: "MemAvailable"))
        // The inner group has no limit, the one around it has; its page cache can be dropped.
        let grouped = try root([
            "proc/meminfo": meminfo, "proc/self/cgroup": "0::/outer/inner\n",
            "sys/fs/cgroup/outer/inner/memory.max": "max\n", "sys/fs/cgroup/outer/inner/memory.current": "5\n",
            "sys/fs/cgroup/outer/memory.max": "1000000\n", "sys/fs/cgroup/outer/memory.current": "600000\n",
            "sys/fs/cgroup/outer/memory.stat": "anon 1\ninactive_file 100000\n",
        ])
        #expect(
            AvailableMemory.current(root: grouped, environment: nil)
                == AvailableMemory(bytes: 500_000, source: "cgroup memory.max"))
        let first = try root([
            "proc/meminfo": meminfo, "proc/self/cgroup": "3:cpu:/x\n4:memory:/y\n",
            "sys/fs/cgroup/memory/y/memory.limit_in_bytes": "2000\n",
            "sys/fs/cgroup/memory/y/memory.usage_in_bytes": "500\n",
        ])
        #expect(AvailableMemory.current(root: first, environment: nil)?.bytes == 1500)
    }

    @Test func theEnvironmentComesFirstAndNonsenseIsIgnored() throws {
        let plain = try root(["proc/meminfo": meminfo])
        #expect(AvailableMemory.current(root: plain, environment: "3M")?.bytes == 3 << 20)
        #expect(AvailableMemory.current(root: plain, environment: "12")?.bytes == 12)
        for nonsense in ["", "many", "-1", "9223372036854775807G"] {
            #expect(AvailableMemory.current(root: plain, environment: nonsense)?.source == "MemAvailable")
        }
        let hostile = try root(["proc/meminfo": "MemAvailable: lots", "proc/self/cgroup": "0::/../../etc\nx\n"])
        #expect(AvailableMemory.current(root: hostile, environment: nil) == nil)
    }
}
