// Which backend computes which part of a decoder: all on one, or the last blocks and the head on a device and what comes
// before on the host. One idea: rows cross once per pass, on their way up; embeddings are looked up where the first block is.

import Compute

public struct Placement: Sendable {
    /// Computes the last blocks and the head.
    public let device: any Backend
    /// Computes the blocks before.
    public let host: any Backend
    /// The first block on the device; 0: all of them.
    let firstOnDevice: Int

    /// Everything on one backend.
    public init(_ backend: any Backend) {
        device = backend
        host = backend
        firstOnDevice = 0
    }

    /// The last `layers` of `blockCount` blocks and the head on `device`; no layers: everything on the host.
    public init(layers: Int, of blockCount: Int, device: any Backend, host: any Backend) {
        self.device = layers > 0 ? device : host
        self.host = host
        firstOnDevice = layers > 0 ? max(0, blockCount - layers) : 0
    }

    /// The device in words, for reports.
    public func name(blockCount: Int) -> String {
        firstOnDevice == 0
            ? device.name : "\(device.name), \(blockCount - firstOnDevice) of \(blockCount) layers; \(host.name)"
    }

    func isOnDevice(_ block: Int) -> Bool { block >= firstOnDevice }

    func backend(ofBlock block: Int) -> any Backend { isOnDevice(block) ? device : host }

    /// Whether the rows come from the host before this block.
    func crosses(before block: Int) -> Bool { block == firstOnDevice && block > 0 }
}
