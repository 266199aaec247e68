// Tensor descriptions of one file and the layout of their data: sizes with checked arithmetic, aligned, inside the
// file, never overlapping. Gaps are accepted here and reported by GGUFLint; ggml would refuse them.
// Source of the rules: GGUF specification and ggml's reader.

extension GGUFShard {
    /// One description; its offset still counts from the beginning of the data.
    static func readTensor(
        _ reader: inout GGUFReader, index: Int, alignment: Int
    ) throws(GGUFError) -> TensorInfo {
        let source = reader.source
        reader.subject = .tensorName(index)
        let name = try reader.string(.tensorNameBytes)
        if let fault = source.faultOfName(name) {
            throw .invalidTensorName(file: source.name, index: index, reason: fault)
        }
        reader.subject = .tensor(name: name)
        let rank = try reader.read(UInt32.self)
        guard (1...GGUFFormat.maximumDimensions).contains(rank) else {
            throw .dimensionCount(file: source.name, tensor: source.text(name), found: rank)
        }
        var dimensions: [4 of UInt64] = [1, 1, 1, 1]
        for axis in 0..<Int(rank) { dimensions[axis] = try reader.read(UInt64.self) }
        let id = try reader.read(UInt32.self)
        guard let type = TensorType(ggmlID: id) else {
            throw .unsupportedTensorType(file: source.name, tensor: source.text(name), id: id)
        }
        guard let extents = checkedExtents(dimensions, type) else {
            throw .tensorTooLarge(
                file: source.name, tensor: source.text(name),
                dimensions: (0..<Int(rank)).map { dimensions[$0] })
        }
        guard extents[0] % type.blockSize == 0 else {
            throw .partialBlock(
                file: source.name, tensor: source.text(name), type: type.label, rowLength: extents[0],
                blockSize: type.blockSize)
        }
        let offset = try reader.read(UInt64.self)
        guard offset % UInt64(alignment) == 0 else {
            throw .misalignedTensor(
                file: source.name, tensor: source.text(name), offset: offset, alignment: alignment)
        }
        guard offset <= UInt64(source.count) else {
            throw .tensorOutsideFile(
                file: source.name, tensor: source.text(name), end: offset, available: source.count)
        }
        return TensorInfo(
            source: source, name: name, type: type, extents: extents, rank: Int(rank), fileOffset: Int(offset))
    }

    /// The dimensions as Int, if neither their product nor the size in bytes overflows. A zero does not hide an
    /// overflow of the others.
    private static func checkedExtents(_ dimensions: [4 of UInt64], _ type: TensorType) -> [4 of Int]? {
        var extents: [4 of Int] = [1, 1, 1, 1]
        var product = 1
        for axis in 0..<4 {
            guard let extent = Int(exactly: dimensions[axis]) else { return nil }
            extents[axis] = extent
            let (next, overflow) = product.multipliedReportingOverflow(by: max(extent, 1))
            guard !overflow else { return nil }
            product = next
        }
        let (_, overflow) = product.multipliedReportingOverflow(by: type.blockBytes)
        return overflow ? nil : extents
    }

    /// Makes the offsets of `tensors[first...]` absolute, checks that the data lies in the file and that no two
    /// overlap, and returns where the data begins.
    static func placeData(
        _ tensors: inout [TensorInfo], from first: Int, after metadataEnd: Int, alignment: Int, source: FileBytes
    ) throws(GGUFError) -> Int {
        guard tensors.count > first else { return metadataEnd }
        guard let dataStart = GGUFFormat.align(metadataEnd, to: alignment) else {
            throw .truncated(
                file: source.name, subject: "the tensor data", offset: metadataEnd, needed: UInt64(alignment),
                available: source.count - metadataEnd)
        }
        let available = max(source.count - dataStart, 0)
        var end = 0
        var inOrder = true
        for index in first..<tensors.count {
            let tensor = tensors[index]
            let (tensorEnd, overflow) = tensor.fileOffset.addingReportingOverflow(tensor.byteCount)
            guard !overflow, tensorEnd <= available else {
                throw .tensorOutsideFile(
                    file: source.name, tensor: tensor.name,
                    end: UInt64(tensor.fileOffset) + UInt64(tensor.byteCount), available: available)
            }
            inOrder = inOrder && tensor.fileOffset >= end
            end = max(end, tensorEnd)
        }
        if !inOrder { try checkOverlap(tensors[first...], source) }
        for index in first..<tensors.count { tensors[index].moveData(by: dataStart) }
        return dataStart
    }

    private static func checkOverlap(_ tensors: ArraySlice<TensorInfo>, _ source: FileBytes) throws(GGUFError) {
        // UInt32: at most 2^20 tensors, and this list lives beside them. Empty tensors overlap nothing.
        var order = [UInt32](tensors.indices.lazy.filter { tensors[$0].byteCount > 0 }.map { UInt32($0) })
        order.sort { tensors[Int($0)].fileOffset < tensors[Int($1)].fileOffset }
        for (left, right) in zip(order, order.dropFirst()) {
            let (before, after) = (tensors[Int(left)], tensors[Int(right)])
            guard before.byteRange.upperBound <= after.fileOffset else {
                throw .overlappingTensors(file: source.name, tensor: after.name, other: before.name)
            }
        }
    }
}
