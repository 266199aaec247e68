// Values as JSON with Python's json.dumps spacing, which the prompts of tool-using models contain to the byte.

struct JSONWriter {
    let indent: Int?
    let ascii: Bool
    let sorted: Bool
    let limit: Int
    let position: TemplatePosition
    private(set) var output = Text()
    private var depth = 0

    init(indent: Int?, ascii: Bool, sorted: Bool, limit: Int, position: TemplatePosition) {
        self.indent = indent
        self.ascii = ascii
        self.sorted = sorted
        self.limit = limit
        self.position = position
    }

    mutating func write(_ value: Value) throws(TemplateError) {
        switch value {
        case .none: output += Text("null")
        case .bool(let flag): output += Text(flag ? "true" : "false")
        case .integer(let integer): output += Text(String(integer))
        case .number(let number):
            output += Text(
                number.isNaN ? "NaN" : number.isInfinite ? (number < 0 ? "-Infinity" : "Infinity") : "\(number)")
        case .string(let text): write(text)
        case .list(let items):
            try between("[", "]", count: items.count) { w, index throws(TemplateError) in try w.write(items[index]) }
        case .map(let map):
            let items =
                sorted
                ? map.items.sorted { $0.key.lexicographicallyPrecedes($1.key) { $0.value < $1.value } } : map.items
            try between("{", "}", count: items.count) { w, index throws(TemplateError) in
                w.write(items[index].key)
                w.output += Text(": ")
                try w.write(items[index].value)
            }
        case .undefined(let name): throw .undefined(name, at: position)
        default: throw .type("\(value.typeName) has no JSON", at: position)
        }
        guard output.count <= limit else { throw .limit("JSON longer than \(limit) characters", at: position) }
    }

    private mutating func between(
        _ open: TextScalar, _ close: TextScalar, count: Int,
        _ item: (inout JSONWriter, Int) throws(TemplateError) -> Void
    ) throws(TemplateError) {
        depth += 1
        guard depth <= 256 else { throw .limit("JSON nested deeper than 256", at: position) }
        output.append(open)
        for index in 0..<count {
            if index > 0 { output += Text(indent == nil ? ", " : ",") }
            newLine()
            try item(&self, index)
        }
        depth -= 1
        if count > 0 { newLine() }
        output.append(close)
    }

    private mutating func newLine() {
        guard let indent else { return }
        output.append("\n")
        output += Text(repeating: " ", count: indent * depth)
    }

    private mutating func write(_ text: Text) {
        output.append("\"")
        for scalar in text {
            switch scalar {
            case "\"": output += Text("\\\"")
            case "\\": output += Text("\\\\")
            case "\n": output += Text("\\n")
            case "\r": output += Text("\\r")
            case "\t": output += Text("\\t")
            case "\u{8}": output += Text("\\b")
            case "\u{c}": output += Text("\\f")
            case _ where scalar.value < 0x20 || (ascii && scalar.value > 0x7e):
                for unit in String(scalar.scalar).utf16 {
                    let hex = String(unit, radix: 16)
                    output += Text("\\u" + String(repeating: "0", count: 4 - hex.count) + hex)
                }
            default: output.append(scalar)
            }
        }
        output.append("\"")
    }
}
