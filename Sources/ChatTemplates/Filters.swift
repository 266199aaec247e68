// Filters: `value | name(arguments)`. One row of a table for each (Jinja documentation, "List of Builtin Filters";
// tojson as chat templates get it: plain JSON without HTML escapes).

extension Interpreter {
    typealias Filter =
        @Sendable (
            inout Interpreter, Value, EvaluatedArguments, TemplatePosition
        ) throws(TemplateError) -> Value

    mutating func apply(
        filter name: String, to value: Value, _ arguments: EvaluatedArguments, at position: TemplatePosition
    ) throws(TemplateError) -> Value {
        guard let filter = Self.filters[name] else { throw .unsupported("the filter \"\(name)\"", at: position) }
        try charge(at: position)
        return try filter(&self, value, arguments, position)
    }

    private static let filters: [String: Filter] = textFilters.merging(listFilters) { first, _ in first }

    // MARK: Text and numbers

    private static let textFilters: [String: Filter] = [
        "trim": { i, value, given, at throws(TemplateError) in
            .string(
                value.printed.stripped(
                    try given.value(0, "chars").map { c throws(TemplateError) in try i.text(c, "trim", at: at) }))
        },
        "upper": { _, value, _, _ throws(TemplateError) in .string(value.printed.uppercased) },
        "lower": { _, value, _, _ throws(TemplateError) in .string(value.printed.lowercased) },
        "title": { _, value, _, _ throws(TemplateError) in .string(value.printed.wordsCapitalized) },
        "capitalize": { _, value, _, _ throws(TemplateError) in .string(value.printed.capitalized) },
        "string": { _, value, _, _ throws(TemplateError) in .string(value.printed) },
        "safe": { _, value, _, _ throws(TemplateError) in value },
        "escape": { i, value, _, at throws(TemplateError) in
            var text = value.printed
            for (old, new) in [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("'", "&#39;"), ("\"", "&#34;")] {
                text = try i.replace(text, Text(old), Text(new), limit: -1, at: at).printed
            }
            return .string(text)
        },
        "replace": { i, value, given, at throws(TemplateError) in
            let old = try i.text(given.value(0, "old"), "replace", at: at)
            let new = try i.text(given.value(1, "new"), "replace", at: at)
            return try i.replace(value.printed, old, new, limit: given.value(2, "count")?.asInteger ?? -1, at: at)
        },
        "indent": { i, value, given, at throws(TemplateError) in
            let width = given.value(0, "width") ?? .integer(4)
            var margin = width.printed
            if let count = width.asInteger {
                try i.charge(max(0, count), at: at)
                margin = Text(repeating: " ", count: max(0, count))
            }
            let lines = value.printed.split(at: ["\n"], limit: -1)
            try i.charge(lines.count * (margin.count + 1), at: at)
            let first = given.value(1, "first")?.isTrue ?? false
            let blank = given.value(2, "blank")?.isTrue ?? false
            let indented = lines.enumerated().map { index, line in
                (index == 0 ? first : blank || !line.isEmpty) ? margin + line : line
            }
            return .string(Text(indented.joined(separator: ["\n"])))
        },
        "int": { _, value, given, _ throws(TemplateError) in
            let fallback = given.value(0, "default") ?? .integer(0)
            if let integer = value.asInteger { return .integer(integer) }
            let number: Double? =
                if case .string(let text) = value { Double(text.stripped(nil).string) } else { value.asNumber }
            return number.flatMap { Int(exactly: $0.rounded(.towardZero)) }.map { .integer($0) } ?? fallback
        },
        "float": { _, value, given, _ throws(TemplateError) in
            if case .string(let text) = value {
                return Double(text.stripped(nil).string).map { .number($0) } ?? given.value(0, "default") ?? .number(0)
            }
            return value.asNumber.map { .number($0) } ?? given.value(0, "default") ?? .number(0)
        },
        "round": { _, value, given, at throws(TemplateError) in
            guard let number = value.asNumber else { throw .type("round of \(value.typeName)", at: at) }
            let scale = Floats.power(10, Double(given.value(0, "precision")?.asInteger ?? 0))
            let rule: FloatingPointRoundingRule =
                switch given.value(1, "method")?.printed.string {
                case "ceil": .up
                case "floor": .down
                default: .toNearestOrEven
                }
            return .number((number * scale).rounded(rule) / scale)
        },
        "abs": { _, value, _, at throws(TemplateError) in
            if let integer = value.asInteger, integer != Int.min { return .integer(abs(integer)) }
            guard let number = value.asNumber else { throw .type("abs of \(value.typeName)", at: at) }
            return .number(abs(number))
        },
        "tojson": { i, value, given, at throws(TemplateError) in
            var writer = JSONWriter(
                indent: given.value(1, "indent")?.asInteger.map { min(max($0, 0), 64) },
                ascii: given.value(0, "ensure_ascii")?.isTrue ?? false,
                sorted: given.value(3, "sort_keys")?.isTrue ?? false,
                limit: i.limits.output, position: at)
            try writer.write(value)
            try i.charge(writer.output.count, at: at)
            return .string(writer.output)
        },
    ]

    // MARK: Lists and mappings

    private static let listFilters: [String: Filter] = [
        "default": { _, value, given, _ throws(TemplateError) in
            let boolean = given.value(1, "boolean")?.isTrue ?? false
            if case .undefined = value { return given.value(0, "default_value") ?? .string("") }
            return boolean && !value.isTrue ? given.value(0, "default_value") ?? .string("") : value
        },
        "d": { i, value, given, at throws(TemplateError) in try i.apply(filter: "default", to: value, given, at: at) },
        "length": { i, value, _, at throws(TemplateError) in
            if case .string(let text) = value { return .integer(text.count) }
            return .integer(try i.elements(of: value, at: at).count)
        },
        "count": { i, value, given, at throws(TemplateError) in try i.apply(filter: "length", to: value, given, at: at)
        },
        "list": { i, value, _, at throws(TemplateError) in .list(try i.elements(of: value, at: at)) },
        "first": { i, value, _, at throws(TemplateError) in
            try i.elements(of: value, at: at).first ?? .undefined("the first item")
        },
        "last": { i, value, _, at throws(TemplateError) in
            try i.elements(of: value, at: at).last ?? .undefined("the last item")
        },
        "join": { i, value, given, at throws(TemplateError) in
            var items = try i.elements(of: value, at: at)
            if let name = given.value(1, "attribute") {
                items = try items.map { item throws(TemplateError) in try i.attribute(name, of: item, at: at) }
            }
            return try i.join(items, (given.value(0, "d") ?? .string("")).printed, at: at)
        },
        "reverse": { i, value, _, at throws(TemplateError) in
            if case .string(let text) = value { return .string(text.reversed()) }
            return .list(try i.elements(of: value, at: at).reversed())
        },
        "unique": { i, value, _, at throws(TemplateError) in
            var kept: [Value] = []
            for item in try i.elements(of: value, at: at) {
                try i.charge(kept.count, at: at)
                if !kept.contains(item) { kept.append(item) }
            }
            return .list(kept)
        },
        "sort": { i, value, given, at throws(TemplateError) in
            let sorted = try i.sorted(try i.elements(of: value, at: at), by: given.value(2, "attribute"), at: at)
            return .list(given.value(0, "reverse")?.isTrue ?? false ? sorted.reversed() : sorted)
        },
        "max": { i, value, given, at throws(TemplateError) in
            try i.sorted(try i.elements(of: value, at: at), by: given.value(1, "attribute"), at: at).last
                ?? .undefined("max")
        },
        "min": { i, value, given, at throws(TemplateError) in
            try i.sorted(try i.elements(of: value, at: at), by: given.value(1, "attribute"), at: at).first
                ?? .undefined("min")
        },
        "sum": { i, value, given, at throws(TemplateError) in
            var total = Value.integer(0)
            for item in try i.elements(of: value, at: at) { total = try i.sum(total, item, at: at) }
            return total
        },
        "items": { i, value, _, at throws(TemplateError) in
            guard case .map(let map) = value else {
                if case .undefined = value { return .list([]) }
                throw .type("items of \(value.typeName)", at: at)
            }
            return .list(map.items.map { .list([.string($0.key), $0.value]) })
        },
        "dictsort": { i, value, _, at throws(TemplateError) in
            guard case .map(let map) = value else { throw .type("dictsort of \(value.typeName)", at: at) }
            let keys = try i.sorted(map.keys.map { .string($0.lowercased + ["\0"] + $0) }, by: nil, at: at)
            return .list(
                keys.compactMap { key in
                    let name = Text(key.printed.drop { $0 != "\0" }.dropFirst())
                    return map[name].map { .list([.string(name), $0]) }
                })
        },
        "map": { i, value, given, at throws(TemplateError) in
            var out: [Value] = []
            for item in try i.elements(of: value, at: at) {
                if let name = given.named["attribute"] {
                    let found = try i.attribute(name, of: item, at: at)
                    if case .undefined = found {
                        out.append(given.named["default"] ?? found)
                    } else {
                        out.append(found)
                    }
                } else {
                    let rest = EvaluatedArguments(positional: Array(given.positional.dropFirst()), named: given.named)
                    let name = try i.text(given.positional.first, "map", at: at).string
                    out.append(try i.apply(filter: name, to: item, rest, at: at))
                }
            }
            return .list(out)
        },
        "select": { i, value, given, at throws(TemplateError) in
            try i.selected(value, given.positional, attribute: nil, keep: true, at: at)
        },
        "reject": { i, value, given, at throws(TemplateError) in
            try i.selected(value, given.positional, attribute: nil, keep: false, at: at)
        },
        "selectattr": { i, value, given, at throws(TemplateError) in
            try i.selected(
                value, Array(given.positional.dropFirst()), attribute: given.positional.first, keep: true, at: at)
        },
        "rejectattr": { i, value, given, at throws(TemplateError) in
            try i.selected(
                value, Array(given.positional.dropFirst()), attribute: given.positional.first, keep: false, at: at)
        },
    ]

    /// "a.b.0" walks members and items.
    private mutating func attribute(_ name: Value, of value: Value, at position: TemplatePosition) throws(TemplateError)
        -> Value
    {
        var value = value
        for part in name.printed.split(at: ["."], limit: -1) {
            if let index = Int(part.string), case .list(let items) = value {
                value = items.indices.contains(index) ? items[index] : .undefined(part.string)
            } else {
                value = try member(part.string, of: value, at: position)
            }
        }
        return value
    }

    private mutating func selected(
        _ value: Value, _ test: [Value], attribute name: Value?, keep: Bool, at position: TemplatePosition
    ) throws(TemplateError) -> Value {
        var kept: [Value] = []
        for item in try elements(of: value, at: position) {
            let subject = try name.map { n throws(TemplateError) in try attribute(n, of: item, at: position) } ?? item
            let holds: Bool
            if let first = test.first {
                let name = try text(first, "the test", at: position).string
                holds = try apply(test: name, to: subject, Array(test.dropFirst()), at: position)
            } else {
                holds = subject.isTrue
            }
            if holds == keep { kept.append(item) }
        }
        return .list(kept)
    }

    private mutating func sorted(_ items: [Value], by attribute: Value?, at position: TemplatePosition)
        throws(TemplateError) -> [Value]
    {
        var keyed: [(key: Value, item: Value)] = []
        for item in items {
            let key =
                try attribute.map { n throws(TemplateError) in try self.attribute(n, of: item, at: position) } ?? item
            if case .string(let text) = key {
                keyed.append((.string(text.lowercased), item))
            } else {
                keyed.append((key, item))
            }
        }
        // Merge sort by hand: the standard sort takes no typed throwing comparison, and must be stable.
        var width = 1
        while width < keyed.count {
            var merged: [(key: Value, item: Value)] = []
            for start in stride(from: 0, to: keyed.count, by: 2 * width) {
                var left = keyed[start..<min(start + width, keyed.count)]
                var right = keyed[min(start + width, keyed.count)..<min(start + 2 * width, keyed.count)]
                while let a = left.first, let b = right.first {
                    try charge(at: position)
                    if try isLess(b.key, a.key, at: position) {
                        merged.append(right.removeFirst())
                    } else {
                        merged.append(left.removeFirst())
                    }
                }
                merged += left
                merged += right
            }
            keyed = merged
            width *= 2
        }
        return keyed.map(\.item)
    }

    private func sum(_ a: Value, _ b: Value, at position: TemplatePosition) throws(TemplateError) -> Value {
        if let x = a.asInteger, let y = b.asInteger {
            let (total, overflow) = x.addingReportingOverflow(y)
            guard !overflow else { throw .type("an integer out of range", at: position) }
            return .integer(total)
        }
        guard let x = a.asNumber, let y = b.asNumber else { throw .type("sum of \(b.typeName)", at: position) }
        return .number(x + y)
    }
}
