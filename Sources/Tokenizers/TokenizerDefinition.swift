// A tokenizer as plain values: what the metadata of a file says, before anything is built or checked.
// Tests write it by hand; TokenizerDefinition+GGUF.swift reads it from a file.

struct TokenizerDefinition: Sendable {
    var model = "llama"
    var preTokenizer: String?
    var tokens = ByteStrings()
    /// Raw values of `token_type`; nil: all normal.
    var kinds: [Int]?
    var scores: [Float] = []
    var merges = ByteStrings()
    var charsmap: [UInt8] = []

    /// Ids by role, as the file gives them: not yet checked; absent ones get the model's defaults.
    var ids: [Role: Int] = [:]
    var addsBOS: Bool?
    var addsEOS: Bool?
    var addsSpacePrefix: Bool?
    var removesExtraWhiteSpace = false
    /// White space behind a special token in the text belongs to that token.
    var stripsBehindSpecial = false

    /// The roles of `tokenizer.ggml.<role>_token_id`.
    enum Role: String, CaseIterable, Sendable {
        case bos, eos, eot, eom, unknown, separator, cls, padding

        var key: String { "tokenizer.ggml.\(rawValue)_token_id" }
    }

    /// The id of the unknown token, the model's default where the file has none and the vocabulary reaches that far.
    var unknown: TokenID? { id(.unknown) }

    func id(_ role: Role) -> TokenID? {
        if let id = ids[role] { return TokenID(exactly: id) }
        guard let id = Self.defaults[model]?[role], Int(id) < tokens.count else { return nil }
        return id
    }

    /// gguf.md section 6 (llama.cpp's defaults where keys are absent).
    private static let defaults: [String: [Role: TokenID]] = [
        "llama": [.bos: 1, .eos: 2, .unknown: 0],
        "gpt2": [.bos: 11, .eos: 11],
        "bert": [.cls: 101, .unknown: 100, .separator: 102, .padding: 0],
        "t5": [.eos: 1, .unknown: 2, .padding: 0],
    ]

    /// Whether the model adds a beginning-of-text token where the file does not say.
    func defaultAddsBOS(_ known: PreTokenizer?) -> Bool {
        switch model {
        case "llama", "bert": true
        case "gpt2": known?.addsBOS ?? false
        default: false
        }
    }

    var defaultAddsEOS: Bool { model == "t5" || model == "bert" }

    /// The kinds of the tokens, all checked.
    func checkedKinds() throws(TokenizerError) -> [TokenKind] {
        let key = "tokenizer.ggml.token_type"
        guard let kinds else { return [TokenKind](repeating: .normal, count: tokens.count) }
        guard kinds.count == tokens.count else {
            throw .wrongLength(key: key, expected: tokens.count, found: kinds.count)
        }
        var result: [TokenKind] = []
        result.reserveCapacity(kinds.count)
        for (index, raw) in kinds.enumerated() {
            guard let kind = UInt8(exactly: raw).flatMap(TokenKind.init(rawValue:)) else {
                throw .wrongValue(key: key, index: index, found: "\(raw)", expected: "1 to 6")
            }
            result.append(kind)
        }
        return result
    }

    func check() throws(TokenizerError) {
        guard scores.isEmpty || scores.count == tokens.count else {
            throw .wrongLength(key: "tokenizer.ggml.scores", expected: tokens.count, found: scores.count)
        }
        for (index, score) in scores.enumerated() where score.isNaN {
            throw .wrongValue(key: "tokenizer.ggml.scores", index: index, found: "NaN", expected: "a number")
        }
        for role in Role.allCases {
            if let id = ids[role], !(0..<tokens.count).contains(id) {
                throw .idOutOfRange(key: role.key, found: id, vocabulary: tokens.count)
            }
        }
    }
}
