// The values of a template: those of Python that chat templates use. Text is an array of scalars (TextScalar.swift),
// because Python counts, compares and slices by scalar, and Swift's String by grapheme and canonical equivalence.

/// A dictionary that keeps the order of insertion, as Python's does.
public struct OrderedMap {
    public private(set) var keys: [Text] = []
    private var values: [Text: Value] = [:]

    public init() {}
    public var count: Int { keys.count }
    public var items: [(key: Text, value: Value)] { keys.map { ($0, values[$0] ?? .none) } }

    public subscript(key: Text) -> Value? {
        get { values[key] }
        set {
            if values[key] == nil { keys.append(key) }
            values[key] = newValue ?? Value.none
        }
    }
}

/// The one mutable object: what `namespace()` makes, changed by `set ns.name = …`.
public final class Namespace {
    var members = OrderedMap()
}

/// A macro with the scope it was written in.
public final class Macro {
    let name: String
    let parameters: [(name: String, fallback: Expression?)]
    let body: [Statement]

    init(name: String, parameters: [(name: String, fallback: Expression?)], body: [Statement]) {
        self.name = name
        self.parameters = parameters
        self.body = body
    }
}

/// A value of the template language.
public indirect enum Value {
    /// A missing variable, member or item; carries its name for errors. Falsy, prints as nothing.
    case undefined(String)
    case none
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(Text)
    case list([Value])
    case map(OrderedMap)
    case namespace(Namespace)
    case macro(Macro)
    /// A function of the language itself, by name.
    case function(String)

    public static func string(_ string: String) -> Value { .string(Text(string)) }

    public static func map(_ pairs: KeyValuePairs<String, Value>) -> Value {
        var map = OrderedMap()
        for (key, value) in pairs { map[Text(key)] = value }
        return .map(map)
    }

    /// Python's truth: empty, zero, none and undefined are false.
    var isTrue: Bool {
        switch self {
        case .undefined, .none: false
        case .bool(let value): value
        case .integer(let value): value != 0
        case .number(let value): value != 0
        case .string(let text): !text.isEmpty
        case .list(let items): !items.isEmpty
        case .map(let map): map.count > 0
        case .namespace, .macro, .function: true
        }
    }

    var typeName: String {
        switch self {
        case .undefined: "undefined"
        case .none: "none"
        case .bool: "a boolean"
        case .integer: "an integer"
        case .number: "a number"
        case .string: "a string"
        case .list: "a list"
        case .map: "a mapping"
        case .namespace: "a namespace"
        case .macro: "a macro"
        case .function: "a function"
        }
    }

    /// The number for arithmetic, booleans counting as 0 and 1.
    var asNumber: Double? {
        switch self {
        case .bool(let value): value ? 1 : 0
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    var asInteger: Int? {
        switch self {
        case .bool(let value): value ? 1 : 0
        case .integer(let value): value
        default: nil
        }
    }

    /// What `{{ value }}` prints: Python's str().
    var printed: Text {
        switch self {
        case .undefined: []
        case .string(let text): text
        default: represented
        }
    }

    /// Python's repr().
    var represented: Text {
        switch self {
        case .undefined: Text("Undefined")
        case .none: Text("None")
        case .bool(let value): Text(value ? "True" : "False")
        case .integer(let value): Text(String(value))
        case .number(let value): Text(Value.printed(value))
        case .string(let text): Value.quoted(text)
        case .list(let items): bracketed(items.map(\.represented), "[", "]")
        case .map(let map):
            bracketed(map.items.map { Value.quoted($0.key) + Text(": ") + $0.value.represented }, "{", "}")
        case .namespace(let space): Text("<namespace ") + Value.map(space.members).represented + Text(">")
        case .macro(let macro): Text("<macro \(macro.name)>")
        case .function(let name): Text("<function \(name)>")
        }
    }

    private func bracketed(_ parts: [Text], _ open: String, _ close: String) -> Text {
        Text(open) + Text(parts.joined(separator: Text(", "))) + Text(close)
    }

    private static func quoted(_ text: Text) -> Text {
        let quote: TextScalar = text.contains("'") && !text.contains("\"") ? "\"" : "'"
        var out: Text = [quote]
        for scalar in text {
            switch scalar {
            case "\\": out += Text("\\\\")
            case "\n": out += Text("\\n")
            case "\r": out += Text("\\r")
            case "\t": out += Text("\\t")
            case quote: out += ["\\", quote]
            case _ where scalar.isPrintable: out.append(scalar)
            default:
                let (mark, width) = scalar.value < 0x100 ? ("x", 2) : scalar.value < 0x10000 ? ("u", 4) : ("U", 8)
                let hex = String(scalar.value, radix: 16)
                out += Text("\\" + mark + String(repeating: "0", count: width - hex.utf8.count) + hex)
            }
        }
        return out + [quote]
    }

    /// Shortest decimal that reads back, with Python's trailing ".0".
    static func printed(_ value: Double) -> String {
        if value.isNaN { return "nan" }
        if value.isInfinite { return value < 0 ? "-inf" : "inf" }
        return "\(value)"
    }
}

extension Value: Equatable {
    public static func == (a: Value, b: Value) -> Bool {
        switch (a, b) {
        case (.undefined, .undefined), (.none, .none): true
        case (.string(let x), .string(let y)): x == y
        case (.list(let x), .list(let y)): x == y
        case (.map(let x), .map(let y)):
            x.count == y.count && x.items.allSatisfy { y[$0.key] == $0.value }
        case (.namespace(let x), .namespace(let y)): x === y
        case (.macro(let x), .macro(let y)): x === y
        case (.function(let x), .function(let y)): x == y
        default:
            if let x = a.asInteger, let y = b.asInteger {
                x == y
            } else if let x = a.asNumber, let y = b.asNumber {
                x == y
            } else {
                false
            }
        }
    }
}
