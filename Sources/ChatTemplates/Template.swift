// A chat template: data from a model file, read once, rendered for each conversation. It is interpreted over plain
// values only; nothing of the host is reachable from it. The rendered text knows which of its characters a message said,
// so that a message that spells a special token stays plain text (TextScalar.swift).

/// A parsed template, immutable and shareable.
public struct Template: Sendable {
    private let statements: [Statement]
    private let limits: TemplateLimits

    /// Parses `source`; throws `TemplateError` with line and column for whatever is not in the subset.
    public init(_ source: String, limits: TemplateLimits = .standard) throws(TemplateError) {
        self.limits = limits
        statements = try Parser.statements(of: source, nesting: limits.nesting)
    }

    /// Renders with `variables`; throws `TemplateError` for type errors, `raise_exception` and limits.
    public func render(_ variables: [String: Value], now: TemplateClock = .now) throws(TemplateError) -> String {
        try renderMarked(variables, now: now).string
    }

    func renderMarked(_ variables: [String: Value], now: TemplateClock) throws(TemplateError) -> Text {
        var interpreter = Interpreter(variables: variables, limits: limits, now: now)
        _ = try interpreter.run(statements)
        return interpreter.output
    }
}

/// One message of a conversation.
public struct Message: Sendable, Equatable {
    public var role: String
    public var content: String

    public init(role: String, content: String) {
        self.role = role
        self.content = content
    }

    /// The roles templates know. Any other is treated like content: it cannot spell special tokens.
    public static let roles = ["system", "developer", "user", "assistant", "tool"]

    var value: Value {
        .map([
            "role": .string(Text(role, isContent: !Self.roles.contains(role))),
            "content": .string(Text(content, isContent: true)),
        ])
    }
}

/// A rendered conversation.
public struct RenderedText: Sendable, Equatable {
    public let text: String
    /// UTF-8 offsets of what the template itself wrote, ascending: only there a special token may be read.
    public let templateRanges: [Range<Int>]

    init(_ text: Text) {
        self.text = text.string
        var ranges: [Range<Int>] = []
        var offset = 0
        for scalar in text {
            let end = offset + UTF8.width(scalar.scalar)
            if !scalar.isContent {
                if let last = ranges.last, last.upperBound == offset {
                    ranges[ranges.count - 1] = last.lowerBound..<end
                } else {
                    ranges.append(offset..<end)
                }
            }
            offset = end
        }
        templateRanges = ranges
    }
}

/// A template with the special tokens of its model: renders conversations to prompts.
public struct ChatTemplate: Sendable {
    public let source: String
    private let template: Template
    private let specialTokens: [String: String]

    /// `specialTokens`: the vocabulary's texts by the names templates use ("bos_token", "eos_token", "unk_token",
    /// "pad_token"). Absent BOS and EOS are empty, as llama.cpp passes them; others are undefined, as in transformers.
    public init(source: String, specialTokens: [String: String] = [:]) throws(TemplateError) {
        self.source = source
        self.specialTokens = ["bos_token": "", "eos_token": ""].merging(specialTokens) { $1 }
        template = try Template(source)
    }

    /// The prompt for `messages`, special tokens spelled out, ready for the assistant's answer. The variables are those
    /// transformers passes without tools or documents.
    public func render(
        _ messages: [Message], addGenerationPrompt: Bool = true, now: TemplateClock = .now
    ) throws(TemplateError) -> RenderedText {
        var variables = specialTokens.mapValues { Value.string($0) }
        variables["messages"] = .list(messages.map(\.value))
        variables["add_generation_prompt"] = .bool(addGenerationPrompt)
        variables["tools"] = Value.none
        variables["documents"] = Value.none
        return RenderedText(try template.renderMarked(variables, now: now))
    }
}
