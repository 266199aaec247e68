// Drafts from the text itself and the pace of checking them: what is found, how far it goes, and that it saves passes.

import Testing

@testable import Fusion

private func lookup(_ text: String) -> String? {
    var lookup = TextLookup()
    for word in text.split(separator: "|", omittingEmptySubsequences: false) { lookup.append(Array(word.utf8)) }
    return lookup.continuation().map { String(decoding: $0.text, as: UTF8.self) }
}

@Test(
    arguments: [
        (" the red ball is big and the red", " ball is big and the red"), (" the red ball", nil), ("", nil),
        ("a b c d| b c", " d b c"), (" one two\nthree one two", "\nthree one two"), (" one one one", " one"),
        (" caf\u{E9} au lait caf\u{E9} au", " lait caf\u{E9} au"), ("x a b y a b z a b", " z a b"),
    ] as [(String, String?)])
func whatFollowedBeforeIsFound(text: String, continuation: String?) {
    #expect(lookup(text) == continuation)
}

@Test func aLookupEndsWithAWordAndHasALimit() throws {
    let words = (0..<60).map { " w\($0)" }.joined()
    var text = TextLookup()
    text.append(Array((" here it is" + words + " it is").utf8))
    let draft = try #require(text.continuation())
    #expect(draft.text.count <= 96 && String(decoding: draft.text, as: UTF8.self).hasPrefix(" w0 w1"))
    #expect(words.hasPrefix(String(decoding: draft.text, as: UTF8.self) + " "))
    #expect(draft.ends.last == draft.text.count)
}

@Test func thePaceFollowsTheAcceptanceAndPauses() {
    var pace = Pace(length: 4)
    var lengths: [Int] = []
    for _ in 0..<6 {
        pace.adapt(confirmed: pace.length, of: pace.length)
        lengths.append(pace.length)
    }
    #expect(lengths == [6, 9, 14, 21, 32, 32])
    pace.adapt(confirmed: 12, of: 32)
    #expect(pace.length == 12 && pace.isDue())
    for _ in 0..<5 { pace.adapt(confirmed: 0, of: pace.length) }
    #expect(pace.length == 1)
    var skipped = 0
    while !pace.isDue() { skipped += 1 }
    #expect(skipped == 16)
    pace.adapt(confirmed: 1, of: 1)
    #expect(pace.isDue() && pace.length == 2)
}

/// Says " a b c d e f g h" again and again.
func parrot(_ name: String, cost: Double) -> ScriptedModel {
    let words = (0..<8).map { [0x20, UInt8(97 + $0)] }
    return ScriptedModel(name, pieces: words, cost: cost) { text in
        let next = text.last.map { (Int($0) - 97 + 1) % 8 } ?? 0
        return [Int32(next + 1): 0.9]
    }
}

@Test func repeatedWordsCostFewerPasses() throws {
    func run(_ lookup: Bool) throws -> FusionResult {
        var options = FusionOptions()
        (options.limit, options.shortcuts.lookup) = (200, lookup)
        return try CoolFusion([parrot("x", cost: 1), parrot("y", cost: 1)], options: options).run()
    }
    let (with, without) = (try run(true), try run(false))
    #expect(with.text == without.text)
    #expect(with.usage[0].usage.passes < without.usage[0].usage.passes / 4)
    let found = with.usage[0].usage.drafts.filter(\.isLookup)
    #expect(found.reduce(0) { $0 + $1.confirmed } > 100)
    #expect(without.usage[0].usage.drafts.allSatisfy { !$0.isLookup })
}
