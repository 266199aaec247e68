// What a device must be able to do to run a decoder: some fifteen operations on tensors, called in order.
// One idea: a direct sequence of calls, not a graph. A CPU does each at once; a GPU records them and submits when
// results are read. Shapes are the caller's duty: operations have no error path, reading and reserving have one.
// Activations are F32 `[rows, width]`; y[n, out] = x[n, in] · W[out, in]^T everywhere.

import CKernels

public protocol Backend: AnyObject, Sendable {
    /// The device in words, for reports.
    var name: String { get }

    /// A zeroed tensor; its memory becomes resident when written.
    func makeTensor(type: tensor_type, shape: [Int]) throws(ComputeError) -> Tensor
    /// A tensor for weights that lie in memory kept alive by `owner`; a CPU looks at them in place.
    func weight(_ bytes: UnsafeRawBufferPointer, owner: AnyObject, type: tensor_type, shape: [Int])
        throws(ComputeError) -> Tensor
    /// Whether `pack` copies weights of this type with so many rows.
    func packs(_ type: tensor_type, rows: Int) -> Bool
    /// The weights in the form that `project` reads fastest, in the same order; some or all may stay as they are. `release`
    /// hears of bytes that were copied and will not be read again through the tensors given.
    func pack(_ weights: [Tensor], release: (UnsafeRawBufferPointer) -> Void) throws(ComputeError) -> [Tensor]
    /// The values of an F32 tensor, after everything called before.
    func read(_ x: Tensor) throws(ComputeError) -> [Float]
    /// Sets all values of an F32 tensor, in the order of calls.
    func write(_ values: [Float], to x: Tensor)

    /// y[i] = table[ids[i]], or y[i] += table[ids[i]]; ids are valid rows of the table.
    func embed(_ ids: [Int32], table: Tensor, into y: Tensor, accumulate: Bool)
    /// The product of x `[n, in]` with every weight `[out, in]` of the list; x is converted once for all of them.
    func project(_ x: Tensor, through projections: [Projection])
    /// y = norm(x), over groups of the norm's width within each row; x and y may be the same tensor.
    func normalize(_ x: Tensor, with norm: Norm, into y: Tensor)
    /// Rotates every head of x `[n, heads * dim]` in place.
    func rotate(_ x: Tensor, heads: Int, by rotation: Rotation)
    /// Converts row i of x `[n, heads * dim]` to the cache's type and writes it to cell cells[i] of cache `[heads, cells, dim]`.
    func store(_ x: Tensor, in cache: Tensor, cells: ArraySlice<UInt32>)
    /// Attention of all rows, each against the cells it sees.
    func attend(_ attention: Attention)
    /// y = f(gate) * up, or f(gate) without up; gate and y may be the same tensor.
    func activate(_ activation: Activation, gate: Tensor, up: Tensor?, into y: Tensor)
    /// y += scale * x
    func add(_ x: Tensor, scale: Float, to y: Tensor)
    /// x = softcap(factor * x) in place, softcap(v) = cap * tanh(v / cap); cap 0: no cap.
    func scale(_ x: Tensor, by factor: Float, softcap cap: Float)
    /// y = the weighted sum of the outputs of the experts chosen for each row of x (and of the shared expert).
    func mixExperts(_ x: Tensor, experts: Experts, into y: Tensor)
    /// y[i] = x[rows[i]]
    func gather(_ rows: [Int], of x: Tensor, into y: Tensor)
    /// Copies cells of every head from one cache tensor to another or the same; moves are done in order and go downwards.
    func copyCells(_ moves: [CellMove], from source: Tensor, to destination: Tensor)
    /// log softmax(logits[i])[targets[i]] for every row of logits `[n, vocabulary]`; 0 where the target is nil.
    func logProbabilities(of targets: ArraySlice<Int32?>, logits: Tensor) throws(ComputeError) -> [Float]
    /// Copies of rows of logits `[n, vocabulary]`, held where this backend keeps them; later calls do not change them.
    func keep(_ rows: [Int], of logits: Tensor) throws(ComputeError) -> [any LogitRow]
}

extension Backend {
    public func packs(_ type: tensor_type, rows: Int) -> Bool { false }

    public func pack(_ weights: [Tensor], release: (UnsafeRawBufferPointer) -> Void) throws(ComputeError) -> [Tensor] {
        weights
    }

    public func keep(_ rows: [Int], of logits: Tensor) throws(ComputeError) -> [any LogitRow] {
        try readRows(rows, of: logits)
    }

    /// Rows of logits in the host's memory.
    public func readRows(_ rows: [Int], of logits: Tensor) throws(ComputeError) -> [any LogitRow] {
        var kept: [any LogitRow] = []
        for row in rows { kept.append(HostLogits(try read(logits.rowSlice(row..<row + 1)))) }
        return kept
    }
}

/// One product of a `project` call: output `[n, out]` = x · weight^T + bias.
public struct Projection: Sendable {
    public var weight: Tensor
    public var bias: Tensor?
    public var output: Tensor

    public init(_ weight: Tensor, bias: Tensor? = nil, into output: Tensor) {
        self.weight = weight
        self.bias = bias
        self.output = output
    }
}

/// A normalisation with its weights. The weight has `width` values, or a multiple: one set per group of a row.
public struct Norm: Sendable {
    public enum Kind: Sendable { case rms, layer }
    public var kind: Kind
    public var width: Int
    public var weight: Tensor?
    public var bias: Tensor?
    public var epsilon: Float

    public init(kind: Kind, width: Int, weight: Tensor?, bias: Tensor? = nil, epsilon: Float) {
        self.kind = kind
        self.width = width
        self.weight = weight
        self.bias = bias
        self.epsilon = epsilon
    }
}

/// Rotary angles of the rows of one batch: per row `pairs` cosines, then `pairs` sines.
public final class Rotation: Sendable {
    public let cosSin: [Float]
    public let pairs: Int
    public let style: rope_style

    public init(cosSin: [Float], pairs: Int, style: rope_style) {
        self.cosSin = cosSin
        self.pairs = pairs
        self.style = style
    }
}

/// Which cells each row of a batch sees: the layout of `attention_args` (ranges in order of positions).
public final class VisibleCells: Sendable {
    public let ranges: [cell_range]
    public let offsets: [UInt32]

    public init(ranges: [cell_range], offsets: [UInt32]) {
        self.ranges = ranges
        self.offsets = offsets
    }
}

/// Consecutive rows of a batch that look into the same cache.
public struct CacheRows: Sendable {
    public var rows: Range<Int>
    public var keys: Tensor
    public var values: Tensor

    public init(rows: Range<Int>, keys: Tensor, values: Tensor) {
        self.rows = rows
        self.keys = keys
        self.values = values
    }
}

/// Attention of a batch in one layer: q `[n, heads * keyDim]`, out `[n, heads * valueDim]`, caches `[kvHeads, cells, dim]`.
public struct Attention: Sendable {
    public var q: Tensor
    public var out: Tensor
    public var caches: [CacheRows]
    public var visible: VisibleCells
    public var headCount: Int
    public var headCountKV: Int
    public var scale: Float
    public var softcap: Float
    /// One slope per head; empty without ALiBi.
    public var alibiSlopes: [Float]
    /// One extra logit per head that takes part in the softmax without a value.
    public var sinks: Tensor?

    public init(q: Tensor, out: Tensor, caches: [CacheRows], visible: VisibleCells, heads: (query: Int, kv: Int)) {
        self.q = q
        self.out = out
        self.caches = caches
        self.visible = visible
        headCount = heads.query
        headCountKV = heads.kv
        scale = 1
        softcap = 0
        alibiSlopes = []
        sinks = nil
    }
}

/// Cells `from ..< from + count` go to `to ..< to + count`; within one tensor to <= from.
public struct CellMove: Sendable, Equatable {
    public var from: Int
    public var to: Int
    public var count: Int

    public init(from: Int, to: Int, count: Int) {
        self.from = from
        self.to = to
        self.count = count
    }
}

/// Activation functions of feed-forward networks.
public enum Activation: Sendable, Equatable {
    case silu, gelu, geluTanh, relu, reluSquared
    /// gpt-oss: g * sigmoid(1.702 g) * (u + 1) with g <= 7 and -7 <= u <= 7; exists gated only.
    case clampedSwiGLU
}
