// Remembers, for every two words in a row, what followed them last, in the prompt and in the answer so far
// (cool-fusion.md section 7, point 5). Words are white space and what is behind it, so this knows no tokenizer. The work
// for a word does not grow with the text.

struct TextLookup {
    private var text: [UInt8] = []
    /// Where words start.
    private var starts: [Int] = []
    /// Two words -> the offset behind them.
    private var behind: [[UInt8]: Int] = [:]
    /// Bytes of a draft.
    private static let longest = 96

    /// Adds text at the end.
    mutating func append(_ bytes: [UInt8]) {
        for byte in bytes {
            let place = text.count
            if place == 0 || isWhitespaceByte(byte) && !isWhitespaceByte(text[place - 1]) {
                if starts.count >= 2 { behind[Array(text[starts[starts.count - 2]...])] = place }
                starts.append(place)
            }
            text.append(byte)
        }
    }

    /// What followed the last two words where they stood before, in whole words; nil where they are new.
    func continuation() -> Draft? {
        guard starts.count >= 2, let place = behind[Array(text[starts[starts.count - 2]...])] else { return nil }
        let end = min(place + Self.longest, text.count)
        let known = Array(text[place..<end])
        var ends = known.indices.filter { place in
            place > 0 && isWhitespaceByte(known[place]) && !isWhitespaceByte(known[place - 1])
        }
        // The text's end is where a word ended too.
        if end == text.count { ends.append(known.count) }
        guard let last = ends.last, last > 0 else { return nil }
        return Draft(text: Array(known[..<last]), ends: ends, isLookup: true)
    }
}
