// coolfusion_model_*, coolfusion_tokenize, coolfusion_detokenize.

import CCoolFusion
import GGUF
import Inference

@c @implementation
public func coolfusion_abi_version() -> UInt32 { UInt32(COOLFUSION_ABI_VERSION) }

private func modelOptions(_ given: UnsafePointer<coolfusion_model_options>?) throws(ABIError) -> ModelOptions {
    var empty = coolfusion_model_options()
    empty.struct_size = MemoryLayout<coolfusion_model_options>.size
    let given = try options(given, size: \.struct_size, fallback: empty)
    var result = ModelOptions()
    guard given.threads <= 1024 else { throw .argument("\(given.threads) threads, at most 1024 are allowed") }
    result.threads = given.threads == 0 ? nil : Int(given.threads)
    result.context = given.context == 0 ? nil : Int(given.context)
    result.loadMode = given.read ? .read : .map
    result.force = given.force
    result.name = try text(terminated: given.name, "the name")
    return result
}

private func open(
    _ out: UnsafeMutablePointer<OpaquePointer?>?, _ error: ErrorBuffer, _ body: () throws(ABIError) -> Model
) -> coolfusion_status {
    error.report { () throws(ABIError) in
        let out = try required(out, "out")
        out.pointee = nil
        out.pointee = Handle.make(try body(), .model)
    }
}

@c @implementation
public func coolfusion_model_open(
    _ path: UnsafePointer<CChar>?, _ options: UnsafePointer<coolfusion_model_options>?,
    _ out: UnsafeMutablePointer<OpaquePointer?>?, _ err: UnsafeMutablePointer<CChar>?, _ errlen: Int
) -> coolfusion_status {
    open(out, ErrorBuffer(err, errlen)) { () throws(ABIError) in
        guard let path = try text(terminated: path, "the path") else { throw .argument("the path is NULL") }
        let options = try modelOptions(options)
        return try engine { () throws(InferenceError) in try Model(path: path, options: options) }
    }
}

@c @implementation
public func coolfusion_model_open_memory(
    _ bytes: UnsafeRawPointer?, _ size: Int, _ options: UnsafePointer<coolfusion_model_options>?,
    _ out: UnsafeMutablePointer<OpaquePointer?>?, _ err: UnsafeMutablePointer<CChar>?, _ errlen: Int
) -> coolfusion_status {
    open(out, ErrorBuffer(err, errlen)) { () throws(ABIError) in
        guard let bytes, size >= 0 else { throw .argument("the bytes are NULL or their size is out of range") }
        let options = try modelOptions(options)
        let file = try inMemory(UnsafeRawBufferPointer(start: bytes, count: size), options.name ?? "memory")
        return try engine { () throws(InferenceError) in try Model(file: file, options: options) }
    }
}

private func inMemory(_ bytes: UnsafeRawBufferPointer, _ name: String) throws(ABIError) -> GGUFFile {
    do { return try GGUFFile(embedded: bytes, name: name) } catch { throw .inference(.file(error)) }
}

@c @implementation
public func coolfusion_model_close(_ model: OpaquePointer?) { Handle.close(model, .model) }

@c @implementation
public func coolfusion_model_describe(
    _ model: OpaquePointer?, _ info: UnsafeMutablePointer<coolfusion_model_info>?,
    _ err: UnsafeMutablePointer<CChar>?, _ errlen: Int
) -> coolfusion_status {
    ErrorBuffer(err, errlen).report { () throws(ABIError) in
        let model = try Handle.object(model, .model, as: Model.self)
        let info = try required(info, "info")
        _ = try options(UnsafePointer(info), size: \.struct_size, fallback: info.pointee)
        info.pointee.parameters = UInt64(model.parameterCount)
        info.pointee.vocabulary = UInt32(clamping: model.tokenizer.vocabularySize)
        info.pointee.context = UInt32(clamping: model.context)
        info.pointee.has_chat_template = model.chatTemplate != nil
    }
}

@c @implementation
public func coolfusion_tokenize(
    _ model: OpaquePointer?, _ text: UnsafePointer<CChar>?, _ length: Int, _ special: Bool,
    _ tokens: UnsafeMutablePointer<Int32>?, _ capacity: Int, _ count: UnsafeMutablePointer<Int>?,
    _ err: UnsafeMutablePointer<CChar>?, _ errlen: Int
) -> coolfusion_status {
    ErrorBuffer(err, errlen).report { () throws(ABIError) in
        let model = try Handle.object(model, .model, as: Model.self)
        let given = try CoolFusionABI.text(text, length, "the text")
        let ids = model.tokenizer.encode(given, addSpecial: special, parseSpecial: special)
        try deliver(ids, to: tokens, capacity: capacity, count: count)
    }
}

@c @implementation
public func coolfusion_detokenize(
    _ model: OpaquePointer?, _ tokens: UnsafePointer<Int32>?, _ count: Int, _ text: UnsafeMutablePointer<CChar>?,
    _ capacity: Int, _ length: UnsafeMutablePointer<Int>?, _ err: UnsafeMutablePointer<CChar>?, _ errlen: Int
) -> coolfusion_status {
    ErrorBuffer(err, errlen).report { () throws(ABIError) in
        let model = try Handle.object(model, .model, as: Model.self)
        let bytes = model.tokenizer.decode(try ids(tokens, count, of: model))
        try deliver(bytes.map { CChar(bitPattern: $0) }, to: text, capacity: capacity, count: length)
    }
}

/// Token ids from a caller, all within the vocabulary.
func ids(_ tokens: UnsafePointer<Int32>?, _ count: Int, of model: Model) throws(ABIError) -> [Int32] {
    guard count >= 0, tokens != nil || count == 0 else {
        throw .argument("the tokens are NULL or their count is out of range")
    }
    let ids = Array(UnsafeBufferPointer(start: tokens, count: count))
    for id in ids where id < 0 || Int(id) >= model.tokenizer.vocabularySize {
        throw .argument("token \(id) is not in the vocabulary of \(model.tokenizer.vocabularySize)")
    }
    return ids
}
