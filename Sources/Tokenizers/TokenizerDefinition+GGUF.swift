// Reading a TokenizerDefinition from the metadata of a GGUF file: keys `tokenizer.ggml.*`, types checked, values not.
import GGUF

extension TokenizerDefinition {
    init(_ metadata: GGUFMetadata) throws(TokenizerError) {
        do throws(GGUFError) {
            try self.init(reading: metadata)
        } catch {
            if case .missingKey(_, let key) = error { throw .missingKey(key) }
            throw .metadata(error)
        }
    }

    private init(reading metadata: GGUFMetadata) throws(GGUFError) {
        self.init()
        model = try metadata.requireString("tokenizer.ggml.model")
        preTokenizer = try metadata.string("tokenizer.ggml.pre")
        tokens = Self.arena(try metadata.requireStrings("tokenizer.ggml.tokens"))
        kinds = try metadata.integers("tokenizer.ggml.token_type")
        scores = try metadata.floats("tokenizer.ggml.scores") ?? []
        if let strings = try metadata.strings("tokenizer.ggml.merges") { merges = Self.arena(strings) }
        charsmap = try metadata.array("tokenizer.ggml.precompiled_charsmap")?.bytes.map { Array($0) } ?? []
        for role in Role.allCases {
            ids[role] = try metadata.integer(role.key)
        }
        // The misspelling stands in files.
        if ids[.separator] == nil {
            ids[.separator] = try metadata.integer("tokenizer.ggml.seperator_token_id")
        }
        addsBOS = try metadata.bool("tokenizer.ggml.add_bos_token")
        addsEOS = try metadata.bool("tokenizer.ggml.add_eos_token")
        addsSpacePrefix = try metadata.bool("tokenizer.ggml.add_space_prefix")
        removesExtraWhiteSpace = try metadata.bool("tokenizer.ggml.remove_extra_whitespaces") ?? false
        stripsBehindSpecial = try Self.isPhi3(metadata)
    }

    /// Phi-3's tokenizer.json marks its special tokens "rstrip"; GGUF has no key for that, so the name must do.
    private static func isPhi3(_ metadata: GGUFMetadata) throws(GGUFError) -> Bool {
        let name = try metadata.string("general.name")?.lowercased() ?? ""
        for start in name.utf8.indices {
            let rest = name[start...].utf8
            if rest.starts(with: "phi3".utf8) || rest.starts(with: "phi-3".utf8) { return true }
        }
        return false
    }

    private static func arena(_ strings: GGUFStrings) -> ByteStrings {
        var arena = ByteStrings()
        arena.reserve(strings: strings.count, bytes: strings.count * 8)
        for string in strings { arena.append(string) }
        return arena
    }
}
