// swift-tools-version: 6.0
import Foundation
import PackageDescription

// Gate is pure logic, Device is the one module that talks to Core ML, graphc-ane is the command line.
// Optimised in every configuration: hashing weights and comparing states unoptimised takes minutes.
let fast: [SwiftSetting] = [.swiftLanguageMode(.v6), .unsafeFlags(["-O"])]
let strict: [SwiftSetting] = [.swiftLanguageMode(.v6)]

var targets: [Target] = [
    .target(name: "Gate", swiftSettings: fast),
    .executableTarget(
        name: "graphc-ane", dependencies: ["Gate", "Device"], swiftSettings: strict,
        // So that a macOS without the newer symbols gets to say that it is too old.
        linkerSettings: [
            .unsafeFlags(["-Xlinker", "-weak_framework", "-Xlinker", "CoreML"], .when(platforms: [.macOS]))
        ]),
]
var device: [Target.Dependency] = ["Gate"]
// What npm brings has no tests: they need the rest of the repository.
let hasTests = FileManager.default.fileExists(atPath: Context.packageDirectory + "/Tests")
if hasTests {
    targets += [
        .target(name: "Support", dependencies: ["Gate"], path: "Tests/Support", swiftSettings: strict),
        .testTarget(name: "GateTests", dependencies: ["Gate", "Support"], swiftSettings: strict),
    ]
}

#if os(Linux)
    // A stand-in for Apple's framework: its public signatures, and a scripted engine behind them. It does not exist on
    // macOS, where `import CoreML` is the system framework.
    if hasTests {
        targets.append(.target(name: "CoreML", dependencies: ["Gate"], path: "Standin/CoreML", swiftSettings: fast))
        targets.append(.testTarget(name: "CommandTests", dependencies: ["Gate", "Support"], swiftSettings: strict))
        device.append("CoreML")
    }
#endif
targets.append(.target(name: "Device", dependencies: device, swiftSettings: fast))

let package = Package(
    name: "graphc-ane",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "graphc-ane", targets: ["graphc-ane"])],
    targets: targets
)
