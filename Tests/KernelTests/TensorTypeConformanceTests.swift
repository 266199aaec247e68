// Every type against rows made by ggml (../shared/conformance/logits/_rows, described in the README beside): decoded
// values bit for bit, dot products within ggml's own deviation from exact arithmetic, quantisers bit for bit or, where
// they search, at least as good. Skipped where the rows are absent.
import CKernels
import Foundation
import Testing

private let rowsDirectory = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("../shared/conformance/logits/_rows").standardizedFileURL

private struct Manifest: Decodable {
    struct Entry: Decodable, Sendable, CustomTestStringConvertible {
        let type: String
        let ggml_type: UInt32
        let block_size, type_size, row_bytes: Int
        let dir: String
        let vec_dot_max_dev_over_norms: Double
        var testDescription: String { type }
    }
    let rows, cols: Int
    let types: [Entry]

    static let stored: Manifest? = {
        guard let data = try? Data(contentsOf: rowsDirectory.appendingPathComponent("manifest.json")) else {
            return nil
        }
        return try? JSONDecoder().decode(Manifest.self, from: data)
    }()
}

private func bytes(_ path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: rowsDirectory.appendingPathComponent(path)))
}

private func floats(_ path: String) throws -> [Float] {
    try bytes(path).withUnsafeBytes { raw in
        (0..<raw.count / 4).map {
            Float(bitPattern: UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
        }
    }
}

@Suite(.enabled(if: FileManager.default.fileExists(atPath: rowsDirectory.path)))
struct TensorTypeConformanceTests {
    private static let entries = Manifest.stored?.types ?? []
    private static let columns = Manifest.stored?.cols ?? 0
    private static let rows = Manifest.stored?.rows ?? 0

    /// Quantisers that search for scales: not the same bits as ggml's, but never a larger error in the weighting they
    /// minimise.
    private static let searching: Set = ["Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "IQ4_XS"]

    @Test func theManifestIsRead() {
        #expect(Self.entries.count >= 27)
    }

    @Test(arguments: entries)
    private func sizesAgree(entry: Manifest.Entry) throws {
        let type = try #require(ListedType.labelled(entry.type))
        #expect(type.info.ggml_id == entry.ggml_type)
        #expect(type.blockSize == entry.block_size)
        #expect(type.blockBytes == entry.type_size)
        #expect(Self.columns / type.blockSize * type.blockBytes == entry.row_bytes)
    }

    @Test(arguments: entries)
    private func dequantisedValuesAreBitEqual(entry: Manifest.Entry) throws {
        let type = try #require(ListedType.labelled(entry.type))
        let found = type.dequantize(try bytes("\(entry.dir)/quant.bin"))
        #expect(found.map(\.bitPattern) == (try floats("\(entry.dir)/dequant.f32")).map(\.bitPattern))
    }

    @Test(arguments: entries)
    private func dotsDeviateNoMoreThanGgmls(entry: Manifest.Entry) throws {
        let type = try #require(ListedType.labelled(entry.type))
        let weights = try bytes("\(entry.dir)/quant.bin"), w = try floats("\(entry.dir)/dequant.f32")
        let x = try floats("x.f32"), exact = try floats("\(entry.dir)/matmul.f32")
        for column in 0..<x.count / Self.columns {
            let values = Array(x[column * Self.columns..<(column + 1) * Self.columns])
            let activations = type.activation.quantize(values)
            for row in 0..<Self.rows {
                let packed = Array(weights[row * entry.row_bytes..<(row + 1) * entry.row_bytes])
                let norms = norm(values) * norm(w[row * Self.columns..<(row + 1) * Self.columns])
                let difference = abs(Double(type.dot(packed, activations)) - Double(exact[column * Self.rows + row]))
                // The recorded maximum is ggml's own; summing in another order may exceed it by some roundings.
                #expect(difference <= (entry.vec_dot_max_dev_over_norms + 1e-6) * norms)
            }
        }
    }

    @Test(arguments: entries.filter { ListedType.labelled($0.type)?.info.quantize != nil })
    private func quantisersMatchOrImprove(entry: Manifest.Entry) throws {
        let type = try #require(ListedType.labelled(entry.type))
        let source = try floats("src.f32"), stored = try bytes("\(entry.dir)/quant.bin")
        let found = type.quantize(source)
        guard Self.searching.contains(entry.type) else {
            #expect(found == stored)
            return
        }
        let ours = type.dequantize(found), theirs = try floats("\(entry.dir)/dequant.f32")
        for row in 0..<Self.rows {
            let range = row * Self.columns..<(row + 1) * Self.columns
            let weights = weights(of: source[range], for: type)
            let mine = weightedSquares(source[range], ours[range], weights)
            let reference = weightedSquares(source[range], theirs[range], weights)
            #expect(mine <= reference * 1.000001, "row \(row)")
        }
    }
}

private func norm(_ x: some Sequence<Float>) -> Double {
    x.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
}

/// What the quantiser minimises: types with a minimum weigh by the root mean square of a group plus |x|, the others by x².
private func weights(of x: ArraySlice<Float>, for type: ListedType) -> [Double] {
    guard let group = ["Q2_K": 16, "Q4_K": 32, "Q5_K": 32][type.label] else { return x.map { Double($0) * Double($0) } }
    return stride(from: x.startIndex, to: x.endIndex, by: group).flatMap { start in
        let values = x[start..<start + group]
        let mean = norm(values) / Double(group).squareRoot()
        return values.map { mean + abs(Double($0)) }
    }
}

private func weightedSquares(_ x: ArraySlice<Float>, _ y: ArraySlice<Float>, _ weights: [Double]) -> Double {
    zip(zip(x, y), weights).reduce(0.0) { total, pair in
        let difference = Double(pair.0.0) - Double(pair.0.1)
        return total + pair.1 * difference * difference
    }
}
