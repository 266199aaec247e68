// The instruction sets of this CPU as test arguments, and the one place where tolerances are derived.
import CKernels
import Testing

struct ListedISA: Sendable, Hashable, CustomTestStringConvertible {
    let name: String

    /// Every instruction set this build knows and this CPU can run, slowest first.
    static let all: [ListedISA] = {
        var names: [ListedISA] = []
        var next = kernels_isas()
        while let entry = next?.pointee {
            if kernels_for(entry) != nil { names.append(ListedISA(name: String(cString: entry))) }
            next = next?.advanced(by: 1)
        }
        return names
    }()
    static let fast = all.filter { $0.name != "scalar" }

    var table: kernel_table { get throws { try #require(kernels_for(name)).pointee } }
    var testDescription: String { name }
}

/// Bounds for rounding errors, from the number of roundings and the sizes of what is rounded; never tuned.
enum Tolerance {
    static let epsilon = Double(Float.ulpOfOne) / 2

    /// |fl(a.b) - a.b| <= roundings * eps * |a| * |b| (Higham 2002, section 3.1), where a term may be made of parts that
    /// cancel (d * q - min), each up to `parts` times as large as the term's norm.
    static func dot(_ a: [Float], _ b: [Float], roundings: Int, parts: Double = 1) -> Double {
        Double(roundings) * epsilon * parts * norm(a) * norm(b)
    }

    /// A value of this size after some roundings, each of relative error eps.
    static func value(_ magnitude: Double, roundings: Int) -> Double { Double(roundings) * epsilon * magnitude }

    static func norm(_ a: [Float]) -> Double { a.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot() }
}

/// An output buffer that shows what a kernel did not write, or wrote too much.
func nanFilled(_ count: Int) -> [Float] { [Float](repeating: .nan, count: count) }

/// Equality of bits: NaN equals itself, 0 differs from -0.
func sameBits(_ a: [Float], _ b: [Float]) -> Bool { a.map(\.bitPattern) == b.map(\.bitPattern) }
