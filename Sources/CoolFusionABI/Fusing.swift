// coolfusion_fuse: the Cool-Fusion loop behind one call with a callback for each segment.

import CCoolFusion
import ChatTemplates
import Fusion
import Inference

@c @implementation
public func coolfusion_fuse(
    _ models: UnsafePointer<OpaquePointer?>?, _ count: Int, _ prompt: UnsafePointer<CChar>?, _ prompt_length: Int,
    _ options: UnsafePointer<coolfusion_fuse_options>?, _ text: UnsafeMutablePointer<CChar>?, _ capacity: Int,
    _ length: UnsafeMutablePointer<Int>?, _ err: UnsafeMutablePointer<CChar>?, _ errlen: Int
) -> coolfusion_status {
    ErrorBuffer(err, errlen).report { () throws(ABIError) in
        guard let models, (1...64).contains(count) else { throw .argument("\(count) models, 1 to 64 are allowed") }
        var defaults = coolfusion_fuse_options()
        defaults.struct_size = MemoryLayout<coolfusion_fuse_options>.size
        let given = try CoolFusionABI.options(options, size: \.struct_size, fallback: defaults)
        let message = try CoolFusionABI.text(prompt, prompt_length, "the prompt")
        let system = try CoolFusionABI.text(terminated: given.system, "the system message")
        var sources: [any SourceModel] = []
        for index in 0..<count {
            let model = try Handle.object(models[index], .model, as: Model.self)
            sources.append(try source(model, message, system: system, raw: given.raw))
        }
        let fusion = try fusion(of: sources, given)
        let isCancelled = try run(fusion, given)
        let bytes = fusion.text.utf8.map { CChar(bitPattern: $0) }
        length?.pointee = bytes.count
        if text != nil || capacity > 0 {
            let fitting = Array(bytes.prefix(max(capacity, 0)))
            try deliver(fitting, to: text, capacity: capacity, count: nil)
            if fitting.count < bytes.count { throw .bufferTooSmall(needed: bytes.count, capacity: capacity) }
        }
        if isCancelled { throw .cancelled }
    }
}

private func source(_ model: Model, _ message: String, system: String?, raw: Bool) throws(ABIError)
    -> any SourceModel
{
    try engine { () throws(InferenceError) in
        var messages = [Message(role: "user", content: message)]
        if let system { messages.insert(Message(role: "system", content: system), at: 0) }
        let prompt = raw ? try model.rawPrompt(message) : try model.prompt(messages)
        return SessionSource(try Session(model: model), prompt: prompt)
    }
}

private func fusion(of sources: [any SourceModel], _ given: coolfusion_fuse_options) throws(ABIError) -> CoolFusion {
    var options = FusionOptions()
    options.limit = given.limit == 0 ? nil : Int(given.limit)
    if let rank = try CoolFusionABI.text(terminated: given.rank, "the ranking rule") { options.rank = rank }
    do { return try CoolFusion(sources, options: options) } catch { throw .fusion(error) }
}

/// Runs to the end; true if the caller stopped it.
private func run(_ fusion: CoolFusion, _ given: coolfusion_fuse_options) throws(ABIError) -> Bool {
    let cancellation = try cancellation(given.cancellation)
    var isCancelled = false
    do {
        _ = try fusion.run { segment in
            let goesOn = deliver(segment, of: fusion, to: given) && !(cancellation?.isTriggered ?? false)
            isCancelled = !goesOn
            return goesOn
        }
    } catch {
        throw .fusion(error)
    }
    return isCancelled
}

private func deliver(_ segment: Segment, of fusion: CoolFusion, to given: coolfusion_fuse_options) -> Bool {
    guard let callback = given.on_segment else { return true }
    var proposers: UInt64 = 0
    for (index, usage) in fusion.result.usage.enumerated() where segment.proposers.contains(usage.model) {
        proposers |= 1 << UInt64(index)
    }
    var text = segment.text
    return text.withUTF8 { utf8 in
        utf8.withMemoryRebound(to: CChar.self) { bytes in
            var told = coolfusion_segment(
                text: bytes.baseAddress, length: bytes.count, offset: segment.offset, proposers: proposers,
                ranked: segment.how == .ranked, margin: segment.margin ?? 0)
            return callback(&told, given.user)
        }
    }
}
