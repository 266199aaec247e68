// `coolfusion models` and names after -m, on stores made in temporary folders: what each program's layout looks like,
// and what broken, looping or escaping entries must not do.
import Foundation
import Testing

/// A home folder with stores, gone with the value.
private final class Home {
    let path: String
    private let manager = FileManager.default

    init() throws {
        path = manager.temporaryDirectory.appendingPathComponent("home-\(UUID().uuidString)").path
        try manager.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? manager.removeItem(atPath: path) }

    func write(_ name: String, _ data: Data) throws {
        let file = "\(path)/\(name)"
        try manager.createDirectory(
            atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try data.write(to: URL(fileURLWithPath: file))
    }

    func write(_ name: String, _ text: String) throws { try write(name, Data(text.utf8)) }

    func link(_ name: String, to target: String) throws {
        let file = "\(path)/\(name)"
        try manager.createDirectory(
            atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try manager.createSymbolicLink(atPath: file, withDestinationPath: target)
    }

    func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Executable.Outcome {
        try Executable.run(arguments, environment: ["HOME": path].merging(environment) { $1 })
    }

    func names(environment: [String: String] = [:]) throws -> [String] {
        let outcome = try run(["models", "--json"], environment: environment)
        let list = try #require(try JSONSerialization.jsonObject(with: outcome.output) as? [[String: Any]])
        return list.compactMap { $0["name"] as? String }
    }
}

@Suite struct DiscoveryTests {
    private let home: Home
    private let model: Data
    private let repository = ".cache/huggingface/hub/models--acme--Tiny-GGUF"
    private let digest = String(repeating: "ab", count: 32)

    init() throws {
        home = try Home()
        model = try Data(contentsOf: URL(fileURLWithPath: Executable.fixture("tiny-llama")))
    }

    private func generates(_ name: String, _ environment: [String: String] = [:]) throws -> Bool {
        let outcome = try home.run(["run", "-m", name, "--raw", "-p", "a", "-n", "1"], environment: environment)
        return outcome.code == 0
    }

    private func manifest(_ layers: String) -> String { #"{"schemaVersion":2,"layers":[\#(layers)]}"# }

    private func layer(_ kind: String, _ digest: String) -> String {
        #"{"mediaType":"application/vnd.ollama.image.\#(kind)","digest":"\#(digest)","size":1}"#
    }

    @Test func huggingFaceSnapshotsAreFound() throws {
        try home.write("\(repository)/refs/main", "new\n")
        try home.write("\(repository)/blobs/aaaa", model)
        try home.link("\(repository)/snapshots/new/tiny-Q4_K_M.gguf", to: "../../blobs/aaaa")
        try home.link("\(repository)/snapshots/old/tiny-Q4_K_M.gguf", to: "../../blobs/gone")
        try home.link("\(repository)/snapshots/new/sub/tiny-Q8_0.gguf", to: "../../../blobs/aaaa")
        try home.write("\(repository)/snapshots/new/mmproj-F16.gguf", model)
        #expect(try home.names() == ["acme/Tiny-GGUF:Q4_K_M", "acme/Tiny-GGUF:Q8_0"])
        #expect(try home.names(environment: ["HF_HUB_CACHE": "/nowhere"]).isEmpty)
        let hub = "\(home.path)/.cache/huggingface"
        #expect(try home.names(environment: ["HF_HOME": hub, "HOME": "/nowhere"]).count == 2)
        for name in ["acme/Tiny-GGUF:Q4_K_M", "acme/tiny:q8_0", "tiny-gguf:Q8_0", "tiny-Q8_0.gguf"] {
            #expect(try generates(name), "\(name)")
        }
    }

    @Test func severalMeaningsAreListed() throws {
        try home.write("\(repository)/snapshots/x/tiny-Q4_K_M.gguf", model)
        try home.write("\(repository)/snapshots/x/tiny-Q8_0.gguf", model)
        let outcome = try home.run(["run", "-m", "tiny", "-p", "a"])
        #expect(outcome.code == 64)
        #expect(outcome.error.contains("several models"))
        #expect(outcome.error.contains("acme/Tiny-GGUF:Q4_K_M") && outcome.error.contains("acme/Tiny-GGUF:Q8_0"))
        let missing = try home.run(["run", "-m", "tiny:Q2_K", "-p", "a"])
        #expect(missing.code == 66)
        #expect(missing.error.contains("coolfusion models"))
    }

    @Test func linksThatLoopOrLeaveTheStoreAreSkipped() throws {
        try home.write("outside-Q8_0.gguf", model)
        try home.link("\(repository)/snapshots/x/out-Q8_0.gguf", to: "\(home.path)/outside-Q8_0.gguf")
        try home.link("\(repository)/snapshots/x/loop-Q8_0.gguf", to: "loop-Q8_0.gguf")
        try home.link("\(repository)/snapshots/x/circle", to: "../../snapshots")
        let outcome = try home.run(["models", "-v"])
        #expect(outcome.code == 0)
        #expect(outcome.output.isEmpty)
        #expect(outcome.error.contains("leads out of the store"))
        #expect(outcome.error.contains("leads nowhere"))
    }

    @Test func ollamaManifestsNameBlobs() throws {
        let manifests = ".ollama/models/manifests"
        try home.write(".ollama/models/blobs/sha256-\(digest)", model)
        let good = manifest(layer("template", "sha256:" + digest) + "," + layer("model", "sha256:" + digest))
        try home.write("\(manifests)/registry.ollama.ai/library/tiny/latest", good)
        try home.write("\(manifests)/registry.ollama.ai/someone/tiny/1b", good)
        try home.write("\(manifests)/hf.co/org/repo/Q4_0", good)
        #expect(try home.names() == ["hf.co/org/repo:Q4_0", "someone/tiny:1b", "tiny:latest"])
        for name in ["tiny", "tiny:latest", "someone/tiny:1b", "hf.co/org/repo:Q4_0"] {
            #expect(try generates(name), "\(name)")
        }
        let moved = ["OLLAMA_MODELS": "\(home.path)/.ollama/models", "HOME": "/nowhere"]
        #expect(try generates("tiny", moved))
    }

    @Test func brokenManifestsAreSkippedWithReasons() throws {
        let folder = ".ollama/models/manifests/registry.ollama.ai/library"
        try home.write("\(folder)/nonsense/latest", "not json")
        try home.write("\(folder)/escape/latest", manifest(layer("model", "sha256:../../../outside")))
        try home.write("\(folder)/gone/latest", manifest(layer("model", "sha256:" + digest)))
        try home.write("\(folder)/empty/latest", manifest(""))
        try home.write(
            "\(folder)/lora/latest",
            manifest(layer("model", "sha256:" + digest) + "," + layer("adapter", "sha256:" + digest)))
        let outcome = try home.run(["models", "-v"])
        #expect(outcome.output.isEmpty)
        for reason in ["no manifest", "digest that is none", "blob is missing", "0 files of weights", "adapter"] {
            #expect(outcome.error.contains(reason), "\(reason)")
        }
    }

    @Test func lmStudioFoldersAndShards() throws {
        let folder = ".lmstudio/models/pub/Repo-GGUF"
        try home.write("\(folder)/repo-Q6_K.gguf", model)
        try home.write("\(folder)/big-F16-00001-of-00002.gguf", model)
        try home.write("\(folder)/half-F16-00001-of-00002.gguf", model)
        try home.write("\(folder)/big-F16-00002-of-00002.gguf", model)
        try home.write(".cache/lm-studio/models/old/Repo/x.gguf", model)
        #expect(try home.names() == ["old/Repo", "pub/Repo-GGUF:F16", "pub/Repo-GGUF:Q6_K"])
        let outcome = try home.run(["models", "-v"])
        #expect(outcome.error.contains("half-F16-00002-of-00002.gguf is missing"))
    }
}
