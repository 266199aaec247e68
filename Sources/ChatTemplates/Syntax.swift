// The syntax tree of a template: expressions and statements, each with its place for errors.

/// An expression and where it begins.
public final class Expression: Sendable {
    let kind: Kind
    let position: TemplatePosition

    init(_ kind: Kind, at position: TemplatePosition) {
        self.kind = kind
        self.position = position
    }

    enum Kind: Sendable {
        case literal(Literal)
        case list([Expression])
        case map([(key: Expression, value: Expression)])
        case name(String)
        case member(Expression, String)
        case item(Expression, Expression)
        case slice(Expression, start: Expression?, end: Expression?, step: Expression?)
        case call(Expression, Arguments)
        case filter(Expression, String, Arguments)
        case test(Expression, String, Arguments, negated: Bool)
        case unary(String, Expression)
        case binary(String, Expression, Expression)
        /// a < b <= c: each comparison between neighbours.
        case comparison(Expression, [(op: String, Expression)])
        case conditional(condition: Expression, then: Expression, otherwise: Expression?)
    }
}

/// Constants as they stand in the source.
enum Literal: Sendable {
    case none
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(Text)

    var value: Value {
        switch self {
        case .none: .none
        case .bool(let value): .bool(value)
        case .integer(let value): .integer(value)
        case .number(let value): .number(value)
        case .string(let text): .string(text)
        }
    }
}

/// Arguments of a call, filter or test.
struct Arguments: Sendable {
    var positional: [Expression] = []
    var named: [(name: String, value: Expression)] = []
}

/// A statement and where it begins.
public final class Statement: Sendable {
    let kind: Kind
    let position: TemplatePosition

    init(_ kind: Kind, at position: TemplatePosition) {
        self.kind = kind
        self.position = position
    }

    enum Kind: Sendable {
        case text(Text)
        case output(Expression)
        case conditional([(condition: Expression, body: [Statement])], otherwise: [Statement])
        case loop(Loop)
        case assign(Target, Expression)
        case capture(Target, filters: [(name: String, Arguments)], body: [Statement])
        case macro(name: String, parameters: [(name: String, fallback: Expression?)], body: [Statement])
        case filtered([(name: String, Arguments)], body: [Statement])
        case block([Statement])
        case breakLoop
        case continueLoop
    }

    struct Loop: Sendable {
        var variables: [String]
        var sequence: Expression
        var condition: Expression?
        var body: [Statement]
        var otherwise: [Statement]
    }

    /// What `set` writes to.
    enum Target: Sendable {
        case names([String])
        case member(String, String)
    }
}
