// Where segments may end: one row per rule, text in pieces as a proposer would generate it.

import Testing

@testable import Fusion

struct BoundaryCase: CustomTestStringConvertible, Sendable {
    var testDescription: String
    /// The proposer's tokens, one after another.
    var tokens: [String]
    /// The segment, nil where none may end yet.
    var segment: String?
    var kind = SegmentKind.aligned
    var paperExact = false
    var tail = ""
}

let boundaryCases = [
    BoundaryCase(testDescription: "a word needs its lookahead", tokens: [" the"], segment: nil),
    BoundaryCase(testDescription: "a word", tokens: [" the", " cat"], segment: " the"),
    BoundaryCase(testDescription: "a word of letters", tokens: [" ", "t", "h", "e", " "], segment: " the"),
    BoundaryCase(testDescription: "not inside a token", tokens: [" the cat", " sat"], segment: " the cat"),
    BoundaryCase(testDescription: "a number is whole", tokens: [" 1", "2", "3"], segment: nil),
    BoundaryCase(testDescription: "a number ends", tokens: [" 1", "2", " +"], segment: " 12"),
    BoundaryCase(testDescription: "spaces stay with the word", tokens: [" ", " ", "x", " y"], segment: "  x"),
    BoundaryCase(
        testDescription: "the paper cuts a lone space", tokens: [" ", " x", " y"], segment: " ", paperExact: true),
    BoundaryCase(testDescription: "line ends belong to what follows", tokens: ["\n", "So", " it"], segment: "\nSo"),
    BoundaryCase(testDescription: "CR LF is not torn", tokens: ["a", "\r", "\n", "b"], segment: "a"),
    BoundaryCase(testDescription: "CR LF goes with the word", tokens: ["\r", "\n", "b", " c"], segment: "\r\nb"),
    BoundaryCase(
        testDescription: "an accent stays on its letter", tokens: ["cafe", "\u{301}", " x"], segment: "cafe\u{301}"),
    BoundaryCase(
        testDescription: "an emoji family is one", tokens: ["👩", "\u{200D}", "👧", " x"], segment: "👩\u{200D}👧"),
    BoundaryCase(
        testDescription: "a clause", tokens: [" so", ",", " we", " go"], segment: " so,", kind: .clause),
    BoundaryCase(
        testDescription: "no sentence ends at a comma", tokens: [" so", ",", " we", " go"], segment: nil,
        kind: .sentence),
    BoundaryCase(
        testDescription: "a sentence", tokens: [" I", " am", ".", " You"], segment: " I am.", kind: .sentence),
    BoundaryCase(
        testDescription: "no sentence ends in 3.14", tokens: [" 3", ".", "14", " x"], segment: nil, kind: .sentence),
]

@Test(arguments: boundaryCases)
func firstBoundary(_ row: BoundaryCase) {
    let boundary = SegmentBoundary(kind: row.kind, paperExact: row.paperExact)
    var proposed = Proposed(tail: Array(row.tail.utf8))
    var found: String?
    for token in row.tokens where found == nil {
        proposed.text += Array(token.utf8)
        proposed.tokenEnds.append(proposed.text.count)
        let starts = simplePieceStarts(proposed.tail + proposed.text)
        found = boundary.firstEnd(proposed, pieceStarts: [starts]).map {
            String(decoding: proposed.text[..<$0], as: UTF8.self)
        }
    }
    #expect(found == row.segment)
}

@Test func alignedIsTheIntersection() {
    let text = Array(" don't go".utf8)
    let proposed = Proposed(tail: [], text: text, tokenEnds: [4, 6, 9])
    let boundary = SegmentBoundary()
    #expect(boundary.firstEnd(proposed, pieceStarts: [[0, 4, 6]]) == 4)
    #expect(boundary.firstEnd(proposed, pieceStarts: [[0, 4, 6], [0, 6]]) == 6)
    #expect(boundary.firstEnd(proposed, pieceStarts: [[0, 4, 6], [0, 5]]) == nil)
}

@Test func fallbackEndsOnGraphemesAndRoundTrips() {
    let text = Array("日本e\u{301}x".utf8)  // 3 + 3 + 1 + 2 + 1 bytes
    let proposed = Proposed(tail: [], text: text, tokenEnds: [3, 6, 7, 9, 10])
    let boundary = SegmentBoundary()
    let all = boundary.fallbackEnd(proposed, pieceStarts: [[0]], includingWhole: false) { _ in true }
    #expect(all == 9)
    let short = boundary.fallbackEnd(proposed, pieceStarts: [[0]], includingWhole: false) { $0.count < 9 }
    #expect(short == 6)
    let none = boundary.fallbackEnd(proposed, pieceStarts: [[0]], includingWhole: false) { _ in false }
    #expect(none == 9)
    #expect(boundary.fallbackEnd(proposed, pieceStarts: [[0, 6]], includingWhole: false) { _ in true } == 6)
    let torn = Proposed(tail: [], text: Array(text[..<8]), tokenEnds: [3, 6, 7, 8])
    #expect(boundary.fallbackEnd(torn, pieceStarts: [[0]], includingWhole: true) { _ in true } == 7)
}

@Test func graphemesAndLineEndsAreNotTorn() {
    let boundary = SegmentBoundary()
    let accent = Proposed(tail: [], text: Array("e\u{301} x".utf8), tokenEnds: [1, 3, 5])
    #expect(boundary.firstEnd(accent, pieceStarts: [[0, 1, 3]]) == 3)
    let family = Proposed(tail: [], text: Array("👩\u{200D}👧 x".utf8), tokenEnds: [4, 7, 11, 13])
    #expect(boundary.firstEnd(family, pieceStarts: [[0, 4, 7, 11]]) == 11)
    // A flag is two regional indicators; which two depends on the text before.
    let flags = Proposed(tail: Array("🇩".utf8), text: Array("🇪🇫🇷".utf8), tokenEnds: [4, 8, 12])
    #expect(boundary.firstEnd(flags, pieceStarts: [[0, 4, 8, 12]]) == 4)
    let lines = Proposed(tail: [], text: Array("a\r\nb".utf8), tokenEnds: [2, 3, 4])
    #expect(boundary.firstEnd(lines, pieceStarts: [[0, 1, 2, 3]]) == 3)
}
