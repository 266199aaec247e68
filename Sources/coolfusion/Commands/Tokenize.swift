// `coolfusion tokenize`: text to token ids and back, one text or one JSON object per line.
import ArgumentParser
import FoundationEssentials
import GGUF
import Tokenizers

struct Tokenize: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Turn text into a model's token ids, or ids into text.",
        discussion: """
            With --jsonl, reads {"text":"..."} (or {"ids":[...]} with --decode) per line of standard input and writes \
            {"ids":[...],"pieces":[...]} (or {"text":"..."}) per line. With --decode, -p takes ids: -p "1 15 27".
            """)

    @Option(name: .shortAndLong, help: "The model; only its vocabulary is used.")
    var model: ModelArgument

    @Option(name: .shortAndLong, parsing: .unconditional, help: "The text.")
    var prompt: String?

    @Flag(help: "Read JSON lines from standard input.")
    var jsonl = false

    @Flag(help: "Add BOS and EOS where the model does.")
    var addSpecial = false

    @Flag(help: "Recognise control tokens such as <|im_end|> in the text; with --decode, write them out.")
    var parseSpecial = false

    @Flag(help: "From ids to text.")
    var decode = false

    @Flag(help: "JSON on stdout.")
    var json = false

    @Flag(help: "Accept a model whose pre-tokenizer is missing or not known to be right.")
    var force = false

    func validate() throws {
        guard jsonl != (prompt != nil) else { throw ValidationError("give either -p TEXT or --jsonl") }
    }

    func run() throws {
        let tokenizer = try loading(model.path) { try Tokenizer(openModel(model.path), force: force) }
        if jsonl { return try convertLines(tokenizer) }
        let prompt = prompt ?? ""
        if decode {
            let text = text(of: try checked(tokenIDs(prompt), tokenizer), tokenizer)
            try StandardOutput.write(json ? (["text": .string(text)] as JSON).text + "\n" : text + "\n")
        } else {
            let ids = tokenizer.encode(prompt, addSpecial: addSpecial, parseSpecial: parseSpecial)
            let plain = ids.map { String($0) }.joined(separator: " ")
            try StandardOutput.write((json ? encoded(ids, tokenizer).text : plain) + "\n")
        }
    }

    private struct Line: Decodable {
        var text: String?
        var ids: [Int32]?
    }

    private func convertLines(_ tokenizer: Tokenizer) throws {
        var lines = InputLines()
        while let bytes = try lines.next() {
            if bytes.allSatisfy({ $0 == 0x20 || $0 == 0x0D }) { continue }
            let line = try? JSONDecoder().decode(Line.self, from: Data(bytes))
            if decode, let ids = line?.ids {
                try StandardOutput.line(["text": .string(text(of: checked(ids, tokenizer), tokenizer))])
            } else if !decode, let text = line?.text {
                let ids = tokenizer.encode(text, addSpecial: addSpecial, parseSpecial: parseSpecial)
                try StandardOutput.line(encoded(ids, tokenizer))
            } else {
                let expected = decode ? "{\"ids\":[...]}" : "{\"text\":\"...\"}"
                throw CommandError.badData("line \(lines.number) of standard input is not \(expected)")
            }
        }
    }

    private func checked(_ ids: [Int32], _ tokenizer: Tokenizer) throws(CommandError) -> [Int32] {
        if let wrong = ids.first(where: { $0 < 0 || $0 >= tokenizer.vocabularySize }) {
            throw .usage("token \(wrong) is not in the vocabulary of \(tokenizer.vocabularySize) tokens")
        }
        return ids
    }

    private func text(of ids: [Int32], _ tokenizer: Tokenizer) -> String {
        String(decoding: tokenizer.decode(ids, special: parseSpecial, dropsDummyPrefix: true), as: UTF8.self)
    }

    private func encoded(_ ids: [Int32], _ tokenizer: Tokenizer) -> JSON {
        ["ids": .integers(ids), "pieces": .array(ids.map { .string(tokenizer.piece($0)) })]
    }
}
