// Conformance data beside the repository (../shared), which need not be there: tests that use it are skipped then.
import Foundation
import GGUF

@testable import Tokenizers

enum SharedData {
    static let directory = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("shared")
    static let tokenizers = directory.appendingPathComponent("conformance/tokenizers")
    static let isPresent = FileManager.default.fileExists(atPath: tokenizers.path)

    static func path(_ name: String) -> String { tokenizers.appendingPathComponent(name).standardizedFileURL.path }

    /// Byte-level vocabularies without a trusted pre-tokenizer are forced: the data says what llama.cpp does with them.
    static func tokenizer(_ path: String) throws -> Tokenizer {
        try Tokenizer(GGUFFile(path: path), force: true)
    }
}

/// One line of a conformance file.
struct ConformanceCase: Decodable {
    let id: String
    let text: String
    let ids: [TokenID]
    let ids_special: [TokenID]
    let detok_hex: String
    let detok_special_hex: String

    static func load(_ name: String) throws -> [ConformanceCase] {
        let text = try String(contentsOfFile: SharedData.path(name), encoding: .utf8)
        return try text.split(separator: "\n").map {
            try JSONDecoder().decode(ConformanceCase.self, from: Data($0.utf8))
        }
    }
}

func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
