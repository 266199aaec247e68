// The demo trio inside the program: three small models with three vocabularies, so that a first fusion needs no file.
// On the command line they are called demo:NAME, and all three together --models demo.
import ArgumentParser
import DemoModels
import GGUF

/// A set of models that the program brings along.
enum BuiltInSet: String, ExpressibleByArgument, CaseIterable { case demo }

extension ModelArgument {
    static let builtInPrefix = "demo:"

    /// The built-in models in the order of their fusion.
    static var demo: [ModelArgument] {
        (0..<demo_model_count()).compactMap { index in
            demo_model_at(index).flatMap { ModelArgument(argument: builtInPrefix + String(cString: $0.pointee.name)) }
        }
    }

    /// The models named, or the built-in ones, which are announced.
    static func chosen(_ models: [ModelArgument], _ set: BuiltInSet?, _ reporting: ReportingOptions)
        throws(CommandError) -> [ModelArgument]
    {
        if set != nil && !models.isEmpty { throw .usage("-m and --models exclude each other") }
        if !models.isEmpty { return models }
        if set == nil {
            reporting.note("no model was named: the built-in demo models write, which know small word problems only")
        }
        return demo
    }
}

/// The file a user named: built in, on the disk, or in a store of models.
func openModel(_ wanted: String, mode: GGUFFile.LoadMode = .map) throws -> GGUFFile {
    guard wanted.hasPrefix(ModelArgument.builtInPrefix) else {
        return try GGUFFile(path: modelPath(wanted), mode: mode)
    }
    let name = wanted.dropFirst(ModelArgument.builtInPrefix.count)
    for index in 0..<demo_model_count() {
        guard let model = demo_model_at(index)?.pointee, String(cString: model.name) == name else { continue }
        let bytes = UnsafeRawBufferPointer(start: model.bytes, count: model.byte_count)
        return try GGUFFile(embedded: bytes, name: wanted)
    }
    let known = ModelArgument.demo.map(\.path).joined(separator: ", ")
    throw CommandError.usage("there is no built-in model '\(wanted)'; there are: \(known)")
}
