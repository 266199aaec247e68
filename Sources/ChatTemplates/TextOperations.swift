// Python's string operations on arrays of Unicode scalars: search, split, strip, case, replacement.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension Array where Element == TextScalar {
    /// The first place of `part` at or after `start`; an empty part is found at once.
    func firstRange(of part: Text, from start: Int) -> Range<Int>? {
        guard let first = part.first else { return start..<start }
        var index = start
        while index + part.count <= count {
            if self[index] == first, self[index..<index + part.count].elementsEqual(part) {
                return index..<index + part.count
            }
            index += 1
        }
        return nil
    }

    func hasSuffix(_ part: Text) -> Bool { count >= part.count && self[(count - part.count)...].elementsEqual(part) }

    func stripped(_ characters: Text?, left: Bool = true, right: Bool = true) -> Text {
        let goes: (TextScalar) -> Bool = characters.map { set in { set.contains($0) } } ?? \.isPythonSpace
        let start = left ? firstIndex { !goes($0) } ?? count : 0
        let end = right ? (lastIndex { !goes($0) } ?? -1) + 1 : count
        return start < end ? Text(self[start..<end]) : []
    }

    /// At most `limit` cuts at `separator`; without a separator, at runs of white space.
    func split(at separator: Text?, limit: Int) -> [Text] {
        guard let separator else { return splitAtSpaces(limit: limit) }
        var parts: [Text] = []
        var start = 0
        while limit < 0 || parts.count < limit, let found = firstRange(of: separator, from: start) {
            parts.append(Text(self[start..<found.lowerBound]))
            start = found.upperBound
        }
        return parts + [Text(self[start...])]
    }

    private func splitAtSpaces(limit: Int) -> [Text] {
        var parts: [Text] = []
        var rest = stripped(nil, right: false)
        while !rest.isEmpty {
            if limit >= 0, parts.count == limit { return parts + [rest.stripped(nil, left: false)] }
            let word = rest.prefix { !$0.isPythonSpace }
            parts.append(Text(word))
            rest = Text(rest[word.count...]).stripped(nil, right: false)
        }
        return parts
    }

    func replacing(_ old: Text, with new: Text, limit: Int) -> Text {
        if old.isEmpty {
            var out = Text()
            for (index, scalar) in enumerated() {
                if limit < 0 || index < limit { out += new }
                out.append(scalar)
            }
            return limit < 0 || count < limit ? out + new : out
        }
        return Text(split(at: old, limit: limit).joined(separator: new))
    }

    var uppercased: Text { flatMap { $0.replaced(by: $0.properties.uppercaseMapping) } }
    var lowercased: Text { flatMap { $0.replaced(by: $0.properties.lowercaseMapping) } }

    /// First scalar upper, the rest lower.
    var capitalized: Text { Text(prefix(1)).uppercased + Text(dropFirst()).lowercased }

    /// Jinja's title: first letters after white space and opening brackets upper, all else lower.
    var wordsCapitalized: Text {
        var out = Text()
        var atStart = true
        for scalar in self {
            out += atStart ? [scalar].uppercased : [scalar].lowercased
            atStart = scalar.isPythonSpace || ["-", "(", "{", "[", "<"].contains(scalar)
        }
        return out
    }

    /// Python's title: every word's first letter upper, where a word starts after anything that has no case.
    var titled: Text {
        var out = Text()
        var inWord = false
        for scalar in self {
            out += inWord ? [scalar].lowercased : scalar.replaced(by: scalar.properties.titlecaseMapping)
            inWord = scalar.properties.isCased
        }
        return out
    }

    func occurrences(of part: Text) -> Int {
        var found = 0
        var start = 0
        while !part.isEmpty, let range = firstRange(of: part, from: start) {
            found += 1
            start = range.upperBound
        }
        return found
    }
}

/// Floating-point operations of the C library.
enum Floats {
    static func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }
}
