// The example of examples/c in Swift: swift run fuse A.gguf B.gguf
import ChatTemplates
import Foundation
import Fusion
import Inference

let question = "Anna buys 9 books for $7 each and 7 apples for $3 each. How much does she spend in total?\n"
let candidates = [
    "The books cost 9 * 7 = 63 dollars.", "The apples cost 7 * 3 = 21 dollars.", "The books cost 9 * 7 = 56 dollars.",
    "She spends it all.",
]

/// Log-probabilities of the candidates behind the question, all in one batch.
func score(_ model: Model) throws -> [Double] {
    let session = try Session(model: model)
    try session.append(model.rawPrompt(question).tokens)
    let tokens = candidates.map {
        model.tokenizer.encode($0, addSpecial: false, parseSpecial: false, dummyPrefix: false)
    }
    return try Scorer(session).score(tokens).map { -$0.nll }
}

func column(_ value: Double) -> String { String(format: "%9.3f", value) }

guard CommandLine.arguments.count == 3 else {
    FileHandle.standardError.write(Data("usage: fuse A.gguf B.gguf\n".utf8))
    exit(64)
}
do {
    let models = try CommandLine.arguments.dropFirst().map { try Model(path: $0) }
    let sources = try models.map { model in
        SessionSource(
            try Session(model: model), prompt: try model.prompt([Message(role: "user", content: question)]))
    }
    var options = FusionOptions()
    options.limit = 100
    print(try CoolFusion(sources, options: options).run().text)
    let scores = try models.map(score)
    for (index, candidate) in candidates.enumerated() {
        print("\(column(scores[0][index])) \(column(scores[1][index]))  \(candidate)")
    }
} catch {
    FileHandle.standardError.write(Data("fuse: \(error)\n".utf8))
    exit(1)
}
