// Tokens to statements. Blocks end at the word that closes them; whatever is not in the subset is refused by name.

/// Reads a template: recursive descent with a bound on nesting.
struct Parser {
    let tokens: [Token]
    var index = 0
    var depth = 0
    let nesting: Int

    static func statements(of source: String, nesting: Int) throws(TemplateError) -> [Statement] {
        var parser = Parser(tokens: try Lexer.tokens(of: source), nesting: nesting)
        let (body, end) = try parser.body(until: [])
        if let end { throw .syntax("\(end.text.string) without a beginning", at: end.position) }
        return body
    }

    var current: Token { tokens[index] }

    mutating func next() -> Token {
        let token = tokens[index]
        if index + 1 < tokens.count { index += 1 }
        return token
    }

    func isSymbol(_ symbol: String) -> Bool { current.kind == .symbol && current.text == Text(symbol) }
    func isName(_ name: String) -> Bool { current.kind == .name && current.text == Text(name) }

    mutating func take(symbol: String) -> Bool {
        guard isSymbol(symbol) else { return false }
        index += 1
        return true
    }

    mutating func take(name: String) -> Bool {
        guard isName(name) else { return false }
        index += 1
        return true
    }

    mutating func expect(symbol: String) throws(TemplateError) {
        guard take(symbol: symbol) else { throw unexpected("\"\(symbol)\"") }
    }

    mutating func expectName() throws(TemplateError) -> String {
        guard current.kind == .name else { throw unexpected("a name") }
        return next().text.string
    }

    func unexpected(_ expected: String) -> TemplateError {
        let found: String =
            switch current.kind {
            case .end: "the end of the template"
            case .closeBlock, .closeOutput: "the end of the tag"
            default: "\"\(current.text.string)\""
            }
        return .syntax("expected \(expected), found \(found)", at: current.position)
    }

    /// Runs one level deeper, within the bound.
    mutating func nested<T>(_ work: (inout Parser) throws(TemplateError) -> T) throws(TemplateError) -> T {
        depth += 1
        guard depth <= nesting else { throw .limit("nested deeper than \(nesting)", at: current.position) }
        defer { depth -= 1 }
        return try work(&self)
    }

    /// Statements until a tag that begins with one of `words`, whose opening and word are consumed.
    mutating func body(until words: [String]) throws(TemplateError) -> ([Statement], end: Token?) {
        var statements: [Statement] = []
        while current.kind != .end {
            let token = next()
            switch token.kind {
            case .text: statements.append(Statement(.text(token.text), at: token.position))
            case .openOutput:
                let value = try tupleOrExpression()
                guard current.kind == .closeOutput else { throw unexpected("}}") }
                index += 1
                statements.append(Statement(.output(value), at: token.position))
            default:
                guard current.kind == .name else { throw unexpected("a statement") }
                if words.contains(current.text.string) || Self.closers.contains(current.text.string) {
                    guard words.contains(current.text.string) else { return (statements, current) }
                    return (statements, next())
                }
                statements.append(try nested { p throws(TemplateError) in try p.statement(at: token.position) })
            }
        }
        return (statements, nil)
    }

    private static let closers = [
        "elif", "else", "endif", "endfor", "endset", "endmacro", "endfilter", "endgeneration", "endcall", "endblock",
    ]

    /// A body that must be closed by one of `words`; the closing word is returned, its tag still open.
    mutating func closedBody(_ words: [String], of name: String, at position: TemplatePosition) throws(TemplateError)
        -> (
            [Statement], String
        )
    {
        let (statements, end) = try body(until: words)
        guard let end, words.contains(end.text.string) else {
            if let end { throw .syntax("\(end.text.string) inside \(name)", at: end.position) }
            throw .syntax("\(name) is never closed", at: position)
        }
        return (statements, end.text.string)
    }

    mutating func endTag() throws(TemplateError) {
        guard current.kind == .closeBlock else { throw unexpected("%}") }
        index += 1
    }

    private mutating func statement(at position: TemplatePosition) throws(TemplateError) -> Statement {
        let word = next().text.string
        switch word {
        case "if": return try conditional(at: position)
        case "for": return try loop(at: position)
        case "set": return try assignment(at: position)
        case "macro": return try macro(at: position)
        case "filter":
            let filters = try filterChain()
            try endTag()
            let (inside, _) = try closedBody(["endfilter"], of: "filter", at: position)
            try endTag()
            return Statement(.filtered(filters, body: inside), at: position)
        case "generation":
            try endTag()
            let (inside, _) = try closedBody(["endgeneration"], of: "generation", at: position)
            try endTag()
            return Statement(.block(inside), at: position)
        case "break":
            try endTag()
            return Statement(.breakLoop, at: position)
        case "continue":
            try endTag()
            return Statement(.continueLoop, at: position)
        default: throw .unsupported("the statement \"\(word)\"", at: position)
        }
    }

    private mutating func conditional(at position: TemplatePosition) throws(TemplateError) -> Statement {
        var branches: [(condition: Expression, body: [Statement])] = []
        var otherwise: [Statement] = []
        var word = "elif"
        while word == "elif" {
            let condition = try expression()
            try endTag()
            let (inside, end) = try closedBody(["elif", "else", "endif"], of: "if", at: position)
            branches.append((condition, inside))
            word = end
        }
        if word == "else" {
            try endTag()
            (otherwise, _) = try closedBody(["endif"], of: "if", at: position)
        }
        try endTag()
        return Statement(.conditional(branches, otherwise: otherwise), at: position)
    }

    private mutating func loop(at position: TemplatePosition) throws(TemplateError) -> Statement {
        let parenthesised = take(symbol: "(")
        var variables = [try expectName()]
        while take(symbol: ",") { variables.append(try expectName()) }
        if parenthesised { try expect(symbol: ")") }
        guard take(name: "in") else { throw unexpected("\"in\"") }
        let sequence = try disjunction()
        var condition: Expression?
        if take(name: "if") { condition = try expression() }
        if isName("recursive") { throw .unsupported("a recursive loop", at: current.position) }
        try endTag()
        var (inside, word) = try closedBody(["else", "endfor"], of: "for", at: position)
        var otherwise: [Statement] = []
        if word == "else" {
            try endTag()
            (otherwise, word) = try closedBody(["endfor"], of: "for", at: position)
        }
        try endTag()
        let loop = Statement.Loop(
            variables: variables, sequence: sequence, condition: condition, body: inside, otherwise: otherwise)
        return Statement(.loop(loop), at: position)
    }

    private mutating func assignment(at position: TemplatePosition) throws(TemplateError) -> Statement {
        var names = [try expectName()]
        var target: Statement.Target
        if take(symbol: ".") {
            target = .member(names[0], try expectName())
        } else {
            while take(symbol: ",") { names.append(try expectName()) }
            target = .names(names)
        }
        if take(symbol: "=") {
            let value = try tupleOrExpression()
            try endTag()
            return Statement(.assign(target, value), at: position)
        }
        let filters = isSymbol("|") ? try { p throws(TemplateError) in try p.pipedFilters() }(&self) : []
        try endTag()
        let (inside, _) = try closedBody(["endset"], of: "set", at: position)
        try endTag()
        return Statement(.capture(target, filters: filters, body: inside), at: position)
    }

    private mutating func pipedFilters() throws(TemplateError) -> [(name: String, Arguments)] {
        try expect(symbol: "|")
        return try filterChain()
    }

    private mutating func filterChain() throws(TemplateError) -> [(name: String, Arguments)] {
        var filters: [(name: String, Arguments)] = []
        repeat {
            let name = try expectName()
            filters.append((name, isSymbol("(") ? try arguments() : Arguments()))
        } while take(symbol: "|")
        return filters
    }

    private mutating func macro(at position: TemplatePosition) throws(TemplateError) -> Statement {
        let name = try expectName()
        try expect(symbol: "(")
        var parameters: [(name: String, fallback: Expression?)] = []
        while !isSymbol(")") {
            let parameter = try expectName()
            parameters.append((parameter, take(symbol: "=") ? try expression() : nil))
            if !take(symbol: ",") { break }
        }
        try expect(symbol: ")")
        try endTag()
        let (inside, _) = try closedBody(["endmacro"], of: "macro \(name)", at: position)
        try endTag()
        return Statement(.macro(name: name, parameters: parameters, body: inside), at: position)
    }
}
