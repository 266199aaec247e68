// Evaluates expressions with Python's rules for arithmetic, comparison, membership and slices.

/// Arguments of a call after evaluation.
struct EvaluatedArguments {
    var positional: [Value] = []
    var named: [String: Value] = [:]

    /// The argument at `index`, or the one of that name.
    func value(_ index: Int, _ name: String) -> Value? {
        index < positional.count ? positional[index] : named[name]
    }
}

extension Interpreter {
    mutating func evaluate(_ arguments: Arguments) throws(TemplateError) -> EvaluatedArguments {
        var evaluated = EvaluatedArguments()
        for argument in arguments.positional { evaluated.positional.append(try evaluate(argument)) }
        for (name, value) in arguments.named { evaluated.named[name] = try evaluate(value) }
        return evaluated
    }

    mutating func evaluate(_ expression: Expression) throws(TemplateError) -> Value {
        let position = expression.position
        try charge(at: position)
        return try deeper(at: position) { i throws(TemplateError) in try i.evaluateInside(expression) }
    }

    private mutating func evaluateInside(_ expression: Expression) throws(TemplateError) -> Value {
        let position = expression.position
        switch expression.kind {
        case .literal(let literal): return literal.value
        case .name(let name): return lookup(name)
        case .list(let items):
            var values: [Value] = []
            for item in items { values.append(try evaluate(item)) }
            return .list(values)
        case .map(let pairs): return try mapping(pairs)
        case .member(let object, let name): return try member(name, of: try evaluate(object), at: position)
        case .item(let object, let key): return try item(try evaluate(key), of: try evaluate(object), at: position)
        case .slice(let object, let start, let end, let step):
            return try slice(try evaluate(object), try bound(start), try bound(end), try bound(step), at: position)
        case .call(let callee, let arguments): return try call(callee, arguments, at: position)
        case .filter(let value, let name, let arguments):
            return try apply(filter: name, to: try evaluate(value), try evaluate(arguments), at: position)
        case .test(let value, let name, let arguments, let negated):
            let holds = try apply(
                test: name, to: try evaluate(value), try evaluate(arguments).positional, at: position)
            return .bool(holds != negated)
        case .unary(let op, let value): return try unary(op, try evaluate(value), at: position)
        case .binary(let op, let left, let right): return try binary(op, left, right, at: position)
        case .comparison(let first, let parts): return try comparison(first, parts, at: position)
        case .conditional(let condition, let then, let otherwise):
            if try evaluate(condition).isTrue { return try evaluate(then) }
            guard let otherwise else { return .undefined("the missing else") }
            return try evaluate(otherwise)
        }
    }

    private mutating func mapping(_ pairs: [(key: Expression, value: Expression)]) throws(TemplateError) -> Value {
        var map = OrderedMap()
        for (key, value) in pairs {
            guard case .string(let text) = try evaluate(key) else {
                throw .unsupported("a mapping key that is not a string", at: key.position)
            }
            map[text] = try evaluate(value)
        }
        return .map(map)
    }

    private mutating func bound(_ expression: Expression?) throws(TemplateError) -> Int? {
        guard let expression else { return nil }
        switch try evaluate(expression) {
        case .integer(let value): return value
        case .none: return nil
        case let other: throw .type("a slice bound is \(other.typeName)", at: expression.position)
        }
    }

    // MARK: Members and items

    func member(_ name: String, of object: Value, at position: TemplatePosition) throws(TemplateError) -> Value {
        switch object {
        case .undefined(let missing): throw .undefined("\(missing), whose member \(name) is asked for,", at: position)
        case .map(let map): return map[Text(name)] ?? .undefined(name)
        case .namespace(let space): return space.members[Text(name)] ?? .undefined(name)
        default: return .undefined(name)
        }
    }

    private func item(_ key: Value, of object: Value, at position: TemplatePosition) throws(TemplateError) -> Value {
        switch (object, key) {
        case (.undefined(let missing), _): throw .undefined("\(missing), of which an item is asked for,", at: position)
        case (.map(let map), .string(let name)): return map[name] ?? .undefined(name.string)
        case (.namespace(let space), .string(let name)): return space.members[name] ?? .undefined(name.string)
        case (.list(let items), .integer(let index)):
            let at = index < 0 ? index + items.count : index
            return items.indices.contains(at) ? items[at] : .undefined("item \(index)")
        case (.string(let text), .integer(let index)):
            let at = index < 0 ? index + text.count : index
            return text.indices.contains(at) ? .string([text[at]]) : .undefined("character \(index)")
        default: return .undefined(key.printed.string)
        }
    }

    private mutating func slice(
        _ object: Value, _ start: Int?, _ end: Int?, _ step: Int?, at position: TemplatePosition
    )
        throws(TemplateError) -> Value
    {
        let step = step ?? 1
        guard step != 0 else { throw .type("a slice with step 0", at: position) }
        switch object {
        case .list(let items): return .list(Self.slice(items, start, end, step))
        case .string(let text): return .string(Self.slice(text, start, end, step))
        case .undefined(let name): throw .undefined(name, at: position)
        default: throw .type("\(object.typeName) cannot be sliced", at: position)
        }
    }

    /// Python's slice: bounds clamped, negative ones counted from the end.
    private static func slice<T>(_ items: [T], _ start: Int?, _ end: Int?, _ step: Int) -> [T] {
        let count = items.count
        let low = step > 0 ? 0 : -1
        let high = step > 0 ? count : count - 1
        func clamped(_ bound: Int?, _ fallback: Int) -> Int {
            guard let bound else { return fallback }
            return min(max(bound < 0 ? max(bound, -count - 1) + count : bound, low), high)
        }
        let first = clamped(start, step > 0 ? 0 : count - 1)
        let last = clamped(end, step > 0 ? count : -1)
        return stride(from: first, to: last, by: step).map { items[$0] }
    }

    // MARK: Operators

    private mutating func unary(_ op: String, _ value: Value, at position: TemplatePosition) throws(TemplateError)
        -> Value
    {
        if op == "not" { return .bool(!value.isTrue) }
        if let integer = value.asInteger {
            if op == "+" { return .integer(integer) }
            let (negated, overflow) = 0.subtractingReportingOverflow(integer)
            guard !overflow else { throw .type("an integer out of range", at: position) }
            return .integer(negated)
        }
        guard let number = value.asNumber else { throw .type("\(op) of \(value.typeName)", at: position) }
        return .number(op == "-" ? -number : number)
    }

    private mutating func binary(_ op: String, _ left: Expression, _ right: Expression, at position: TemplatePosition)
        throws(TemplateError) -> Value
    {
        let a = try evaluate(left)
        if op == "and" { return a.isTrue ? try evaluate(right) : a }
        if op == "or" { return a.isTrue ? a : try evaluate(right) }
        let b = try evaluate(right)
        switch (op, a, b) {
        case ("~", _, _): return try joined(a.printed, b.printed, at: position)
        case ("+", .string(let x), .string(let y)): return try joined(x, y, at: position)
        case ("+", .list(let x), .list(let y)):
            try charge(x.count + y.count, at: position)
            return .list(x + y)
        case ("*", .string(let text), .integer(let count)), ("*", .integer(let count), .string(let text)):
            let (size, overflow) = text.count.multipliedReportingOverflow(by: max(0, count))
            try charge(overflow ? Int.max : size, at: position)
            return .string(Text(repeatElement(text, count: max(0, count)).joined()))
        case ("%", .string, _): throw .unsupported("the % format operator", at: position)
        default: return try arithmetic(op, a, b, at: position)
        }
    }

    private mutating func joined(_ a: Text, _ b: Text, at position: TemplatePosition) throws(TemplateError) -> Value {
        try charge(a.count + b.count, at: position)
        return .string(a + b)
    }

    private func arithmetic(_ op: String, _ a: Value, _ b: Value, at position: TemplatePosition) throws(TemplateError)
        -> Value
    {
        if let x = a.asInteger, let y = b.asInteger, let value = try integers(op, x, y, at: position) {
            return .integer(value)
        }
        guard let x = a.asNumber, let y = b.asNumber else {
            throw .type("\(a.typeName) \(op) \(b.typeName)", at: position)
        }
        switch op {
        case "+": return .number(x + y)
        case "-": return .number(x - y)
        case "*": return .number(x * y)
        case "**": return .number(Floats.power(x, y))
        default: break
        }
        guard y != 0 else { throw .type("division by zero", at: position) }
        switch op {
        case "/": return .number(x / y)
        case "//": return .number((x / y).rounded(.down))
        default: return .number(x - y * (x / y).rounded(.down))
        }
    }

    /// Integer results; nil where Python gives a float.
    private func integers(_ op: String, _ x: Int, _ y: Int, at position: TemplatePosition) throws(TemplateError) -> Int?
    {
        var result: (partialValue: Int, overflow: Bool)
        switch op {
        case "+": result = x.addingReportingOverflow(y)
        case "-": result = x.subtractingReportingOverflow(y)
        case "*": result = x.multipliedReportingOverflow(by: y)
        case "//", "%":
            guard y != 0 else { throw .type("division by zero", at: position) }
            result = x.dividedReportingOverflow(by: y)
            let rest = result.overflow ? 0 : x - result.partialValue * y
            let below = rest != 0 && (rest < 0) != (y < 0)
            if op == "%" { return below ? rest + y : rest }
            if below { result.partialValue -= 1 }
        case "**":
            guard y >= 0 else { return nil }
            result = (1, false)
            for _ in 0..<min(y, 64) where !result.overflow {
                result = result.partialValue.multipliedReportingOverflow(by: x)
            }
            if y > 64, !(-1...1).contains(x) { result.overflow = true }
            if y > 64, x == -1 { result.partialValue = y % 2 == 0 ? 1 : -1 }
        default: return nil
        }
        guard !result.overflow else { throw .type("an integer out of range", at: position) }
        return result.partialValue
    }

    private mutating func comparison(
        _ first: Expression, _ parts: [(op: String, Expression)], at position: TemplatePosition
    ) throws(TemplateError) -> Value {
        var left = try evaluate(first)
        for (op, expression) in parts {
            let right = try evaluate(expression)
            guard try compare(op, left, right, at: position) else { return .bool(false) }
            left = right
        }
        return .bool(true)
    }

    mutating func compare(_ op: String, _ a: Value, _ b: Value, at position: TemplatePosition) throws(TemplateError)
        -> Bool
    {
        switch op {
        case "==": return a == b
        case "!=": return a != b
        case "in": return try contains(b, a, at: position)
        case "not in": return !(try contains(b, a, at: position))
        default:
            let ascending = try isLess(op == "<" || op == ">=" ? a : b, op == "<" || op == ">=" ? b : a, at: position)
            return op == "<" || op == ">" ? ascending : !ascending
        }
    }

    func isLess(_ a: Value, _ b: Value, at position: TemplatePosition) throws(TemplateError) -> Bool {
        if let x = a.asNumber, let y = b.asNumber { return x < y }
        switch (a, b) {
        case (.string(let x), .string(let y)): return x.lexicographicallyPrecedes(y) { $0.value < $1.value }
        case (.list(let x), .list(let y)):
            for (p, q) in zip(x, y) where p != q { return try isLess(p, q, at: position) }
            return x.count < y.count
        default: throw .type("\(a.typeName) and \(b.typeName) have no order", at: position)
        }
    }

    mutating func contains(_ container: Value, _ value: Value, at position: TemplatePosition) throws(TemplateError)
        -> Bool
    {
        switch container {
        case .list(let items):
            try charge(items.count, at: position)
            return items.contains(value)
        case .map(let map):
            guard case .string(let key) = value else { return false }
            return map[key] != nil
        case .string(let text):
            guard case .string(let part) = value else {
                throw .type("\(value.typeName) in a string", at: position)
            }
            try charge(text.count, at: position)
            return text.firstRange(of: part, from: 0) != nil
        case .undefined: return false
        default: throw .type("membership in \(container.typeName)", at: position)
        }
    }
}
