// The small real models beside the repository, with what an oracle said about each (their README tells
// which). Tests that need them are skipped where they are absent.

import Foundation
import Inference

enum SharedModels {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("../shared/models").standardizedFileURL

    static let arePresent = FileManager.default.fileExists(atPath: path("stories260K.F32"))

    static func path(_ name: String) -> String { folder.appendingPathComponent("\(name).gguf").path }

    static func model(_ name: String, _ change: (inout ModelOptions) -> Void = { _ in }) throws -> Model {
        var options = ModelOptions()
        options.threads = 1
        change(&options)
        return try Model(path: path(name), options: options)
    }

    static func session(_ name: String, prompt: String = "Once upon a time") throws -> Session {
        let model = try model(name)
        let session = try Session(model: model)
        try session.append(model.rawPrompt(prompt).tokens)
        return session
    }

    /// What the oracle recorded for one file.
    struct Record: Decodable {
        struct Text: Decodable {
            var name: String
            var text: String
            var ids: [Int32]
            var total_logprob_nats: Double
            var token_logprobs: [Double]
            var bits_per_byte: Double
        }
        var prompt: String
        var prompt_ids: [Int32]
        var greedy_ids: [Int32]
        var greedy_text: String
        var greedy_logprobs: [Double]
        var scored_texts: [Text]
    }

    static func record(_ name: String) throws -> Record {
        struct File: Decodable { var variants: [String: Record] }
        let data = try Data(contentsOf: folder.appendingPathComponent("\(name).greedy.json"))
        guard let record = try JSONDecoder().decode(File.self, from: data).variants["F32"] else {
            throw CocoaError(.fileReadCorruptFile)
        }
        return record
    }
}

let f32Names = ["stories260K", "stories-salty-280K", "babyllama-tok361", "babyllama-tok105"]

extension Session {
    /// Logits after the last token.
    func allLogits() throws -> [Float] { try logits?.values() ?? [] }
}
