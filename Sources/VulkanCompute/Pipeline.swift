// Compiled shaders: the embedded variants, compiled when first used, and the driver's cache of compiled code on disk.
// One idea: a cache file is trusted only if its name fits device, driver and shaders and its checksum fits its bytes; a
// driver is never handed bytes that another wrote. A missing or unwritable cache costs time, nothing else.

import CShaders
import CVulkan
import Compute

/// The embedded shaders.
enum ShaderLibrary {
    /// Names in the order of Shaders/variants.txt; types in lower case.
    static let names: [String] = (0..<shader_count()).map {
        String(cString: shader_at($0).pointee.name).lowercased()
    }

    static let indices: [String: Int] = Dictionary(
        zip(names, names.indices), uniquingKeysWith: { first, _ in first })

    /// Changes with every shader: part of the name of the file of compiled pipelines.
    static let fingerprint: String = {
        var hash = Fingerprint()
        for i in 0..<shader_count() {
            let shader = shader_at(i).pointee
            hash.add(UnsafeRawBufferPointer(start: shader.bytes, count: shader.byte_count))
        }
        return hash.hex
    }()
}

/// The pipelines of one device. Not thread-safe: the backend takes turns.
final class PipelineSet {
    private struct Key: Hashable {
        var shader: Int
        var constants: [UInt32]
    }

    private let device: Device
    private let cache: OpaquePointer
    private let cacheFile: CacheFile?
    private var pipelines: [Key: OpaquePointer] = [:]
    private var hasNew = false

    init(_ device: Device, cacheFile: CacheFile?) throws(VulkanError) {
        self.device = device
        self.cacheFile = cacheFile
        let bytes = cacheFile?.read() ?? []
        var opened: OpaquePointer?
        var result = bytes.withUnsafeBytes { cvk_cache_open(device.handle, $0.baseAddress, $0.count, &opened) }
        if result != 0, !bytes.isEmpty { result = cvk_cache_open(device.handle, nil, 0, &opened) }
        guard let opened else {
            throw .failed(device: device.name, step: "make a pipeline cache", result: resultName(result))
        }
        cache = opened
    }

    deinit {
        save()
        for (_, pipeline) in pipelines { cvk_pipeline_free(device.handle, pipeline) }
        cvk_cache_close(cache)
    }

    /// The pipeline of a variant by its index in ShaderLibrary.
    func pipeline(_ shader: Int, constants: [UInt32]) throws(ComputeError) -> OpaquePointer {
        let key = Key(shader: shader, constants: constants)
        if let pipeline = pipelines[key] { return pipeline }
        let code = shader_at(shader).pointee
        var made: OpaquePointer?
        let result = cvk_pipeline_create(
            cache, code.bytes, code.byte_count, constants, UInt32(constants.count), &made)
        guard let made else {
            let step = "compile the shader \(ShaderLibrary.names[shader])"
            throw device.failure(result, step: step) ?? .deviceFailed(device: device.name, reason: step)
        }
        pipelines[key] = made
        hasNew = true
        return made
    }

    /// Writes the driver's cache if something was compiled since.
    func save() {
        guard hasNew, let cacheFile else { return }
        hasNew = false
        var size = 0
        guard cvk_cache_save(cache, nil, &size) == 0, size > 0 else { return }
        var bytes = [UInt8](repeating: 0, count: size)
        guard cvk_cache_save(cache, &bytes, &size) == 0 else { return }
        cacheFile.write(bytes.prefix(size))
    }
}
