// Where Hugging Face's tools, Ollama and LM Studio keep models. Each store is one function that fills the list.
// Sources: huggingface_hub's cache layout and environment variables; Ollama's manifests and blobs; LM Studio's folders.
import FoundationEssentials

extension ModelStores {
    /// <hub>/models--<org>--<repo>/snapshots/<revision>/<file>, links into ../../blobs. The revision that refs/main names
    /// comes first; others only add files it lacks.
    mutating func addHuggingFace() {
        let cache = Files.variable("XDG_CACHE_HOME") ?? "\(Files.home)/.cache"
        let hub = Files.variable("HF_HUB_CACHE") ?? "\(Files.variable("HF_HOME") ?? "\(cache)/huggingface")/hub"
        folders.append(hub)
        for folder in Files.names(in: hub) where folder.hasPrefix("models--") {
            let repository = "\(hub)/\(folder)"
            let name = String(folder.dropFirst("models--".count).replacing("--", with: "/"))
            let main = (try? readText("\(repository)/refs/main"))?.split(whereSeparator: \.isWhitespace).first
                .map(String.init)
            let revisions = Files.names(in: "\(repository)/snapshots").sorted {
                ($0 != main ? 1 : 0) < ($1 != main ? 1 : 0)
            }
            var seen = Set<String>()
            for revision in revisions {
                let snapshot = "\(repository)/snapshots/\(revision)"
                for path in Files.walk(snapshot, depth: 3)
                where seen.insert(String(path.dropFirst(snapshot.count))).inserted {
                    add(path, store: .huggingFace, name: name, boundary: repository)
                }
            }
        }
    }

    /// <models>/<publisher>/<repo>/<file>.gguf, in today's folder and the one before.
    mutating func addLMStudio() {
        for folder in ["\(Files.home)/.lmstudio/models", "\(Files.home)/.cache/lm-studio/models"] {
            folders.append(folder)
            for path in Files.walk(folder, depth: 3) {
                let parts = path.dropFirst(folder.count + 1).split(separator: "/")
                guard parts.count >= 2 else { continue }
                add(path, store: .lmStudio, name: parts.dropLast().prefix(2).joined(separator: "/"), boundary: folder)
            }
        }
    }

    private struct Manifest: Decodable {
        struct Layer: Decodable {
            var mediaType: String
            var digest: String
        }
        var layers: [Layer]
    }

    /// <models>/manifests/<registry>/<namespace>/<model>/<tag> names blobs by digest.
    mutating func addOllama() {
        let own = Files.variable("OLLAMA_MODELS").map { [$0] }
        // The second is where the packaged service keeps them.
        for folder in own ?? ["\(Files.home)/.ollama/models", "/usr/share/ollama/.ollama/models"] {
            let manifests = "\(folder)/manifests"
            folders.append(folder)
            for path in Files.walk(manifests, depth: 4) {
                let parts = path.dropFirst(manifests.count + 1).split(separator: "/").map(String.init)
                guard parts.count == 4 || parts.count == 5 else { continue }
                var place = Array(parts.dropLast())
                if place.first == "registry.ollama.ai" { place.removeFirst() }
                if place.first == "library" { place.removeFirst() }
                addManifest(path, name: place.joined(separator: "/"), tag: parts[parts.count - 1], folder: folder)
            }
        }
    }

    private mutating func addManifest(_ path: String, name: String, tag: String, folder: String) {
        guard let size = Files.size(path), size <= 1 << 20, let data = FileManager.default.contents(atPath: path),
            let manifest = try? JSONDecoder().decode(Manifest.self, from: data)
        else { return skip(path, "it is no manifest") }
        let kind = "application/vnd.ollama.image."
        let weights = manifest.layers.filter { $0.mediaType == kind + "model" }
        guard weights.count == 1 else { return skip(path, "it names \(weights.count) files of weights") }
        guard !manifest.layers.contains(where: { $0.mediaType == kind + "adapter" }) else {
            return skip(path, "it needs an adapter (LoRA), which is not supported")
        }
        // A digest becomes part of a path, so it must be one and nothing else.
        guard let digest = weights[0].digest.wholeMatch(of: /sha256[:-]([0-9a-f]{64})/)?.1 else {
            return skip(path, "it has a digest that is none")
        }
        let blob = "\(folder)/blobs/sha256-\(digest)"
        guard let bytes = Files.size(blob), let real = Files.real(blob) else {
            return skip(path, "its blob is missing")
        }
        models.append(StoredModel(store: .ollama, name: name, tag: tag, path: blob, realPath: real, bytes: bytes))
    }
}
