// A bounds-checked cursor over the bytes of one file: the only place that loads values from them.
// One idea: every length is compared with the bytes that remain before it is used, and nothing is allocated here.
// It knows integers, floats and strings; which of them follow each other is GGUFShard's business.
// Source of the layout: GGUF specification (little-endian, packed, no alignment inside the metadata part).

struct GGUFReader {
    /// What is being read, for the text of an error; costs nothing until one is thrown.
    enum Subject {
        case header
        case key(Int)
        case value(key: Range<Int>)
        case tensorName(Int)
        case tensor(name: Range<Int>)
    }

    let source: FileBytes
    private let bytes: UnsafeRawBufferPointer  // the same memory, from offset 0 to the end of this reader's range
    private(set) var position: Int
    var subject = Subject.header

    init(_ source: FileBytes, _ range: Range<Int>) {
        self.source = source
        self.bytes = source[0..<range.upperBound]
        self.position = range.lowerBound
    }

    init(_ source: FileBytes) { self.init(source, 0..<source.count) }

    var remaining: Int { bytes.count - position }

    mutating func read<T: FixedWidthInteger>(_ type: T.Type) throws(GGUFError) -> T {
        guard remaining >= MemoryLayout<T>.size else { throw truncated(needed: UInt64(MemoryLayout<T>.size)) }
        let value = bytes.loadUnaligned(fromByteOffset: position, as: T.self)
        position += MemoryLayout<T>.size
        return T(littleEndian: value)
    }

    /// Steps over a length and that many bytes, and returns where these stand.
    mutating func string(_ limit: GGUFLimit = .stringBytes) throws(GGUFError) -> Range<Int> {
        let length = try read(UInt64.self)
        guard length <= UInt64(limit.maximum) else { throw overLimit(limit, found: length) }
        guard length <= UInt64(remaining) else { throw truncated(needed: length) }
        let start = position
        position += Int(length)
        return start..<position
    }

    /// Steps over `count` elements of `stride` bytes.
    mutating func skip(_ count: UInt64, stride: Int) throws(GGUFError) {
        let (total, overflow) = count.multipliedReportingOverflow(by: UInt64(stride))
        guard !overflow, total <= UInt64(remaining) else { throw truncated(needed: overflow ? .max : total) }
        position += Int(total)
    }

    /// Refuses a count of records that the remaining bytes cannot hold even if each is as short as possible.
    func checkRoom(for count: UInt64, recordsOf minimum: Int) throws(GGUFError) {
        guard count <= UInt64(remaining / minimum) else {
            let (total, overflow) = count.multipliedReportingOverflow(by: UInt64(minimum))
            throw truncated(needed: overflow ? .max : total)
        }
    }

    func truncated(needed: UInt64) -> GGUFError {
        .truncated(
            file: source.name, subject: subjectText, offset: position, needed: needed, available: remaining)
    }

    func overLimit(_ what: GGUFLimit, found: UInt64) -> GGUFError {
        .overLimit(file: source.name, subject: subjectText, what: what, found: found)
    }

    var subjectText: String {
        switch subject {
        case .header: "the header"
        case .key(let index): "the name of metadata key number \(index)"
        case .value(let key): "the value of key '\(source.text(key))'"
        case .tensorName(let index): "the name of tensor number \(index)"
        case .tensor(let name): "the description of tensor '\(source.text(name))'"
        }
    }
}
