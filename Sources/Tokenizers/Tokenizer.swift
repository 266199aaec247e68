// Text to token ids and back, for one model: special tokens are split out, the rest goes to the model's encoder.
// Built from a plain TokenizerDefinition, so that tests need no files; immutable and shareable afterwards.
// Token ids mean nothing outside their own tokenizer. The keys are those of GGUF's tokenizer.ggml.*.
import GGUF

/// A model's vocabulary and the way text is split into it.
public struct Tokenizer: Sendable {
    /// `tokenizer.ggml.model`: "llama", "gpt2", "gemma4", "t5", "bert".
    public let model: String
    /// `tokenizer.ggml.pre`, as the file names it.
    public let preTokenizer: String?
    /// False where a byte-level vocabulary came without a usable pre-tokenizer and was accepted by force.
    public let hasTrustedPreTokenizer: Bool
    public let bos: TokenID?
    public let eos: TokenID?
    public let eot: TokenID?
    public let unknown: TokenID?
    public let padding: TokenID?
    public let addsBOS: Bool
    public let addsEOS: Bool
    /// Whether text that begins a document or follows a special token gets a space before it.
    public let addsSpacePrefix: Bool
    /// The tokens that end generation.
    public let endOfGeneration: Set<TokenID>

    let vocabulary: Vocabulary
    let encoder: Encoder
    let splitter: PreTokenizer
    private let stripsBehindSpecial: Bool
    private let userDefined: SpecialTokenMatcher
    private let allSpecial: SpecialTokenMatcher

    enum Encoder: Sendable {
        case sentencePiece(SentencePieceEncoder)
        case bytePair(BytePairEncoder)
        case unigram(UnigramEncoder)
        case wordPiece(WordPieceEncoder)
    }

    static let knownModels = ["llama", "gpt2", "gemma4", "t5", "bert"]

    public var vocabularySize: Int { vocabulary.count }

    /// The tokenizer of a model file.
    ///
    /// `force` accepts a byte-level vocabulary whose pre-tokenizer is missing or "default".
    public init(_ file: GGUFFile, force: Bool = false) throws(TokenizerError) {
        try self.init(TokenizerDefinition(file.metadata), force: force)
    }

    init(_ definition: TokenizerDefinition, force: Bool = false) throws(TokenizerError) {
        guard Self.knownModels.contains(definition.model) else {
            throw .unknownModel(definition.model, known: Self.knownModels)
        }
        try definition.check()
        var vocabulary = try Vocabulary(
            texts: definition.tokens, kinds: definition.checkedKinds(), scores: definition.scores)
        let ends = EndOfGeneration(definition, &vocabulary)
        endOfGeneration = ends.tokens
        eot = ends.eot
        let found = try Self.choosePreTokenizer(definition, force: force)
        splitter = found.preTokenizer
        hasTrustedPreTokenizer = found.isTrusted
        model = definition.model
        preTokenizer = definition.preTokenizer
        // BERT's texts begin with CLS and end with SEP.
        bos = definition.id(definition.model == "bert" ? .cls : .bos)
        eos = definition.id(definition.model == "bert" ? .separator : .eos)
        unknown = definition.unknown
        padding = definition.id(.padding)
        addsBOS = definition.addsBOS ?? definition.defaultAddsBOS(found.preTokenizer)
        addsEOS = definition.addsEOS ?? definition.defaultAddsEOS
        let takesPrefix = definition.model == "llama" || definition.model == "t5"
        addsSpacePrefix = takesPrefix && definition.addsSpacePrefix ?? true
        switch definition.model {
        case "gpt2": encoder = .bytePair(try BytePairEncoder(definition, vocabulary, splitter))
        case "gemma4": encoder = .bytePair(try BytePairEncoder(definition, vocabulary, .lines))
        case "t5": encoder = .unigram(try UnigramEncoder(definition, vocabulary))
        case "bert": encoder = .wordPiece(WordPieceEncoder(definition, vocabulary))
        default: encoder = .sentencePiece(try SentencePieceEncoder(definition, vocabulary))
        }
        stripsBehindSpecial = definition.stripsBehindSpecial
        userDefined = SpecialTokenMatcher(vocabulary) { $0 == .userDefined }
        allSpecial = SpecialTokenMatcher(vocabulary) { $0 == .userDefined || $0 == .control || $0 == .unknown }
        self.vocabulary = vocabulary
    }

    private static func choosePreTokenizer(
        _ definition: TokenizerDefinition, force: Bool
    ) throws(TokenizerError) -> (preTokenizer: PreTokenizer, isTrusted: Bool) {
        guard definition.model == "gpt2" else { return (.gpt2, true) }
        guard let name = definition.preTokenizer, name != "default" else {
            guard force else { throw .untrustedPreTokenizer(definition.preTokenizer) }
            return (.fallback, false)
        }
        guard let found = PreTokenizer.named(name) else {
            throw .unknownPreTokenizer(name, known: PreTokenizer.knownNames)
        }
        return (found, true)
    }
}

// Encoding.
extension Tokenizer {
    /// The tokens of `text`, any bytes.
    ///
    /// `addSpecial` adds BOS and EOS as the file says. `parseSpecial` recognises control tokens in the text: never for
    /// text that a user wrote. `dummyPrefix`: nil as the file says; false where the text continues earlier text.
    /// Bytes that are no UTF-8 become byte tokens, or the unknown token where the vocabulary has none.
    public func encode(
        _ text: [UInt8], addSpecial: Bool, parseSpecial: Bool, dummyPrefix: Bool? = nil
    ) -> [TokenID] {
        let matcher = parseSpecial ? allSpecial : userDefined
        var ids = encode(text, dummyPrefix: dummyPrefix) { matcher.next(in: $0, from: $1) }
        if addSpecial, addsBOS, let bos { ids.insert(bos, at: 0) }
        if addSpecial, addsEOS, let eos { ids.append(eos) }
        return ids
    }

    /// The tokens of a text in which control tokens are recognised only where they lie wholly inside one of `ranges`
    /// (UTF-8 offsets, ascending): what a template wrote, but not what a user says inside it.
    public func encode(_ text: [UInt8], controlTokensIn ranges: [Range<Int>]) -> [TokenID] {
        var rest = ranges[...]
        return encode(text, dummyPrefix: nil) { text, start in
            var position = start
            while let found = allSpecial.next(in: text, from: position) {
                position = found.range.lowerBound
                rest = rest.drop { $0.upperBound <= position }
                var control: (range: Range<Int>, id: TokenID)?
                if let range = rest.first, range.contains(position) {
                    let end = min(range.upperBound, text.count)
                    control = allSpecial.longest(in: text.extracting(0..<end), at: position)
                }
                let plain = userDefined.longest(in: text, at: position)
                if let control, control.range.count >= plain?.range.count ?? 0 { return control }
                if let plain { return plain }
                position += 1
            }
            return nil
        }
    }

    /// Splits at what `nextSpecial` finds at or after an offset, and encodes what lies between.
    private func encode(
        _ text: [UInt8], dummyPrefix: Bool?,
        _ nextSpecial: (Span<UInt8>, Int) -> (range: Range<Int>, id: TokenID)?
    ) -> [TokenID] {
        var ids: [TokenID] = []
        ids.reserveCapacity(text.count / 3 + 4)
        let span = text.span
        var prefix = dummyPrefix ?? addsSpacePrefix
        var start = 0
        while start < span.count {
            let special = nextSpecial(span, start)
            let end = special?.range.lowerBound ?? span.count
            if end > start { encodePlain(span.extracting(start..<end), dummyPrefix: prefix, into: &ids) }
            guard let special else { break }
            ids.append(special.id)
            prefix = addsSpacePrefix
            start = special.range.upperBound
            if stripsBehindSpecial, stripping(special.id) { start = span.run(of: .whiteSpace, from: start) }
        }
        return ids
    }

    /// The tokens of `text`; see `encode(_: [UInt8], ...)`.
    public func encode(
        _ text: String, addSpecial: Bool, parseSpecial: Bool, dummyPrefix: Bool? = nil
    ) -> [TokenID] {
        encode(Array(text.utf8), addSpecial: addSpecial, parseSpecial: parseSpecial, dummyPrefix: dummyPrefix)
    }

    /// Phi-3's exceptions.
    private func stripping(_ id: TokenID) -> Bool { !["<unk>", "<s>", "<|endoftext|>"].contains(piece(id)) }

    private func encodePlain(_ text: Span<UInt8>, dummyPrefix: Bool, into ids: inout [TokenID]) {
        switch encoder {
        case .sentencePiece(let encoder): encoder.encode(text, dummyPrefix: dummyPrefix, into: &ids)
        case .bytePair(let encoder): encoder.encode(text, into: &ids)
        case .unigram(let encoder): encoder.encode(text, dummyPrefix: dummyPrefix, into: &ids)
        case .wordPiece(let encoder): encoder.encode(text, into: &ids)
        }
    }

    /// The byte offsets at which the pre-tokenizer starts a piece, 0 first; those of GPT-2's pattern for models that
    /// have no pre-tokenizer. Special tokens are not looked for.
    public func pieceStarts(_ text: [UInt8]) -> [Int] {
        var starts: [Int] = []
        splitter.forEachPiece(text.span) { starts.append($0.lowerBound) }
        return starts
    }
}
