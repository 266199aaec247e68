// `coolfusion models`: what -m finds by name.
import ArgumentParser

struct Models: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the models of other programs on this machine.",
        discussion: """
            Looks at Hugging Face's cache (HF_HUB_CACHE, HF_HOME), Ollama's store (OLLAMA_MODELS) and LM Studio's folders. \
            Nothing is copied or changed. -m takes the names listed, also without the organisation, and without what \
            follows the colon where that leaves one model. With -v it says what was passed over and why.
            """)

    @Flag(help: "JSON on stdout.")
    var json = false

    @OptionGroup var reporting: ReportingOptions

    func run() throws {
        let stores = ModelStores.all()
        for skipped in stores.skipped { reporting.detail("\(skipped.path): \(skipped.reason)") }
        if json {
            try StandardOutput.line(
                .array(
                    stores.models.map { model in
                        [
                            "name": .string(model.fullName), "store": .string(model.store.rawValue),
                            "quantization": .string(model.tag), "bytes": .integer(model.bytes),
                            "path": .string(model.path),
                        ]
                    }))
            return
        }
        let width = stores.models.map(\.fullName.count).max() ?? 0
        for model in stores.models {
            let name = Terminal.safe(model.fullName)
            let padding = String(repeating: " ", count: max(0, width - name.count))
            let size = "\((Double(model.bytes) / 1e8).rounded() / 10) GB"
            try StandardOutput.write(
                "\(name)\(padding)  \(String(repeating: " ", count: max(0, 9 - size.count)))\(size)  "
                    + "\(model.store.rawValue)  \(Terminal.safe(model.path))\n")
        }
        if stores.models.isEmpty { reporting.note("no models found in \(stores.folders.joined(separator: ", "))") }
    }
}
