// How much memory this process may still take: what the kernel calls available, and the limits of its control groups.
// One idea: the smallest of all limits decides; page cache counts as available, because mapped weights are page cache.
// Sources: proc(5) MemAvailable; the kernel's cgroup-v1 and cgroup-v2 documents. Elsewhere than on Linux: unknown.
import Compute
import Glibc

public struct AvailableMemory: Sendable, Equatable {
    public var bytes: Int
    /// What limits it: "MemAvailable", "cgroup memory.max", ...
    public var source: String

    public init(bytes: Int, source: String) {
        self.bytes = bytes
        self.source = source
    }

    /// Reads it, under `root` for tests. COOLFUSION_MEMORY in the environment replaces it: bytes, or with K, M, G.
    public static func current(
        root: String = "", environment: String? = getenv("COOLFUSION_MEMORY").map { String(cString: $0) }
    )
        -> AvailableMemory?
    {
        if let environment, let bytes = parseByteCount(environment) {
            return AvailableMemory(bytes: bytes, source: "COOLFUSION_MEMORY")
        }
        var limits: [AvailableMemory] = []
        if let kilobytes = field("MemAvailable:", of: "\(root)/proc/meminfo") {
            limits.append(AvailableMemory(bytes: kilobytes * 1024, source: "MemAvailable"))
        }
        for line in lines("\(root)/proc/self/cgroup") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            if parts[1].isEmpty {
                limits += cgroup(
                    root + "/sys/fs/cgroup", parts[2], limit: "memory.max", usage: "memory.current",
                    cached: "inactive_file")
            } else if parts[1].split(separator: ",").contains("memory") {
                limits += cgroup(
                    root + "/sys/fs/cgroup/memory", parts[2], limit: "memory.limit_in_bytes",
                    usage: "memory.usage_in_bytes", cached: "total_inactive_file")
            }
        }
        return limits.min { $0.bytes < $1.bytes }
    }

    /// The limits of a group and of all groups around it; page cache that can be dropped is not in use.
    private static func cgroup(_ mount: String, _ path: Substring, limit: String, usage: String, cached: String)
        -> [AvailableMemory]
    {
        var found: [AvailableMemory] = []
        var names = path.split(separator: "/")
        guard !names.contains("..") else { return [] }
        while true {
            let folder = ([mount] + names.map(String.init)).joined(separator: "/")
            // "max" in version 2 and numbers near 2^63 in version 1 mean: no limit.
            if let most = number("\(folder)/\(limit)"), most < 1 << 60, let used = number("\(folder)/\(usage)") {
                let droppable = field(cached, of: "\(folder)/memory.stat") ?? 0
                found.append(AvailableMemory(bytes: max(0, most - max(0, used - droppable)), source: "cgroup \(limit)"))
            }
            if names.popLast() == nil { return found }
        }
    }

    private static func number(_ path: String) -> Int? { lines(path).first.flatMap { Int($0) } }

    /// The number behind a name at the start of a line.
    private static func field(_ name: String, of path: String) -> Int? {
        for line in lines(path) {
            let parts = line.split(separator: " ")
            if parts.count >= 2, parts[0] == name { return Int(parts[1]) }
        }
        return nil
    }

    /// The lines of a small file; none if it cannot be read.
    private static func lines(_ path: String) -> [Substring] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes {
                read(descriptor, $0.baseAddress.map { $0 + count }, $0.count - count)
            }
            guard got > 0 else { break }
            count += got
        }
        return String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n")
    }
}
