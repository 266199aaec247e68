// All strategies behind one call (cool-fusion.md section 6): the loop, one model alone, and whole answers
// that are ranked or voted on.

import Inference

/// Writes one answer with several models by `options.strategy`.
///
/// `onSegment` gets every segment of the answer: at once for `cool`, `solo` and `primary`; for strategies that
/// choose among whole answers the chosen one's segments at the end. It returns false to stop. `isCancelled` is asked by
/// those strategies while they write and score, where `onSegment` is not; the answer is then empty, its stop `cancelled`.
public func fuse(
    _ sources: [any SourceModel], options: FusionOptions = .init(), onSegment: (Segment) -> Bool = { _ in true },
    isCancelled: @escaping () -> Bool = { false }
) throws(FusionError) -> FusionResult {
    try fuse(sources, options: options, remembering: nil, onSegment: onSegment, isCancelled: isCancelled)
}

/// As `fuse`; answers of single models are taken from `memory`, or left there for the next strategy.
func fuse(
    _ sources: [any SourceModel], options: FusionOptions, remembering memory: AnswerMemory?,
    onSegment: (Segment) -> Bool = { _ in true }, isCancelled: @escaping () -> Bool = { false }
) throws(FusionError) -> FusionResult {
    var options = options
    if options.weighsByPrompt { options.weights = promptWeights(sources) }
    switch options.strategy {
    case .cool, .primary:
        return try CoolFusion(sources, options: options).run(onSegment)
    case .solo:
        guard sources.indices.contains(options.primary) else {
            throw .primary(options.primary, count: sources.count)
        }
        let writer = WholeAnswers.Writer(model: options.primary, source: sources[options.primary])
        return try WholeAnswers(sources, options: options, memory: memory).alone(writer, onSegment).result
    case .rerank, .coolRerank, .vote:
        var result = try WholeAnswers(sources, options: options, memory: memory, isCancelled: isCancelled).best()
        if let last = result.segments.firstIndex(where: { !onSegment($0) }) { result.cancel(after: last) }
        return result
    }
}

extension FusionResult {
    /// Leaves out what stands behind a segment, if anything does.
    mutating func cancel(after last: Int) {
        if last == segments.count - 1 { return }
        segments.removeLast(segments.count - 1 - last)
        (text, heldBack, stop) = (segments.map(\.shown).joined(), "", .cancelled)
    }
}

/// Weights from how well each model predicts its prompt: (lowest bits per byte / own) squared, at least 1/4, so
/// that a short prompt cannot silence a model. A model that cannot say gets 1/4.
public func promptWeights(_ sources: [any SourceModel]) -> [Double] {
    let bits = sources.map { source -> Double in
        guard let bits = try? source.promptBitsPerByte(), bits.isFinite, bits > 0 else { return .infinity }
        return bits
    }
    guard let lowest = bits.min(), lowest.isFinite else { return sources.map { _ in 1 } }
    return bits.map { max((lowest / $0) * (lowest / $0), 0.25) }
}

/// The last number in a text without its thousands separators: "1,234.50" reads as "1234.5".
@Sendable public func lastNumber(_ text: String) -> String? {
    var numbers: [String] = []
    var current = ""
    for character in text.unicodeScalars.map(Character.init) + [" "] {
        let isDigit = character.isASCII && character.isNumber
        let continues = !current.isEmpty && current != "-" && (character == "," || character == ".")
        if isDigit || continues || (character == "-" && current.isEmpty) {
            current.append(character)
        } else {
            if current.contains(where: \.isNumber) { numbers.append(current) }
            current = character == "-" ? "-" : ""
        }
    }
    return numbers.last.map { number in
        var plain = number.filter { $0 != "," }
        while plain.last == "." { plain.removeLast() }
        if plain.contains(".") {
            while plain.last == "0" { plain.removeLast() }
            if plain.last == "." { plain.removeLast() }
        }
        return plain
    }
}
