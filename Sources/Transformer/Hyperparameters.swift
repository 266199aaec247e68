// A file's `<architecture>.*` keys, asked for by their short names and checked when read.
// Every refusal names the whole key, what was expected and what was found.

import GGUF

public struct Hyperparameters: Sendable {
    public let architecture: String
    let file: GGUFFile

    init(_ file: GGUFFile) throws(TransformerError) {
        self.file = file
        guard let name = try carrying({ () throws(GGUFError) in try file.metadata.string("general.architecture") })
        else { throw .missingKey(key: "general.architecture") }
        architecture = name
    }

    func name(of key: String) -> String { "\(architecture).\(key)" }

    func hasTensor(_ name: String) -> Bool { file.tensor(name) != nil }

    /// An integer within a range, or nil where the key is absent.
    func integer(_ key: String, in range: ClosedRange<Int>) throws(TransformerError) -> Int? {
        let name = name(of: key)
        guard let value = try carrying({ () throws(GGUFError) in try file.metadata.integer(name) }) else { return nil }
        return try checked(value, name, range)
    }

    func requireInteger(_ key: String, in range: ClosedRange<Int>) throws(TransformerError) -> Int {
        guard let value = try integer(key, in: range) else { throw .missingKey(key: name(of: key)) }
        return value
    }

    /// One integer per block: an array of exactly `blocks` elements, or one number for all.
    func perBlock(_ key: String, in range: ClosedRange<Int>, blocks: Int) throws(TransformerError) -> [Int]? {
        let name = name(of: key)
        guard case .array(let array) = file.metadata[name] else {
            return try integer(key, in: range).map { Array(repeating: $0, count: blocks) }
        }
        guard array.count == blocks, let values = array.integers() else {
            throw .invalidValue(
                key: name, expected: "\(blocks) integers", found: "\(array.count) values of type \(array.elementType)")
        }
        for value in values { _ = try checked(value, name, range) }
        return values
    }

    /// A finite number within a range, or nil where the key is absent.
    func number(_ key: String, in range: ClosedRange<Float> = -1e30...1e30) throws(TransformerError) -> Float? {
        let name = name(of: key)
        guard let value = try carrying({ () throws(GGUFError) in try file.metadata.float(name) }) else { return nil }
        guard range.contains(value) else {
            let expected = "a number from \(range.lowerBound) to \(range.upperBound)"
            throw .invalidValue(key: name, expected: expected, found: "\(value)")
        }
        return value
    }

    func requireNumber(_ key: String, in range: ClosedRange<Float> = -1e30...1e30) throws(TransformerError) -> Float {
        guard let value = try number(key, in: range) else { throw .missingKey(key: name(of: key)) }
        return value
    }

    func flag(_ key: String) throws(TransformerError) -> Bool? {
        let name = name(of: key)
        return try carrying { () throws(GGUFError) in try file.metadata.bool(name) }
    }

    func string(_ key: String) throws(TransformerError) -> String? {
        let name = name(of: key)
        return try carrying { () throws(GGUFError) in try file.metadata.string(name) }
    }

    private func checked(_ value: Int, _ name: String, _ range: ClosedRange<Int>) throws(TransformerError) -> Int {
        guard range.contains(value) else {
            let expected = "an integer from \(range.lowerBound) to \(range.upperBound)"
            throw .invalidValue(key: name, expected: expected, found: "\(value)")
        }
        return value
    }
}
