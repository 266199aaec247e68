// JSON with the keys in the order of the command line's contract, which Foundation's encoder does not keep.
// Values only; reading JSON is left to Foundation (Tokenize).

/// A JSON value that prints itself on one line.
enum JSON {
    case null
    case bool(Bool)
    case integer(Int)
    /// Not finite: written as null, which JSON has no other word for.
    case number(Double)
    case string(String)
    case array([JSON])
    case object([Member])

    struct Member {
        var key: String
        var value: JSON
    }

    static func integers(_ values: some Sequence<some BinaryInteger>) -> JSON {
        .array(values.map { .integer(Int($0)) })
    }
    static func strings(_ values: some Sequence<String>) -> JSON { .array(values.map(JSON.string)) }
    /// Single precision keeps its short spelling: 0.1, not 0.10000000149.
    static func single(_ value: Float) -> JSON { .number(Double(value.description) ?? .nan) }

    /// Of an object; none of anything else.
    var members: [Member] {
        if case .object(let members) = self { return members }
        return []
    }

    var text: String {
        var output = ""
        write(to: &output)
        return output
    }

    private func write(to output: inout String) {
        switch self {
        case .null: output += "null"
        case .bool(let value): output += value ? "true" : "false"
        case .integer(let value): output += String(value)
        case .number(let value): output += value.isFinite ? value.description : "null"
        case .string(let value): JSON.quote(value, to: &output)
        case .array(let values):
            output += "["
            for (index, value) in values.enumerated() {
                if index > 0 { output += "," }
                value.write(to: &output)
            }
            output += "]"
        case .object(let members):
            output += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { output += "," }
                JSON.quote(member.key, to: &output)
                output += ":"
                member.value.write(to: &output)
            }
            output += "}"
        }
    }

    private static func quote(_ string: String, to output: inout String) {
        output += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": output += "\\\""
            case "\\": output += "\\\\"
            case "\n": output += "\\n"
            case "\r": output += "\\r"
            case "\t": output += "\\t"
            // Control characters; the others only because many readers take them for line ends.
            case "\0"..<" ", "\u{7F}"..."\u{9F}", "\u{2028}"..."\u{2029}":
                let digits = String(scalar.value, radix: 16)
                output += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: output.unicodeScalars.append(scalar)
            }
        }
        output += "\""
    }
}

extension JSON: ExpressibleByStringLiteral {
    init(stringLiteral value: String) { self = .string(value) }
}

extension JSON: ExpressibleByDictionaryLiteral {
    init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(elements.map { Member(key: $0.0, value: $0.1) })
    }

    static func object(_ members: some Sequence<(String, JSON)>) -> JSON {
        .object(members.map { Member(key: $0.0, value: $0.1) })
    }
}
