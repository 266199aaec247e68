// libFuzzer entries for the GGUF reader: one file, and a split model in memory.
// One idea: whatever opens must be readable to its last byte; whatever does not must end in a GGUFError.
// Compiled by tools/fuzz with the sources of GGUF in one module, never by the package.

/// Opens and, if that works, touches every key, value, name and byte of data.
private func readAll(_ file: GGUFFile) {
    var sum = 0
    for (key, value) in file.metadata {
        if let strings = value.array?.strings { sum &+= strings.reduce(0) { $0 &+ $1.reduce(0) { $0 &+ Int($1) } } }
        sum &+= value.array?.floats()?.count ?? 0
        sum &+= value.array?.integers()?.count ?? 0
        guard file.metadata[key] != nil else { fatalError("a key of the file is not found") }
    }
    for tensor in file.tensors {
        guard let found = file.tensor(tensor.name) else { fatalError("a tensor of the file is not found") }
        sum &+= file.bytes(of: found).reduce(0) { $0 &+ Int($1) } &+ found.shape.count
    }
    blackHole(sum &+ "\(file.kind)".utf8.count)
}

@inline(never) private func blackHole(_ value: Int) {
    if value == Int.min { print("") }
}

private func openOne(_ bytes: UnsafeRawBufferPointer) {
    do throws(GGUFError) {
        readAll(try GGUFFile(embedded: bytes, name: "fuzz"))
    } catch {
        blackHole(error.description.utf8.count + error.rule.name.utf8.count)
    }
}

/// A count of shards, then 16-bit lengths of all but the last, then the shards.
private func openSplit(_ bytes: UnsafeRawBufferPointer) {
    guard let first = bytes.first else { return }
    let count = Int(first % 8) + 1
    var start = 1 + 2 * (count - 1)
    guard start <= bytes.count else { return }
    var shards: [(bytes: [UInt8], name: String)] = []
    for index in 0..<count {
        let length = index == count - 1 ? bytes.count : Int(bytes[1 + 2 * index]) | Int(bytes[2 + 2 * index]) << 8
        let end = min(start + length, bytes.count)
        shards.append((Array(bytes[start..<end]), "shard \(index)"))
        start = end
    }
    do throws(GGUFError) {
        readAll(try GGUFFile(shards: shards, name: "fuzz"))
    } catch {
        blackHole(error.description.utf8.count)
    }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: data, count: count)
    #if SPLITS
        openSplit(bytes)
    #else
        openOne(bytes)
        blackHole(GGUFLint.check(bytes: Array(bytes), name: "fuzz").count)
    #endif
    return 0
}
