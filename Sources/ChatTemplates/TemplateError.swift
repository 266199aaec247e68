// Why a chat template could not be read or rendered: one enum, each case with the place in the template.
// A template is data from a stranger's file, so every limit it can hit has its own case.

/// A place in a template: line and column count from 1, columns in Unicode scalars.
public struct TemplatePosition: Sendable, Equatable, CustomStringConvertible {
    public var line: Int
    public var column: Int

    public var description: String { "line \(line), column \(column)" }
}

/// Errors of reading and rendering a template; every case but `raised` names the place.
public enum TemplateError: Error, Equatable, CustomStringConvertible {
    case syntax(String, at: TemplatePosition)
    case unsupported(String, at: TemplatePosition)
    case type(String, at: TemplatePosition)
    case undefined(String, at: TemplatePosition)
    case limit(String, at: TemplatePosition)
    /// The template itself refused the conversation by `raise_exception`.
    case raised(String)

    public var description: String {
        switch self {
        case .syntax(let what, let at): "chat template, \(at): \(what)"
        case .unsupported(let what, let at): "chat template, \(at): \(what) is not supported"
        case .type(let what, let at): "chat template, \(at): \(what)"
        case .undefined(let what, let at): "chat template, \(at): \(what) is undefined"
        case .limit(let what, let at): "chat template, \(at): stopped, \(what)"
        case .raised(let message): "the chat template refuses this conversation: \(message)"
        }
    }
}

/// What a template may use before it is stopped.
public struct TemplateLimits: Sendable {
    /// Statements and expressions evaluated.
    public var steps = 1_000_000
    /// Unicode scalars of output, and of any one string or list built on the way.
    public var output = 8 << 20
    /// Nesting of expressions, blocks and macro calls.
    public var nesting = 64

    public init() {}
    public static let standard = TemplateLimits()
}
