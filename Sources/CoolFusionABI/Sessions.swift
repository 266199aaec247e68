// coolfusion_session_* and coolfusion_cancellation_*.

import CCoolFusion
import Inference
import Synchronization

/// A flag that any thread may raise.
final class Cancellation: Sendable {
    private let flag = Atomic(false)
    var isTriggered: Bool { flag.load(ordering: .relaxed) }
    func trigger() { flag.store(true, ordering: .relaxed) }
}

/// A cancellation given in options; nil for NULL.
func cancellation(_ handle: OpaquePointer?) throws(ABIError) -> Cancellation? {
    guard let handle else { return nil }
    return try Handle.object(handle, .cancellation, as: Cancellation.self)
}

/// A session with the points it can go back to.
final class Timeline {
    let session: Session
    private var checkpoints: [UInt64: Session.Checkpoint] = [:]
    private var last: UInt64 = 0

    init(_ session: Session) { self.session = session }

    func checkpoint() -> UInt64 {
        last += 1
        checkpoints[last] = session.checkpoint()
        return last
    }

    func rollback(to id: UInt64) throws(ABIError) {
        guard let checkpoint = checkpoints[id] else { throw .argument("there is no checkpoint \(id)") }
        try engine { () throws(InferenceError) in try session.rollback(to: checkpoint) }
        checkpoints = checkpoints.filter { $0.key <= id }
    }
}

@c @implementation
public func coolfusion_cancellation_create(
    _ out: UnsafeMutablePointer<OpaquePointer?>?, _ err: UnsafeMutablePointer<CChar>?, _ errlen: Int
) -> coolfusion_status {
    ErrorBuffer(err, errlen).report { () throws(ABIError) in
        try required(out, "out").pointee = Handle.make(Cancellation(), .cancellation)
    }
}

@c @implementation
public func coolfusion_cancellation_trigger(_ cancellation: OpaquePointer?) {
    (try? Handle.object(cancellation, .cancellation, as: Cancellation.self))?.trigger()
}

@c @implementation
public func coolfusion_cancellation_close(_ cancellation: OpaquePointer?) { Handle.close(cancellation, .cancellation) }

@c @implementation
public func coolfusion_session_create(
    _ model: OpaquePointer?, _ out: UnsafeMutablePointer<OpaquePointer?>?, _ err: UnsafeMutablePointer<CChar>?,
    _ errlen: Int
) -> coolfusion_status {
    ErrorBuffer(err, errlen).report { () throws(ABIError) in
        let out = try required(out, "out")
        out.pointee = nil
        let model = try Handle.object(model, .model, as: Model.self)
        let session = try engine { () throws(InferenceError) in try Session(model: model) }
        out.pointee = Handle.make(Timeline(session), .session)
    }
}

@c @implementation
public func coolfusion_session_close(_ session: OpaquePointer?) { Handle.close(session, .session) }

@c @implementation
public func coolfusion_session_length(_ session: OpaquePointer?) -> Int {
    (try? Handle.object(session, .session, as: Timeline.self))?.session.tokens.count ?? 0
}

@c @implementation
public func coolfusion_session_append(
    _ session: OpaquePointer?, _ tokens: UnsafePointer<Int32>?, _ count: Int, _ err: UnsafeMutablePointer<CChar>?,
    _ errlen: Int
) -> coolfusion_status {
    ErrorBuffer(err, errlen).report { () throws(ABIError) in
        let session = try Handle.object(session, .session, as: Timeline.self).session
        // Before a single one is read: a count beyond the context is perhaps no count at all.
        guard count <= session.context else {
            throw .inference(.contextFull(context: session.context, requested: count))
        }
        let ids = try ids(tokens, count, of: session.model)
        try engine { () throws(InferenceError) in try session.append(ids) }
    }
}

@c @implementation
public func coolfusion_session_checkpoint(
    _ session: OpaquePointer?, _ checkpoint: UnsafeMutablePointer<UInt64>?, _ err: UnsafeMutablePointer<CChar>?,
    _ errlen: Int
) -> coolfusion_status {
    ErrorBuffer(err, errlen).report { () throws(ABIError) in
        let checkpoint = try required(checkpoint, "checkpoint")
        checkpoint.pointee = try Handle.object(session, .session, as: Timeline.self).checkpoint()
    }
}

@c @implementation
public func coolfusion_session_rollback(
    _ session: OpaquePointer?, _ checkpoint: UInt64, _ err: UnsafeMutablePointer<CChar>?, _ errlen: Int
) -> coolfusion_status {
    ErrorBuffer(err, errlen).report { () throws(ABIError) in
        try Handle.object(session, .session, as: Timeline.self).rollback(to: checkpoint)
    }
}

@c @implementation
public func coolfusion_session_score(
    _ session: OpaquePointer?, _ texts: UnsafePointer<UnsafePointer<CChar>?>?, _ lengths: UnsafePointer<Int>?,
    _ count: Int, _ results: UnsafeMutablePointer<Double>?, _ token_counts: UnsafeMutablePointer<Int>?,
    _ err: UnsafeMutablePointer<CChar>?, _ errlen: Int
) -> coolfusion_status {
    ErrorBuffer(err, errlen).report { () throws(ABIError) in
        let session = try Handle.object(session, .session, as: Timeline.self).session
        guard count >= 0, count <= 65536 else { throw .argument("\(count) texts, at most 65536 are allowed") }
        let results = try required(results, "results")
        guard let texts, let lengths else { throw .argument("the texts or their lengths are NULL") }
        guard session.logits != nil else { throw .argument("the session has no tokens to continue") }
        var continuations: [[Int32]] = []
        for index in 0..<count {
            let text = try CoolFusionABI.text(texts[index], lengths[index], "text \(index)")
            continuations.append(
                session.model.tokenizer.encode(text, addSpecial: false, parseSpecial: false, dummyPrefix: false))
        }
        let scores = try engine { () throws(InferenceError) in try Scorer(session).score(continuations) }
        for (index, score) in scores.enumerated() {
            results[index] = -score.nll
            token_counts?[index] = score.tokens.count
        }
    }
}

private func generationOptions(_ given: coolfusion_generate_options) -> GenerationOptions {
    var options = GenerationOptions()
    options.limit = given.limit == 0 ? nil : Int(given.limit)
    options.ignoresEOS = given.ignore_eos
    options.sampling.temperature = given.temperature
    options.sampling.topK = Int(given.top_k)
    options.sampling.topP = given.top_p
    options.sampling.minP = given.min_p
    options.sampling.seed = given.seed
    return options
}

@c @implementation
public func coolfusion_session_generate(
    _ session: OpaquePointer?, _ options: UnsafePointer<coolfusion_generate_options>?,
    _ generated: UnsafeMutablePointer<Int>?, _ err: UnsafeMutablePointer<CChar>?, _ errlen: Int
) -> coolfusion_status {
    ErrorBuffer(err, errlen).report { () throws(ABIError) in
        let session = try Handle.object(session, .session, as: Timeline.self).session
        var defaults = coolfusion_generate_options()
        defaults.top_k = 40
        defaults.top_p = 0.95
        defaults.min_p = 0.05
        let given = try CoolFusionABI.options(options, size: \.struct_size, fallback: defaults)
        let cancellation = try cancellation(given.cancellation)
        let generation = try engine { () throws(InferenceError) in
            try session.generate(generationOptions(given)) { text in
                if cancellation?.isTriggered ?? false { return false }
                guard let callback = given.on_text else { return true }
                var text = text
                return text.withUTF8 { utf8 in
                    utf8.withMemoryRebound(to: CChar.self) { callback($0.baseAddress, $0.count, given.user) }
                }
            }
        }
        generated?.pointee = generation.tokens.count
        if generation.stop == .cancelled { throw .cancelled }
    }
}
