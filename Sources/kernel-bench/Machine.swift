// Where and of what numbers were measured: CPU, its features, the commit of the checkout this program lies in.
import Glibc

struct Machine {
    let cpu, features, commit: String

    static let current = Machine(
        cpu: value("model name") ?? "unknown", features: interesting(value("flags") ?? ""), commit: readCommit())

    /// Of all flags those that decide which kernels run or how fast.
    private static func interesting(_ flags: String) -> String {
        flags.split(separator: " ")
            .filter { $0.hasPrefix("avx") || $0.hasPrefix("amx") || ["fma", "f16c", "bmi2", "sse4_2"].contains($0) }
            .sorted().joined(separator: " ")
    }

    /// A field of /proc/cpuinfo.
    private static func value(_ field: String) -> String? {
        for line in lines(fopen("/proc/cpuinfo", "r"), close: fclose) {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, trimmed(parts[0]) == field else { continue }
            return String(trimmed(parts[1]))
        }
        return nil
    }

    /// As git names it, with "-dirty" for a checkout with changes; "unknown" outside one.
    private static func readCommit() -> String {
        guard let path = realpath("/proc/self/exe", nil) else { return "unknown" }
        defer { free(path) }
        setenv("KERNEL_BENCH", path, 1)
        let command = "git -C \"$(dirname \"$KERNEL_BENCH\")\" describe --always --dirty --abbrev=12 2>/dev/null"
        return lines(popen(command, "r"), close: pclose).first ?? "unknown"
    }

    private static func lines(_ file: UnsafeMutablePointer<FILE>?, close: (UnsafeMutablePointer<FILE>) -> Int32)
        -> [String]
    {
        guard let file else { return [] }
        defer { _ = close(file) }
        var lines: [String] = []
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        while getline(&line, &capacity, file) > 0, let text = line {
            lines.append(String(trimmed(String(cString: text)[...])))
        }
        free(line)
        return lines
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while text.first?.isWhitespace ?? false { text.removeFirst() }
        while text.last?.isWhitespace ?? false { text.removeLast() }
        return text
    }

    func json(model: String) -> String {
        """
        {"kernel_bench": 1, "model": "\(model)", "cpu": "\(cpu)", "features": "\(features)", "commit": "\(commit)"}
        """
    }
}
