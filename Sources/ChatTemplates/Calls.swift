// Calls: the language's functions, and methods of strings, lists and mappings. Nothing of the host can be reached.

extension Interpreter {
    static let functions: Set<String> = ["raise_exception", "strftime_now", "range", "namespace", "dict"]

    mutating func call(_ callee: Expression, _ arguments: Arguments, at position: TemplatePosition)
        throws(TemplateError) -> Value
    {
        if case .member(let object, let name) = callee.kind {
            let value = try evaluate(object)
            let given = try evaluate(arguments)
            if case .namespace(let space) = value, case .macro(let macro)? = space.members[Text(name)] {
                return try call(macro, given, at: position)
            }
            return try method(name, of: value, given, at: position)
        }
        let target = try evaluate(callee)
        let given = try evaluate(arguments)
        switch target {
        case .macro(let macro):
            return try deeper(at: position) { i throws(TemplateError) in try i.call(macro, given, at: position) }
        case .function(let name): return try function(name, given, at: position)
        case .undefined(let name): throw .undefined("the function \(name)", at: position)
        default: throw .type("\(target.typeName) is not callable", at: position)
        }
    }

    private mutating func function(_ name: String, _ arguments: EvaluatedArguments, at position: TemplatePosition)
        throws(TemplateError) -> Value
    {
        switch name {
        case "raise_exception":
            throw .raised((arguments.value(0, "message") ?? .string("")).printed.string)
        case "strftime_now":
            let format = try text(arguments.value(0, "format"), "strftime_now", at: position)
            try charge(format.count * 16, at: position)
            return .string(Text(now.formatted(format.string)))
        case "range": return try range(arguments, at: position)
        case "namespace":
            let space = Namespace()
            if case .map(let map)? = arguments.positional.first { space.members = map }
            for (key, value) in arguments.named { space.members[Text(key)] = value }
            return .namespace(space)
        default:
            var map = OrderedMap()
            if case .map(let given)? = arguments.positional.first { map = given }
            for key in arguments.named.keys.sorted() { map[Text(key)] = arguments.named[key] }
            return .map(map)
        }
    }

    private mutating func range(_ arguments: EvaluatedArguments, at position: TemplatePosition) throws(TemplateError)
        -> Value
    {
        let bounds = arguments.positional.compactMap(\.asInteger)
        guard bounds.count == arguments.positional.count, (1...3).contains(bounds.count) else {
            throw .type("range wants one to three integers", at: position)
        }
        let start = bounds.count > 1 ? bounds[0] : 0
        let end = bounds.count > 1 ? bounds[1] : bounds[0]
        let step = bounds.count > 2 ? bounds[2] : 1
        guard step != 0 else { throw .type("range with step 0", at: position) }
        let (distance, overflow) = end.subtractingReportingOverflow(start)
        let steps = overflow || step == Int.min ? Int.max : abs(distance == Int.min ? Int.max : distance) / abs(step)
        try charge(steps, at: position)
        return .list(stride(from: start, to: end, by: step).map { .integer($0) })
    }

    // MARK: Methods

    private mutating func method(
        _ name: String, of object: Value, _ arguments: EvaluatedArguments, at position: TemplatePosition
    ) throws(TemplateError) -> Value {
        switch object {
        case .string(let text): return try method(name, of: text, arguments, at: position)
        case .map(let map):
            if let found = map[Text(name)], case .macro(let macro) = found {
                return try call(macro, arguments, at: position)
            }
            return try method(name, of: map, arguments, at: position)
        case .namespace(let space): return try method(name, of: space.members, arguments, at: position)
        case .list(let items):
            switch (name, arguments.positional.first) {
            case ("index", .some(let value)):
                guard let index = items.firstIndex(of: value) else { throw .type("not in the list", at: position) }
                return .integer(index)
            case ("count", .some(let value)): return .integer(items.filter { $0 == value }.count)
            default: throw .unsupported("the list method \(name)", at: position)
            }
        case .undefined(let missing): throw .undefined("\(missing), whose method \(name) is called,", at: position)
        default: throw .unsupported("the method \(name) of \(object.typeName)", at: position)
        }
    }

    private mutating func method(
        _ name: String, of map: OrderedMap, _ arguments: EvaluatedArguments, at position: TemplatePosition
    ) throws(TemplateError) -> Value {
        try charge(map.count, at: position)
        switch name {
        case "items": return .list(map.items.map { .list([.string($0.key), $0.value]) })
        case "keys": return .list(map.keys.map { .string($0) })
        case "values": return .list(map.items.map(\.value))
        case "get":
            guard case .string(let key)? = arguments.positional.first else {
                return arguments.value(1, "default") ?? .none
            }
            return map[key] ?? arguments.value(1, "default") ?? .none
        case "cycle":
            guard let index = map[Text("index0")]?.asInteger, !arguments.positional.isEmpty else {
                throw .type("cycle wants values inside a loop", at: position)
            }
            return arguments.positional[index % arguments.positional.count]
        default: throw .unsupported("the mapping method \(name)", at: position)
        }
    }

    private mutating func method(
        _ name: String, of text: Text, _ arguments: EvaluatedArguments, at position: TemplatePosition
    ) throws(TemplateError) -> Value {
        try charge(text.count, at: position)
        let first = arguments.positional.first
        let set: Text? = first.flatMap { value in
            if case .string(let text) = value { text } else { nil }
        }
        switch name {
        case "strip": return .string(text.stripped(set))
        case "lstrip": return .string(text.stripped(set, right: false))
        case "rstrip": return .string(text.stripped(set, left: false))
        case "upper": return .string(text.uppercased)
        case "lower": return .string(text.lowercased)
        case "title": return .string(text.titled)
        case "capitalize": return .string(text.capitalized)
        case "startswith", "endswith":
            let parts: [Value] = if case .list(let items)? = first { items } else { [first ?? .undefined("prefix")] }
            for part in parts {
                let part = try self.text(part, name, at: position)
                if name == "startswith" ? text.starts(with: part) : text.hasSuffix(part) { return .bool(true) }
            }
            return .bool(false)
        case "split":
            if let set, set.isEmpty { throw .type("split with an empty separator", at: position) }
            let limit = arguments.value(1, "maxsplit")?.asInteger ?? -1
            return .list(text.split(at: set, limit: limit).map { .string($0) })
        case "splitlines": return .list(text.split(at: ["\n"], limit: -1).map { .string($0) })
        case "replace":
            guard arguments.positional.count >= 2 else { throw .type("replace wants two strings", at: position) }
            let new = try self.text(arguments.positional[1], name, at: position)
            return try replace(text, set ?? [], new, limit: arguments.value(2, "count")?.asInteger ?? -1, at: position)
        case "find": return .integer(text.firstRange(of: set ?? [], from: 0)?.lowerBound ?? -1)
        case "count": return .integer(text.occurrences(of: set ?? []))
        case "join":
            return try join(try elements(of: first ?? .list([]), at: position), text, at: position)
        default: throw .unsupported("the string method \(name)", at: position)
        }
    }

    // MARK: Shared with filters

    mutating func replace(_ text: Text, _ old: Text, _ new: Text, limit: Int, at position: TemplatePosition)
        throws(TemplateError) -> Value
    {
        let places = old.isEmpty ? text.count + 1 : text.occurrences(of: old)
        let (size, overflow) = places.multipliedReportingOverflow(by: new.count)
        try charge(overflow || size > limits.output ? Int.max : text.count + size, at: position)
        return .string(text.replacing(old, with: new, limit: limit))
    }

    mutating func join(_ items: [Value], _ separator: Text, at position: TemplatePosition) throws(TemplateError)
        -> Value
    {
        var out = Text()
        for (index, item) in items.enumerated() {
            if index > 0 { out += separator }
            out += item.printed
            guard out.count <= limits.output else { throw .limit("a joined text too long", at: position) }
        }
        try charge(out.count, at: position)
        return .string(out)
    }

    func text(_ value: Value?, _ name: String, at position: TemplatePosition) throws(TemplateError) -> Text {
        guard case .string(let text)? = value else {
            throw .type("\(name) wants a string, not \((value ?? .undefined("")).typeName)", at: position)
        }
        return text
    }
}
