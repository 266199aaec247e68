// swift-tools-version: 6.2
// The targets in their import order: a target imports only targets above it (tools/check_layout.py checks).
import PackageDescription

let package = Package(
    name: "coolfusion",
    products: [
        .library(name: "CoolFusion", targets: ["Fusion", "Inference"]),
        .library(name: "DemoModels", targets: ["DemoModels"]),
        .library(name: "coolfusion-c", type: .dynamic, targets: ["CoolFusionABI"]),
        .library(name: "coolfusion-c-static", type: .static, targets: ["CoolFusionABI"]),
        .executable(name: "coolfusion", targets: ["coolfusion"]),
        .executable(name: "kernel-bench", targets: ["kernel-bench"]),
    ],
    traits: [
        .trait(name: "OpenBLAS", description: "Long prompts through OpenBLAS (Debian: libopenblas-dev)"),
        .default(enabledTraits: ["OpenBLAS"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0")
    ],
    targets: [
        .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
        .target(
            name: "CKernels", cSettings: [.headerSearchPath(".")],
            linkerSettings: [.linkedLibrary("m", .when(platforms: [.linux]))]),
        .target(
            name: "CVulkan", exclude: ["functions.def"],
            linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))]),
        .target(name: "CShaders", exclude: ["variants.inc"]),
        .target(name: "GGUF", dependencies: ["CKernels"]),
        .target(name: "Tokenizers", dependencies: ["GGUF"]),
        .target(name: "ChatTemplates"),
        .target(
            name: "Compute",
            dependencies: ["CKernels", .target(name: "COpenBLAS", condition: .when(traits: ["OpenBLAS"]))]),
        .target(name: "VulkanCompute", dependencies: ["Compute", "CVulkan", "CShaders"]),
        .target(name: "Transformer", dependencies: ["GGUF", "Compute"]),
        .target(name: "Inference", dependencies: ["Transformer", "Tokenizers", "ChatTemplates", "VulkanCompute"]),
        .target(name: "Fusion", dependencies: ["Inference"]),
        .target(name: "CCoolFusion"),
        .target(name: "CoolFusionABI", dependencies: ["Fusion", "CCoolFusion"]),
        .target(
            name: "DemoModels",
            exclude: [
                "README.md", "demo-llama.gguf", "demo-phi3.gguf", "demo-qwen3.gguf", "heldout.jsonl", "test.jsonl",
            ]),
        .target(name: "ReportPages", exclude: ["page.html", "page.css", "page.js", "fusion.js", "headroom.js"]),
        .executableTarget(
            name: "coolfusion",
            dependencies: [
                "Fusion", "DemoModels", "ReportPages",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .executableTarget(
            name: "kernel-bench",
            dependencies: [
                "CKernels", "Compute", "VulkanCompute",
                .target(name: "COpenBLAS", condition: .when(traits: ["OpenBLAS"])),
            ]),
        .testTarget(name: "GGUFTests", dependencies: ["GGUF"]),
        .testTarget(name: "TokenizersTests", dependencies: ["Tokenizers"]),
        .testTarget(name: "ChatTemplatesTests", dependencies: ["ChatTemplates"], exclude: ["Templates"]),
        .testTarget(name: "KernelTests", dependencies: ["CKernels"]),
        .testTarget(name: "ComputeTests", dependencies: ["Compute"]),
        .testTarget(name: "VulkanComputeTests", dependencies: ["VulkanCompute", "Transformer", "Inference", "Fusion"]),
        .testTarget(name: "TransformerTests", dependencies: ["Transformer"]),
        .testTarget(name: "InferenceTests", dependencies: ["Inference"]),
        .testTarget(name: "FusionTests", dependencies: ["Fusion"]),
        .testTarget(
            name: "ABITests", dependencies: ["CoolFusionABI"],
            exclude: ["abi_test.c", "abi_test.h", "bad_input.c", "threads.c"]),
        .testTarget(name: "CLITests", dependencies: ["coolfusion", "kernel-bench"], exclude: ["false_vulkan.c"]),
    ],
    cLanguageStandard: .c11
)
