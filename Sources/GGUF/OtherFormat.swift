// Recognises by their first bytes the files that users most often take for GGUF, to say so in the error.
// It never decides anything.

enum OtherFormat {
    static func name(_ opening: [UInt8]) -> String? {
        for (bytes, name) in known where opening.starts(with: bytes) { return name }
        return nil
    }

    private static let known: [(bytes: [UInt8], name: String)] = [
        (Array("lmgg".utf8), "a ggml file from before GGUF; convert the original model with current tools"),
        (Array("tjgg".utf8), "a ggjt file from before GGUF; convert the original model with current tools"),
        (Array("fmgg".utf8), "a ggmf file from before GGUF; convert the original model with current tools"),
        (Array("algg".utf8), "a LoRA file from before GGUF"),
        (Array("vers".utf8), "a Git LFS pointer: the model itself was not downloaded"),
        (Array("<!".utf8), "a web page: the download went wrong"),
        (Array("<htm".utf8), "a web page: the download went wrong"),
        (Array("PK".utf8), "a zip archive or a PyTorch checkpoint"),
        ([0x1F, 0x8B], "a gzip archive"),
        ([0x28, 0xB5, 0x2F, 0xFD], "a zstd archive"),
    ]
}
