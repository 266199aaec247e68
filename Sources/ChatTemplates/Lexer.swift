// Template source to tokens: text between tags, and the words inside them, with white-space control applied.
// trim_blocks and lstrip_blocks are on, as chat templates assume (Jinja documentation, "Whitespace Control").

struct Token {
    enum Kind: Equatable {
        case text
        case name
        case integer
        case number
        case string
        case symbol
        case openOutput, closeOutput
        case openBlock, closeBlock
        case end
    }

    var kind: Kind
    var text: Text
    var position: TemplatePosition
}

struct Lexer {
    private let source: Text
    private var offset = 0
    private var position = TemplatePosition(line: 1, column: 1)
    private var tokens: [Token] = []
    /// A tag just closed asked for the white space after it to go.
    private var stripNext = false
    private var atLineStart = true

    init(_ source: String) {
        var text = Text()
        var previous: Unicode.Scalar = " "
        for scalar in source.unicodeScalars {
            if scalar == "\r" {
                text.append("\n")
            } else if !(scalar == "\n" && previous == "\r") {
                text.append(TextScalar(scalar))
            }
            previous = scalar
        }
        if text.last == "\n" { text.removeLast() }
        self.source = text
    }

    static func tokens(of source: String) throws(TemplateError) -> [Token] {
        var lexer = Lexer(source)
        while lexer.offset < lexer.source.count { try lexer.readPart() }
        lexer.tokens.append(Token(kind: .end, text: [], position: lexer.position))
        return lexer.tokens
    }

    private func has(_ text: String, at index: Int) -> Bool {
        var index = index
        for scalar in text.unicodeScalars {
            guard index < source.count, source[index].scalar == scalar else { return false }
            index += 1
        }
        return true
    }

    private mutating func advance(_ count: Int) {
        for _ in 0..<count where offset < source.count {
            if source[offset] == "\n" {
                position.line += 1
                position.column = 1
            } else {
                position.column += 1
            }
            offset += 1
        }
    }

    /// Text up to the next tag, then the tag.
    private mutating func readPart() throws(TemplateError) {
        var end = offset
        while end < source.count, !(has("{{", at: end) || has("{%", at: end) || has("{#", at: end)) { end += 1 }
        let start = position
        var text = Text(source[offset..<end])
        advance(end - offset)
        if stripNext { text.removeFirst(text.prefix { $0.isPythonSpace }.count) }
        stripNext = false
        if end < source.count {
            trimEnd(of: &text, beforeTagAt: end)
        }
        if !text.isEmpty { tokens.append(Token(kind: .text, text: text, position: start)) }
        guard end < source.count else { return }
        switch source[end + 1] {
        case "#": try readComment()
        case "{": try readTag(open: .openOutput, close: .closeOutput, closing: "}}")
        default: try readTag(open: .openBlock, close: .closeBlock, closing: "%}")
        }
    }

    /// `{%-` strips all white space before the tag; otherwise a block or comment alone on its line loses its indentation.
    private func trimEnd(of text: inout Text, beforeTagAt tag: Int) {
        let mark = tag + 2 < source.count ? source[tag + 2] : " "
        if mark == "-" {
            while let last = text.last, last.isPythonSpace { text.removeLast() }
        } else if mark != "+", source[tag + 1] != "{" {
            let indentation = text.reversed().prefix { $0 != "\n" }
            let beginsLine = indentation.count < text.count || atLineStart
            if beginsLine, indentation.allSatisfy(\.isPythonSpace) { text.removeLast(indentation.count) }
        }
    }

    /// After `%}` and `#}` one line end is dropped, unless a mark says otherwise.
    private mutating func closeTag(mark: TextScalar?, trimsLine: Bool) {
        stripNext = mark == "-"
        atLineStart = false
        if trimsLine, mark == nil, offset < source.count, source[offset] == "\n" {
            advance(1)
            atLineStart = true
        }
    }

    private mutating func readComment() throws(TemplateError) {
        let start = position
        advance(2)
        while offset < source.count, !has("#}", at: offset) { advance(1) }
        guard offset < source.count else { throw .syntax("a comment that is never closed", at: start) }
        let last = source[offset - 1]
        advance(2)
        closeTag(mark: last == "-" || last == "+" ? last : nil, trimsLine: true)
    }

    private mutating func readTag(open: Token.Kind, close: Token.Kind, closing: String) throws(TemplateError) {
        let start = position
        let first = tokens.count
        advance(2)
        if offset < source.count, source[offset] == "-" || source[offset] == "+" { advance(1) }
        tokens.append(Token(kind: open, text: [], position: start))
        var brackets = 0
        while true {
            while offset < source.count, source[offset].isPythonSpace { advance(1) }
            guard offset < source.count else { throw .syntax("a tag that is never closed by \(closing)", at: start) }
            let marked = source[offset] == "-" || source[offset] == "+"
            if brackets == 0, has(closing, at: marked ? offset + 1 : offset) {
                let mark = marked ? source[offset] : nil
                tokens.append(Token(kind: close, text: [], position: position))
                advance(marked ? 3 : 2)
                closeTag(mark: mark, trimsLine: open == .openBlock)
                break
            }
            let token = try readWord()
            if token.kind == .symbol {
                if ["(", "[", "{"].contains(token.text[0]) { brackets += 1 }
                if [")", "]", "}"].contains(token.text[0]) { brackets = max(0, brackets - 1) }
            }
            tokens.append(token)
        }
        if open == .openBlock, tokens.count == first + 3, tokens[first + 1].text == Text("raw") {
            tokens.removeLast(3)
            try readRaw(from: start)
        }
    }

    /// Everything up to `{% endraw %}` is text.
    private mutating func readRaw(from start: TemplatePosition) throws(TemplateError) {
        let textStart = position
        let begin = offset
        while offset < source.count {
            if has("{%", at: offset) {
                var index = offset + 2
                while index < source.count, source[index].isPythonSpace || source[index] == "-" { index += 1 }
                if has("endraw", at: index) { break }
            }
            advance(1)
        }
        guard offset < source.count else { throw .syntax("raw without endraw", at: start) }
        var text = Text(source[begin..<offset])
        if stripNext { text.removeFirst(text.prefix { $0.isPythonSpace }.count) }
        trimEnd(of: &text, beforeTagAt: offset)
        tokens.append(Token(kind: .text, text: text, position: textStart))
        while offset < source.count, !has("%}", at: offset) { advance(1) }
        guard offset < source.count else { throw .syntax("endraw that is never closed", at: start) }
        let mark: TextScalar? = source[offset - 1] == "-" ? "-" : nil
        advance(2)
        closeTag(mark: mark, trimsLine: true)
    }

    private static let symbols = ["==", "!=", "<=", ">=", "//", "**"]

    private mutating func readWord() throws(TemplateError) -> Token {
        let start = position
        let scalar = source[offset]
        if scalar == "'" || scalar == "\"" { return try readString(quote: scalar) }
        if scalar.isDigit { return readNumber() }
        if scalar.isNameStart {
            let begin = offset
            while offset < source.count, source[offset].isNameStart || source[offset].isDigit { advance(1) }
            return Token(kind: .name, text: Text(source[begin..<offset]), position: start)
        }
        for symbol in Self.symbols where has(symbol, at: offset) {
            advance(2)
            return Token(kind: .symbol, text: Text(symbol), position: start)
        }
        guard Text("+-*/%~<>=.,:|()[]{}").contains(scalar) else {
            throw .syntax("unexpected character \"\(scalar.scalar)\"", at: start)
        }
        advance(1)
        return Token(kind: .symbol, text: [scalar], position: start)
    }

    private mutating func readNumber() -> Token {
        let start = position
        let begin = offset
        var kind = Token.Kind.integer
        while offset < source.count, source[offset].isDigit || source[offset] == "_" { advance(1) }
        if offset + 1 < source.count, source[offset] == ".", source[offset + 1].isDigit {
            kind = .number
            advance(1)
            while offset < source.count, source[offset].isDigit { advance(1) }
        }
        if offset + 1 < source.count, source[offset] == "e" || source[offset] == "E" {
            let signed = source[offset + 1] == "-" || source[offset + 1] == "+"
            let digit = offset + (signed ? 2 : 1)
            if digit < source.count, source[digit].isDigit {
                kind = .number
                advance(signed ? 2 : 1)
                while offset < source.count, source[offset].isDigit { advance(1) }
            }
        }
        return Token(kind: kind, text: Text(source[begin..<offset].filter { $0 != "_" }), position: start)
    }

    private mutating func readString(quote: TextScalar) throws(TemplateError) -> Token {
        let start = position
        advance(1)
        var text = Text()
        while offset < source.count, source[offset] != quote {
            if source[offset] == "\\", offset + 1 < source.count {
                advance(1)
                text += try readEscape()
            } else {
                text.append(source[offset])
                advance(1)
            }
        }
        guard offset < source.count else { throw .syntax("a string that is never closed", at: start) }
        advance(1)
        return Token(kind: .string, text: text, position: start)
    }

    private mutating func readEscape() throws(TemplateError) -> Text {
        let start = position
        let scalar = source[offset]
        advance(1)
        switch scalar {
        case "n": return ["\n"]
        case "r": return ["\r"]
        case "t": return ["\t"]
        case "b": return ["\u{8}"]
        case "f": return ["\u{c}"]
        case "v": return ["\u{b}"]
        case "a": return ["\u{7}"]
        case "0": return ["\0"]
        case "\\", "'", "\"": return [scalar]
        case "\n": return []
        case "x", "u", "U":
            let digits = scalar == "x" ? 2 : scalar == "u" ? 4 : 8
            let hex = Text(source[offset..<min(offset + digits, source.count)]).string
            guard hex.unicodeScalars.count == digits, let code = UInt32(hex, radix: 16),
                let found = Unicode.Scalar(code)
            else { throw .syntax("a broken \\\(scalar.scalar) escape", at: start) }
            advance(digits)
            return [TextScalar(found)]
        default: return ["\\", scalar]
        }
    }
}
