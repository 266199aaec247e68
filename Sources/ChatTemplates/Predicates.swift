// Tests: `value is name(arguments)`. One row of a table for each (Jinja documentation, "List of Builtin Tests").

extension Interpreter {
    private typealias Predicate = @Sendable (Value) -> Bool

    mutating func apply(test name: String, to value: Value, _ arguments: [Value], at position: TemplatePosition)
        throws(TemplateError) -> Bool
    {
        try charge(at: position)
        if let predicate = Self.predicates[name] { return predicate(value) }
        if let op = Self.comparisons[name] {
            guard let other = arguments.first else { throw .type("the test \(name) wants an argument", at: position) }
            return try compare(op, value, other, at: position)
        }
        if name == "divisibleby" {
            guard let number = value.asInteger, let divisor = arguments.first?.asInteger, divisor != 0 else {
                throw .type("divisibleby wants integers", at: position)
            }
            return divisor == -1 || number % divisor == 0
        }
        throw .unsupported("the test \"\(name)\"", at: position)
    }

    private static let comparisons: [String: String] = [
        "equalto": "==", "eq": "==", "sameas": "==", "ne": "!=", "lt": "<", "lessthan": "<", "le": "<=", "gt": ">",
        "greaterthan": ">", "ge": ">=", "in": "in",
    ]

    private static let predicates: [String: Predicate] = [
        "defined": { if case .undefined = $0 { false } else { true } },
        "undefined": { if case .undefined = $0 { true } else { false } },
        "none": { if case .none = $0 { true } else { false } },
        "string": { if case .string = $0 { true } else { false } },
        "mapping": { if case .map = $0 { true } else { false } },
        "boolean": { if case .bool = $0 { true } else { false } },
        "true": { if case .bool(true) = $0 { true } else { false } },
        "false": { if case .bool(false) = $0 { true } else { false } },
        "integer": { if case .integer = $0 { true } else { false } },
        "float": { if case .number = $0 { true } else { false } },
        "number": { $0.asNumber != nil },
        "odd": { ($0.asInteger ?? 0) % 2 != 0 },
        "even": { $0.asInteger.map { $0 % 2 == 0 } ?? false },
        "callable": {
            switch $0 {
            case .macro, .function: true
            default: false
            }
        },
        "iterable": {
            switch $0 {
            case .string, .list, .map, .undefined: true
            default: false
            }
        },
        "sequence": {
            switch $0 {
            case .string, .list, .map, .undefined: true
            default: false
            }
        },
        "lower": {
            if case .string(let text) = $0 { text == text.lowercased && text != text.uppercased } else { false }
        },
        "upper": {
            if case .string(let text) = $0 { text == text.uppercased && text != text.lowercased } else { false }
        },
    ]
}
