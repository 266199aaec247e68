// Walking folders that others have filled: bounded, following no linked folder, never leaving the store.
import FoundationEssentials
import Glibc

enum Files {
    static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    /// Names in a folder, sorted; none if it cannot be read.
    static func names(in folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }

    /// Paths of the files below a folder, at most `depth` folders down. Linked folders are not entered, so links cannot
    /// make a loop; at most 100,000 entries are looked at.
    static func walk(_ folder: String, depth: Int) -> [String] {
        var found: [String] = []
        var open = [(folder, 0)]
        var budget = 100_000
        while let (current, level) = open.popLast() {
            for name in names(in: current) {
                budget -= 1
                guard budget > 0 else { return found }
                let path = "\(current)/\(name)"
                if isPlainFolder(path) {
                    if level < depth { open.append((path, level + 1)) }
                } else {
                    found.append(path)
                }
            }
        }
        return found.sorted()
    }

    private static func isPlainFolder(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The file behind all links; nil where it is missing or links run in a circle.
    static func real(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// Bytes of a regular file; nil for anything else.
    static func size(_ path: String) -> Int? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(status.st_size)
    }

    /// The variable's value, unless it is empty.
    static func variable(_ name: String) -> String? {
        ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    static var home: String { variable("HOME") ?? "/" }
}

extension ModelStores {
    /// Adds a GGUF file of a store, unless it is a later shard or an image encoder. `boundary`: the folder its real place must be in.
    mutating func add(_ path: String, store: StoredModel.Store, name: String, boundary: String) {
        let file = path.split(separator: "/").last.map(String.init) ?? path
        guard file.lowercased().hasSuffix(".gguf"), !file.lowercased().hasPrefix("mmproj") else { return }
        let shards = FileName(file).shards
        guard shards.first == nil || shards.first == file else { return }
        guard let real = Files.real(path), let outer = Files.real(boundary) else {
            return skip(path, "the link leads nowhere")
        }
        guard real.hasPrefix(outer + "/") else { return skip(path, "the link leads out of the store, to \(real)") }
        let folder = path.dropLast(file.count)
        var bytes = 0
        for shard in shards.isEmpty ? [file] : shards {
            guard let size = Files.size(folder + shard) else { return skip(path, "\(shard) is missing") }
            bytes += size
        }
        models.append(
            StoredModel(
                store: store, name: name, tag: FileName(file).quantization, path: path, realPath: real, bytes: bytes))
    }

    mutating func skip(_ path: String, _ reason: String) { skipped.append(SkippedModel(path: path, reason: reason)) }
}

/// What the name of a GGUF file tells by convention; informative only, what a file is decides its content.
struct FileName {
    /// "Q4_K_M", "BF16"; empty where there is none.
    var quantization = ""
    /// The names of all shards of a split model; empty for other files.
    var shards: [String] = []

    init(_ file: String) {
        var stem = file.lowercased().hasSuffix(".gguf") ? String(file.dropLast(5)) : file
        if let match = stem.firstMatch(of: /-([0-9]{5})-of-([0-9]{5})$/), let count = Int(match.2),
            (1...9999).contains(count)
        {
            let prefix = stem[..<match.range.lowerBound]
            shards = (1...count).map { number in
                let digits = String(number)
                return "\(prefix)-\(String(repeating: "0", count: 5 - digits.count))\(digits)-of-\(match.2).gguf"
            }
            stem = String(prefix)
        }
        let pattern = /[-._]((?:I?Q[1-8]_[0-9A-Z_]+|TQ[12]_0|MXFP4|NVFP4|BF16|F16|F32)(?:_MOE)?)$/.ignoresCase()
        if let match = stem.firstMatch(of: pattern) { quantization = match.1.uppercased() }
    }
}
