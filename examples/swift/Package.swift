// swift-tools-version: 6.2
// A package that depends on coolfusion by path; a version in place of the path works the same way.
import PackageDescription

let package = Package(
    name: "fuse",
    dependencies: [.package(name: "coolfusion", path: "../..")],
    targets: [
        .executableTarget(name: "fuse", dependencies: [.product(name: "CoolFusion", package: "coolfusion")])
    ]
)
