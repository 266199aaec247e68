// A chat template: data from a model file, read once, rendered for each conversation. It is interpreted over plain
// values only; nothing of the host is reachable from it.

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
        var interpreter = Interpreter(variables: variables, limits: limits, now: now)
        _ = try interpreter.run(statements)
        return interpreter.output.string
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
}

/// A template with the special tokens of its model: renders conversations to prompts.
public struct ChatTemplate: Sendable {
    public let source: String
    private let template: Template
    private let bosToken: String
    private let eosToken: String

    /// `bosToken` and `eosToken` are the vocabulary's texts, empty where it has none.
    public init(source: String, bosToken: String, eosToken: String) throws(TemplateError) {
        self.source = source
        self.bosToken = bosToken
        self.eosToken = eosToken
        template = try Template(source)
    }

    /// The prompt text for `messages`, special tokens spelled out, ready for the assistant's answer.
    public func render(
        _ messages: [Message], addGenerationPrompt: Bool = true, now: TemplateClock = .now
    ) throws(TemplateError) -> String {
        let list = messages.map { Value.map(["role": .string($0.role), "content": .string($0.content)]) }
        return try template.render(
            [
                "messages": .list(list), "add_generation_prompt": .bool(addGenerationPrompt),
                "bos_token": .string(bosToken), "eos_token": .string(eosToken), "tools": .none, "documents": .none,
            ], now: now)
    }
}
