// libFuzzer entry for tokenizer metadata: whatever vocabulary a file holds, building a tokenizer and using it ends.
// One idea: what was encoded from text must decode to bytes without a crash; equality is the business of the tests, since
// a hostile vocabulary need not be able to spell anything.
// Compiled by tools/fuzz with the modules GGUF and Tokenizers, never by the package.
import GGUF
import Tokenizers

private let texts: [[UInt8]] = [
    Array("Hello ab, a  b!\n\t<|end|>\u{E9}\u{4E2D}\u{1F600} 123".utf8), [0xFF, 0x61, 0xC3, 0x20, 0x00, 0x62],
]

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: data, count: count)
    guard let file = try? GGUFFile(embedded: bytes, name: "fuzz") else { return 0 }
    do throws(TokenizerError) {
        let tokenizer = try Tokenizer(file, force: true)
        for text in texts {
            for special in [false, true] {
                let ids = tokenizer.encode(text, addSpecial: special, parseSpecial: special)
                for id in ids where id < 0 || Int(id) >= tokenizer.vocabularySize {
                    fatalError("token \(id) is not in the vocabulary")
                }
                _ = tokenizer.decode(ids, special: special)
                for id in ids { _ = tokenizer.piece(id) }
            }
        }
    } catch {
        _ = error.description
    }
    return 0
}
