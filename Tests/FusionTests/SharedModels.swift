// The small real models beside the repository. Tests that need them are skipped where they are absent.

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
}

let f32Names = ["stories260K", "stories-salty-280K", "babyllama-tok361", "babyllama-tok105"]
