// A loaded model: weights, tokenizer and template of one GGUF file. Immutable, shared between sessions.

import Compute
import GGUF
import Synchronization
import Tokenizers
import Transformer

public struct ModelOptions: Sendable {
    /// Tokens of a session's context; nil: what the model was trained on, at most 4096.
    public var context: Int?
    /// nil: one per core.
    public var threads: Int?
    /// Instruction set of the kernels; nil: the best there is.
    public var isa: String?
    public var blas = true
    /// Where to compute. The CPU unless asked otherwise: a GPU's first use costs its self-test.
    public var device = DeviceChoice.cpu
    /// Of a model's blocks the last so many are on the GPU, with the head; nil: all, 0: none.
    public var gpuLayers: Int?
    public var cacheType = CacheType.automatic
    /// Tokens of a prompt evaluated in one pass; at least 1.
    public var batchSize = Session.prefillRows
    /// Accepts a missing or untrusted pre-tokenizer.
    public var force = false
    public var loadMode = GGUFFile.LoadMode.map
    /// The name in reports; nil: the file's base name.
    public var name: String?

    public init() {}
}

public final class Model: Sendable {
    public let name: String
    public let path: String
    public let file: GGUFFile
    public let tokenizer: Tokenizer
    public let decoder: Decoder
    /// The Jinja source in the file, if any.
    public let chatTemplate: String?
    /// Tokens of a session's context.
    public let context: Int
    public let cacheType: CacheType
    /// Tokens of a prompt evaluated in one pass.
    public let batchSize: Int

    /// The device that was lost while the model was loaded: the model is on the CPU.
    public let lostDevice: String?

    private let spare: SpareCPU
    private let twin = Mutex<Model?>(nil)

    public var config: DecoderConfig { decoder.config }
    /// Where it computes, in words.
    public var device: String { decoder.placement.name(blockCount: config.blockCount) }
    /// Values in the file's tensors.
    public var parameterCount: Int { file.tensors.reduce(0) { $0 + $1.valueCount } }

    /// The tensor type of most of the file's values.
    public var quantization: String {
        var values: [TensorType: Int] = [:]
        for tensor in file.tensors { values[tensor.type, default: 0] += tensor.valueCount }
        let largest = values.max { ($0.value, $1.key.ggmlID) < ($1.value, $0.key.ggmlID) }
        return largest?.key.label ?? "F32"
    }

    /// Opens a file. `backend`: one that several models share; nil: one of its own, by the options.
    /// `spare`: the CPU of a run on a GPU, also shared.
    public convenience init(
        path: String, options: ModelOptions = .init(), backend: (any Backend)? = nil, spare: SpareCPU? = nil
    ) throws(InferenceError) {
        let file: GGUFFile
        do { file = try GGUFFile(path: path, mode: options.loadMode) } catch { throw .file(error) }
        try self.init(file: file, options: options, backend: backend, spare: spare)
    }

    /// A model of an open file.
    public init(
        file: GGUFFile, options: ModelOptions = .init(), backend: (any Backend)? = nil, spare: SpareCPU? = nil
    ) throws(InferenceError) {
        self.file = file
        path = file.name
        name = options.name ?? Self.baseName(file.name)
        do { tokenizer = try Tokenizer(file, force: options.force) } catch { throw .tokenizer(error) }
        do { chatTemplate = try file.metadata.string("tokenizer.chat_template") } catch { throw .file(error) }
        let device: any Backend
        if let backend { device = backend } else { device = try options.chooseBackend().backend }
        self.spare = spare ?? SpareCPU(options)
        let host: any Backend = options.gpuLayers == nil ? device : try self.spare.backend()
        (decoder, lostDevice) = try Self.load(file, spare: self.spare) { blockCount in
            Placement(layers: options.gpuLayers ?? blockCount, of: blockCount, device: device, host: host)
        }
        context = options.context ?? decoder.config.defaultContext
        cacheType = options.cacheType
        batchSize = max(options.batchSize, 1)
    }

    /// The same model with another decoder.
    private init(_ model: Model, decoder: Decoder) {
        (name, path, file, tokenizer) = (model.name, model.path, model.file, model.tokenizer)
        (chatTemplate, context, cacheType) = (model.chatTemplate, model.context, model.cacheType)
        (batchSize, spare) = (model.batchSize, model.spare)
        (self.decoder, lostDevice) = (decoder, model.lostDevice)
    }

    /// The decoder where it is placed, or on the CPU if the device is lost while weights are copied there.
    private static func load(_ file: GGUFFile, spare: SpareCPU, placed: (_ blockCount: Int) -> Placement)
        throws(InferenceError) -> (Decoder, lostDevice: String?)
    {
        do throws(InferenceError) {
            return (try carrying { () throws(TransformerError) in try Decoder(file: file, place: placed) }, nil)
        } catch {
            guard let device = error.lostDevice else { throw error }
            return (try onCPU(file, spare), device)
        }
    }

    /// The plan did not count on a copy of the weights here.
    private static func onCPU(_ file: GGUFFile, _ spare: SpareCPU) throws(InferenceError) -> Decoder {
        let backend = try spare.backend()
        return try carrying { () throws(TransformerError) in try Decoder(file: file, backend: backend, packs: false) }
    }

    /// The same model on the CPU: where its sessions go when their device is lost. Loaded once.
    func onCPU() throws(InferenceError) -> Model {
        try twin.withLock { known throws(InferenceError) in
            if let known { return known }
            let made = Model(self, decoder: try Self.onCPU(file, spare))
            known = made
            return made
        }
    }

    /// "a/b.gguf" is called "b".
    static func baseName(_ path: String) -> String {
        let last = path.split(separator: "/").last.map(String.init) ?? path
        return last.hasSuffix(".gguf") ? String(last.dropLast(5)) : last
    }
}
