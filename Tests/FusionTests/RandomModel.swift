// Scripted models with random vocabularies that mostly agree: a common random source of bytes, seen
// through pieces of several bytes, with opinions of their own in some contexts.

import Fusion

/// A small deterministic mixer; the same on every machine.
func mix(_ values: UInt64...) -> UInt64 {
    values.reduce(0x9E37_79B9_7F4A_7C15) { state, value in
        var x = (state ^ value) &* 0xBF58_476D_1CE4_E5B9
        x ^= x >> 29
        x = x &* 0x94D0_49BB_1331_11EB
        return x ^ (x >> 32)
    }
}

private let alphabet = Array("aeiou tn 12.\r\n".utf8) + [0xC3, 0xA9]

/// How much the source likes a byte after some text. "é" is two bytes; its second never comes alone.
private func weight(_ byte: UInt8, after text: [UInt8], seed: UInt64) -> Double {
    if text.last == 0xC3 { return byte == 0xA9 ? 1 : 0 }
    if byte == 0xA9 { return 0 }
    let context = text.suffix(3).reduce(seed) { mix($0, UInt64($1)) }
    let value = Double(mix(context, UInt64(byte)) % 1000) / 1000
    return value * value * value + 1e-4
}

func randomModel(_ name: String, seed: UInt64, story: UInt64, withinPieces: Bool = true) -> ScriptedModel {
    var pieces = alphabet.reduce(into: [[UInt8]]()) { if !$0.contains([$1]) { $0.append([$1]) } }
    for number in 0..<30 {
        let length = 2 + Int(mix(seed, UInt64(number)) % 3)
        let piece = (0..<length).map { alphabet[Int(mix(seed, UInt64(number), UInt64($0)) % UInt64(alphabet.count))] }
        if !pieces.contains(piece) { pieces.append(piece) }
    }
    let vocabulary = pieces
    let model = ScriptedModel(name, pieces: vocabulary, cost: Double(mix(seed, 7) % 5)) { text in
        let context = text.suffix(4).reduce(story) { mix($0, UInt64($1)) }
        let ownMind = mix(context, seed) % 5 == 0
        let source = ownMind ? mix(story, seed) : story
        var weights: [Int32: Double] = [:]
        for (place, piece) in vocabulary.enumerated() {
            var value = 1.0
            var so = text
            for byte in piece {
                value *= weight(byte, after: so, seed: source)
                so.append(byte)
            }
            weights[Int32(place + 1)] = value * Double(1 + piece.count)
        }
        weights[ScriptedModel.stop] = text.last != 0xC3 && mix(context, 1) % 60 == 0 ? 10 : 0
        let sum = weights.values.sorted().reduce(0, +)
        return weights.mapValues { max($0, 1e-12) / max(sum, 1e-12) }
    }
    model.encodesWithinPieces = withinPieces
    return model
}
