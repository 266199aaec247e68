// Expressions by precedence, lowest first: conditional, or, and, not, comparison, + -, ~, * / // %, **, unary, postfix,
// filters and tests (Jinja documentation, "Expressions").

extension Parser {
    /// An expression, or several with commas between them: a tuple, which is a list here.
    mutating func tupleOrExpression() throws(TemplateError) -> Expression {
        let first = try expression()
        guard isSymbol(",") else { return first }
        var items = [first]
        while take(symbol: ",") {
            if current.kind == .closeBlock || current.kind == .closeOutput { break }
            items.append(try expression())
        }
        return Expression(.list(items), at: first.position)
    }

    mutating func expression() throws(TemplateError) -> Expression {
        try nested { p throws(TemplateError) in
            let value = try p.disjunction()
            guard p.take(name: "if") else { return value }
            let condition = try p.disjunction()
            let otherwise = p.take(name: "else") ? try p.expression() : nil
            return Expression(.conditional(condition: condition, then: value, otherwise: otherwise), at: value.position)
        }
    }

    mutating func disjunction() throws(TemplateError) -> Expression {
        var left = try conjunction()
        while take(name: "or") { left = Expression(.binary("or", left, try conjunction()), at: left.position) }
        return left
    }

    private mutating func conjunction() throws(TemplateError) -> Expression {
        var left = try negation()
        while take(name: "and") { left = Expression(.binary("and", left, try negation()), at: left.position) }
        return left
    }

    private mutating func negation() throws(TemplateError) -> Expression {
        let position = current.position
        guard take(name: "not") else { return try comparison() }
        return try nested { p throws(TemplateError) in Expression(.unary("not", try p.negation()), at: position) }
    }

    private mutating func comparison() throws(TemplateError) -> Expression {
        let first = try sum()
        var parts: [(op: String, Expression)] = []
        while let op = comparisonOperator() { parts.append((op, try sum())) }
        return parts.isEmpty ? first : Expression(.comparison(first, parts), at: first.position)
    }

    private mutating func comparisonOperator() -> String? {
        for symbol in ["==", "!=", "<=", ">=", "<", ">"] where take(symbol: symbol) { return symbol }
        if take(name: "in") { return "in" }
        if isName("not"), index + 1 < tokens.count, tokens[index + 1].text == Text("in") {
            index += 2
            return "not in"
        }
        return nil
    }

    private mutating func leftToRight(
        _ symbols: [String], _ operand: (inout Parser) throws(TemplateError) -> Expression
    ) throws(TemplateError) -> Expression {
        var left = try operand(&self)
        while current.kind == .symbol, let op = symbols.first(where: { Text($0) == current.text }) {
            index += 1
            left = Expression(.binary(op, left, try operand(&self)), at: left.position)
        }
        return left
    }

    private mutating func sum() throws(TemplateError) -> Expression {
        try leftToRight(["+", "-"]) { p throws(TemplateError) in
            try p.leftToRight(["~"]) { p throws(TemplateError) in
                try p.leftToRight(["*", "/", "//", "%"]) { p throws(TemplateError) in try p.power() }
            }
        }
    }

    /// The sign binds tighter than the power: -2 ** 2 is 4, as in Jinja and unlike Python.
    private mutating func power() throws(TemplateError) -> Expression {
        var value = try unary(filters: true)
        while take(symbol: "**") {
            value = Expression(.binary("**", value, try unary(filters: true)), at: value.position)
        }
        return value
    }

    private mutating func unary(filters: Bool) throws(TemplateError) -> Expression {
        let position = current.position
        for sign in ["-", "+"] where take(symbol: sign) {
            let value = try nested { p throws(TemplateError) in try p.unary(filters: false) }
            let signed = Expression(.unary(sign, value), at: position)
            return filters ? try filtersAndTests(of: signed) : signed
        }
        let value = try postfix(of: try primary())
        return filters ? try filtersAndTests(of: value) : value
    }

    private mutating func primary() throws(TemplateError) -> Expression {
        let token = next()
        let position = token.position
        switch token.kind {
        case .name:
            switch token.text.string {
            case "true", "True": return Expression(.literal(.bool(true)), at: position)
            case "false", "False": return Expression(.literal(.bool(false)), at: position)
            case "none", "None": return Expression(.literal(.none), at: position)
            case let name: return Expression(.name(name), at: position)
            }
        case .integer:
            guard let value = Int(token.text.string) else { throw .syntax("a number out of range", at: position) }
            return Expression(.literal(.integer(value)), at: position)
        case .number:
            guard let value = Double(token.text.string) else { throw .syntax("a broken number", at: position) }
            return Expression(.literal(.number(value)), at: position)
        case .string:
            var text = token.text
            while current.kind == .string { text += next().text }
            return Expression(.literal(.string(text)), at: position)
        case .symbol:
            switch token.text.string {
            case "(": return try parenthesised(at: position)
            case "[": return Expression(.list(try items(until: "]")), at: position)
            case "{": return try mapping(at: position)
            default: break
            }
        default: break
        }
        index -= current.kind == .end && token.kind == .end ? 0 : 1
        throw unexpected("an expression")
    }

    private mutating func parenthesised(at position: TemplatePosition) throws(TemplateError) -> Expression {
        if take(symbol: ")") { return Expression(.list([]), at: position) }
        let first = try expression()
        if take(symbol: ")") { return first }
        try expect(symbol: ",")
        return Expression(.list([first] + (try items(until: ")"))), at: position)
    }

    private mutating func items(until close: String) throws(TemplateError) -> [Expression] {
        var items: [Expression] = []
        while !isSymbol(close) {
            items.append(try expression())
            if !take(symbol: ",") { break }
        }
        try expect(symbol: close)
        return items
    }

    private mutating func mapping(at position: TemplatePosition) throws(TemplateError) -> Expression {
        var pairs: [(key: Expression, value: Expression)] = []
        while !isSymbol("}") {
            let key = try expression()
            try expect(symbol: ":")
            pairs.append((key, try expression()))
            if !take(symbol: ",") { break }
        }
        try expect(symbol: "}")
        return Expression(.map(pairs), at: position)
    }

    private mutating func postfix(of start: Expression) throws(TemplateError) -> Expression {
        var value = start
        while true {
            let position = current.position
            if take(symbol: ".") {
                guard current.kind == .name || current.kind == .integer else { throw unexpected("a name") }
                let token = next()
                if token.kind == .integer {
                    guard let item = Int(token.text.string) else {
                        throw .syntax("a number out of range", at: position)
                    }
                    value = Expression(.item(value, Expression(.literal(.integer(item)), at: position)), at: position)
                } else {
                    value = Expression(.member(value, token.text.string), at: position)
                }
            } else if take(symbol: "[") {
                value = try subscripted(value, at: position)
            } else if isSymbol("(") {
                value = Expression(.call(value, try arguments()), at: position)
            } else {
                return value
            }
        }
    }

    private mutating func subscripted(_ value: Expression, at position: TemplatePosition) throws(TemplateError)
        -> Expression
    {
        var parts: [Expression?] = []
        var colons = 0
        var part: Expression?
        while !isSymbol("]") {
            if take(symbol: ":") {
                colons += 1
                parts.append(part)
                part = nil
            } else {
                guard part == nil else { throw unexpected("\"]\"") }
                part = try expression()
            }
        }
        try expect(symbol: "]")
        parts.append(part)
        if colons == 0 {
            guard let item = part else { throw .syntax("an empty subscript", at: position) }
            return Expression(.item(value, item), at: position)
        }
        guard colons <= 2 else { throw .syntax("a slice with more than three parts", at: position) }
        return Expression(
            .slice(value, start: parts[0], end: parts[1], step: parts.count > 2 ? parts[2] : nil), at: position)
    }

    mutating func arguments() throws(TemplateError) -> Arguments {
        var arguments = Arguments()
        try expect(symbol: "(")
        while !isSymbol(")") {
            if isSymbol("*") || isSymbol("**") { throw .unsupported("unpacking of arguments", at: current.position) }
            if current.kind == .name, index + 1 < tokens.count, tokens[index + 1].kind == .symbol,
                tokens[index + 1].text == Text("=")
            {
                let name = next().text.string
                index += 1
                arguments.named.append((name, try expression()))
            } else {
                arguments.positional.append(try expression())
            }
            if !take(symbol: ",") { break }
        }
        try expect(symbol: ")")
        return arguments
    }

    private mutating func filtersAndTests(of start: Expression) throws(TemplateError) -> Expression {
        var value = start
        while true {
            let position = current.position
            if take(symbol: "|") {
                let name = try expectName()
                value = Expression(.filter(value, name, isSymbol("(") ? try arguments() : Arguments()), at: position)
            } else if take(name: "is") {
                let negated = take(name: "not")
                let name = try expectName()
                value = Expression(.test(value, name, try testArguments(), negated: negated), at: position)
            } else if isSymbol("(") {
                value = Expression(.call(value, try arguments()), at: position)
            } else {
                return value
            }
        }
    }

    /// A test takes its argument with or without parentheses: `is divisibleby 3`.
    private mutating func testArguments() throws(TemplateError) -> Arguments {
        if isSymbol("(") { return try arguments() }
        let startsValue: Bool =
            switch current.kind {
            case .name: !["and", "or", "not", "else", "is", "if", "in"].contains(current.text.string)
            case .integer, .number, .string: true
            case .symbol: isSymbol("[") || isSymbol("{")
            default: false
            }
        guard startsValue else { return Arguments() }
        return Arguments(positional: [try postfix(of: try primary())])
    }
}
