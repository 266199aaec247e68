// Split models: finds the shards of `<prefix>-00001-of-00003.gguf` and checks that they belong together.
// One idea: the name only says where to look; the split.* keys decide whether and how a model is split.
// Source: GGUF specification and llama.cpp's gguf-split (split.no counts from 0, names count from 1).
import Glibc

extension GGUFFile {
    static let splitCountKey = "split.count"
    static let splitNumberKey = "split.no"
    static let splitTensorsKey = "split.tensors.count"

    convenience init(path: String, mode: LoadMode, _ strictness: Strictness) throws(GGUFError) {
        let given = try FileBytes(path: path, mode: mode)
        try self.init(sources: GGUFFile.shards(around: given, mode, strictness), name: path, strictness)
    }

    /// Opens a file to look at it: also accepts alignments below 8 and arrays of arrays, which `GGUFFile(path:)` refuses.
    public convenience init(inspecting path: String) throws(GGUFError) {
        try self.init(path: path, mode: .map, .lenient)
    }

    /// Opens a split model held in memory; `shards` in order, each with a name for errors.
    public convenience init(shards: [(bytes: [UInt8], name: String)], name: String) throws(GGUFError) {
        precondition(!shards.isEmpty, "a model has at least one shard")
        try self.init(sources: shards.map { FileBytes(copying: $0.bytes, name: $0.name) }, name: name, .strict)
    }

    private static func shards(
        around given: FileBytes, _ mode: LoadMode, _ strictness: Strictness
    ) throws(GGUFError) -> [FileBytes] {
        guard let split = SplitName(given.name), split.count > 1 else { return [given] }
        var scratch: [TensorInfo] = []
        let count = try GGUFShard(given, strictness, tensors: &scratch).splitCount()
        guard count > 1 else { return [given] }
        guard count == split.count else {
            throw .splitMismatch(file: given.name, key: splitCountKey, expected: split.count, found: count)
        }
        let paths = (1...count).map { split.path($0) }
        let missing = paths.filter { access($0, R_OK) != 0 }
        if let first = missing.first {
            throw .splitShardMissing(file: first, count: count, missing: missing.count)
        }
        var sources: [FileBytes] = []
        for (index, path) in paths.enumerated() {
            sources.append(index + 1 == split.number ? given : try FileBytes(path: path, mode: mode))
        }
        return sources
    }

    /// Whether these shards, in this order, are all shards of one model.
    static func checkSplit(_ shards: [GGUFShard], tensors: Int) throws(GGUFError) {
        guard let first = shards.first else { return }
        let count = try first.splitCount()
        guard count > 1 || shards.count > 1 else { return }
        if shards.count == 1, SplitName(first.source.name) == nil {
            throw .splitName(file: first.source.name, count: count)
        }
        for (index, shard) in shards.enumerated() {
            try shard.expect(splitCountKey, shards.count)
            try shard.expect(splitNumberKey, index)
        }
        try first.expect(splitTensorsKey, tensors)
    }
}

extension GGUFShard {
    fileprivate func splitCount() throws(GGUFError) -> Int {
        try metadata.integer(GGUFFile.splitCountKey) ?? 1
    }

    fileprivate func expect(_ key: String, _ expected: Int) throws(GGUFError) {
        let found = try metadata.requireInteger(key)
        guard found == expected else {
            throw .splitMismatch(file: source.name, key: key, expected: expected, found: found)
        }
    }
}

/// The parts of a path that ends in `-<number>-of-<count>.gguf`.
struct SplitName {
    let prefix: Substring
    let number: Int
    let count: Int

    init?(_ path: String) {
        let ending = ".gguf"
        guard path.hasSuffix(ending) else { return nil }
        let parts = path.dropLast(ending.count).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 4, parts[parts.count - 2] == "of",
            let number = SplitName.parse(parts[parts.count - 3]), let count = SplitName.parse(parts[parts.count - 1]),
            (1...count).contains(number)
        else { return nil }
        self.number = number
        self.count = count
        prefix = path[..<parts[parts.count - 3].startIndex].dropLast()
    }

    func path(_ number: Int) -> String {
        "\(prefix)-\(SplitName.digits(number))-of-\(SplitName.digits(count)).gguf"
    }

    /// At least five digits.
    static func digits(_ number: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, 5 - text.utf8.count)) + text
    }

    /// Five digits, and from 100000 on as many as needed; nothing else, so that `path` gives the name back.
    private static func parse(_ digits: Substring) -> Int? {
        guard let number = Int(digits), number > 0, SplitName.digits(number) == digits else { return nil }
        return number
    }
}
