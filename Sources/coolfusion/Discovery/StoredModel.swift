// Models that other programs have put on this machine, and the names by which `-m` finds them.
// One idea: every store becomes a list of the same small values; names are matched against that list and nothing else.
// Read only: nothing is copied, downloaded or changed.

/// A model in one of the stores.
struct StoredModel {
    enum Store: String {
        case huggingFace = "huggingface"
        case ollama
        case lmStudio = "lmstudio"
    }

    var store: Store
    /// "org/repo", "llama3", "publisher/repo".
    var name: String
    /// "Q4_K_M", or the tag at Ollama; empty where the file's name tells nothing.
    var tag: String
    /// As the store names it; for a split model the first shard.
    var path: String
    /// Behind all symbolic links.
    var realPath: String
    /// Of all shards.
    var bytes: Int

    /// What `-m` takes for it.
    var fullName: String { tag.isEmpty ? name : "\(name):\(tag)" }

    /// Whether users may mean this model by `name` without a tag: in full, without the organisation, without "-GGUF", or by file.
    fileprivate func isCalled(_ wanted: String) -> Bool {
        let short = name.split(separator: "/").last.map(String.init) ?? name
        let file = path.split(separator: "/").last.map(String.init) ?? path
        var names = [name, short, file]
        for name in [name, short] where name.lowercased().hasSuffix("-gguf") { names.append(String(name.dropLast(5))) }
        if file.hasSuffix(".gguf") { names.append(String(file.dropLast(5))) }
        return names.contains { $0.lowercased() == wanted.lowercased() }
    }
}

/// A thing in a store that looks like a model and cannot be used, with the reason.
struct SkippedModel {
    var path: String
    var reason: String
}

/// What the stores hold.
struct ModelStores {
    var models: [StoredModel] = []
    var skipped: [SkippedModel] = []
    /// Where was looked, whether there is such a folder or not.
    var folders: [String] = []

    static func all() -> ModelStores {
        var stores = ModelStores()
        stores.addHuggingFace()
        stores.addOllama()
        stores.addLMStudio()
        stores.models.sort { ($0.fullName.lowercased(), $0.path) < ($1.fullName.lowercased(), $1.path) }
        return stores
    }

    /// The models that `name` or `name:tag` can mean, one for each file.
    func matches(_ wanted: String) -> [StoredModel] {
        var found = models.filter { $0.isCalled(wanted) }
        if found.contains(where: { $0.store == .ollama && $0.tag == "latest" }) {
            found.removeAll { $0.store == .ollama && $0.tag != "latest" }
        }
        if let colon = wanted.lastIndex(of: ":") {
            let (name, tag) = (String(wanted[..<colon]), wanted[wanted.index(after: colon)...].lowercased())
            found += models.filter { $0.tag.lowercased() == tag && $0.isCalled(name) }
        }
        var seen = Set<String>()
        return found.filter { seen.insert($0.realPath).inserted }
    }
}

/// The path of the model a user named: a file, or else a name in the stores. Throws where the name means several models
/// or none.
func modelPath(_ wanted: String) throws(CommandError) -> String {
    // What exists, and what can only be a path, is a path: its own errors say what is wrong with it.
    if Files.exists(wanted) || wanted.hasPrefix("/") || wanted.hasPrefix(".") || wanted.hasPrefix("~") { return wanted }
    let found = ModelStores.all().matches(wanted)
    if let only = found.first, found.count == 1 { return only.path }
    guard found.isEmpty else {
        let names = found.map { "\n  \($0.fullName)  (\($0.path))" }.joined()
        throw .usage("'\(wanted)' can mean several models:\(names)")
    }
    if wanted.lowercased().hasSuffix(".gguf") { return wanted }
    throw .missingFile(wanted, hint: "no model of that name is in the stores that `coolfusion models` lists")
}
