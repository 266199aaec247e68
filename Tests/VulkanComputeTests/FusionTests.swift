// The main job on Vulkan: three models with three vocabularies write the CPU's text. Needs the small real models beside the
// repository.

import Compute
import Foundation
import Fusion
import Inference
import Testing

@testable import VulkanCompute

extension OnDevice {
    @Suite struct FusionTests {
        static func path(_ name: String) -> String {
            VulkanReferenceModel.root.appendingPathComponent("../shared/models/\(name).gguf").path
        }
        static let names = ["stories260K", "babyllama-tok361", "babyllama-tok105"]

        func fuse(_ type: String, on backend: any Backend) throws -> FusionResult {
            let sources = try Self.names.map { name in
                let model = try Model(path: Self.path("\(name).\(type)"), backend: backend)
                return SessionSource(try Session(model: model), prompt: try model.rawPrompt("Once upon a time"))
            }
            var options = FusionOptions()
            options.limit = 25
            return try CoolFusion(sources, options: options).run()
        }

        @Test(
            .enabled(if: FileManager.default.fileExists(atPath: path("stories260K.F32")), "no ../shared/models"),
            arguments: ["F32", "Q8_0"])
        func fusedTextIsTheCPUs(_ type: String) throws {
            let device = try fuse(type, on: try #require(TestDevice.backend))
            let host = try fuse(type, on: try CPUBackend(threads: 2, blas: false))
            #expect(device.text == host.text)
            #expect(device.text.count > 40)
            #expect(device.segments.map(\.text) == host.segments.map(\.text))
        }
    }
}
