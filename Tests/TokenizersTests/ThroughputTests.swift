// How fast text is split and encoded, for a person to read: prints MB/s. Run as
//     COOLFUSION_THROUGHPUT=1 swift test -c release -Xswiftc -enable-testing --filter ThroughputTests
import Foundation
import Testing

@testable import Tokenizers

@Suite(.enabled(if: ProcessInfo.processInfo.environment["COOLFUSION_THROUGHPUT"] != nil), .serialized)
struct ThroughputTests {
    /// English: the Markdown of ../shared and the licence, cut to one megabyte.
    static let text: [UInt8] = {
        var text: [UInt8] = []
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let files = FileManager.default.enumerator(at: SharedData.directory, includingPropertiesForKeys: nil)
        for case let file as URL in files ?? .init() where file.pathExtension == "md" {
            text += (try? Array(Data(contentsOf: file))) ?? []
        }
        let licence = (try? Array(Data(contentsOf: root.appendingPathComponent("LICENSE")))) ?? Array("word ".utf8)
        while text.count < 1 << 20 { text += licence }
        return Array(text.prefix(1 << 20))
    }()

    private func report(_ what: String, bytes: Int, _ body: () -> Int) {
        var best = Double.infinity
        var result = 0
        for _ in 0..<5 {
            let start = ContinuousClock.now
            result = body()
            let elapsed = ContinuousClock.now - start
            best = min(best, Double(elapsed.components.attoseconds) * 1e-18 + Double(elapsed.components.seconds))
        }
        print("\(what): \(Int(Double(bytes) / best / 1e6)) MB/s, \(Int(best * 1e6)) us, \(result) results")
    }

    @Test(arguments: PreTokenizer.known.map { $0.names[0] })
    func scanner(name: String) throws {
        let preTokenizer = try #require(PreTokenizer.named(name))
        report("scan \(name)", bytes: Self.text.count) {
            var count = 0
            preTokenizer.forEachPiece(Self.text.span) { _ in count += 1 }
            return count
        }
    }

    @Test(.enabled(if: SharedData.isPresent), arguments: ConformanceTests.vocabularies)
    func encoding(name: String, gguf: String) throws {
        let start = ContinuousClock.now
        let tokenizer = try SharedData.tokenizer(SharedData.path(gguf))
        print("load \(name): \(ContinuousClock.now - start), \(tokenizer.vocabularySize) tokens")
        report("encode \(name)", bytes: Self.text.count) {
            tokenizer.encode(Self.text, addSpecial: false, parseSpecial: false).count
        }
        for word in [[UInt8](repeating: 0x61, count: 1 << 20), Self.text.map { 0x61 + $0 % 26 }] {
            report("one word \(name)", bytes: word.count) {
                tokenizer.encode(word, addSpecial: false, parseSpecial: false).count
            }
        }
    }
}
