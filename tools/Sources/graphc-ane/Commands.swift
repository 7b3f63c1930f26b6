/// Two of the single steps: residency and parity.
import Device
import Foundation
import Gate

func residencyCommand(_ options: Options) async throws -> ExitCode {
    guard options.path.pathExtension == "mlmodelc" else {
        throw Failure.mistake("\(options.path.lastPathComponent) is not a compiled model; run graphc-ane compile first")
    }
    let units = options.units ?? .cpuAndNeuralEngine
    _ = try Machine.probe(near: options.path.deletingLastPathComponent(), units: units)
    let target = Target(model: options.path, function: options.function, units: units)
    let log = FileManager.default.temporaryDirectory.appendingPathComponent(
        "\(toolName)-\(ProcessInfo.processInfo.processIdentifier).log")
    defer { try? FileManager.default.removeItem(at: log) }
    let report = try await residency(of: target, log: log)
    if options.json {
        try printJSON(report)
    } else {
        show("\(report.text)\n\n\(report.passes ? "PASS" : "FAIL"): \(report.message)")
    }
    return report.passes ? .yes : .no
}

func residency(of target: Target, log: URL) async throws -> ResidencyReport {
    let plan = try await watchingCompiler(log: log) { try await readPlan(target) }
    return judgeResidency(function: plan.function, operations: plan.operations)
}

func parityCommand(_ options: Options) async throws -> ExitCode {
    let units = options.units ?? .cpuAndNeuralEngine
    let machine = try Machine.probe(near: options.path, units: units)
    let build = try Build(options.path)
    let checks = try build.assertPreconditions()
    var targets: [Target] = []
    for package in build.packages {
        let compiled = try await compilePackage(
            package.url, identity: package.digest, machine: machine, out: options.out)
        targets.append(Target(model: compiled.model, function: package.reference.function, units: units))
    }
    let report = try await parity(build, block: targets[0], step: targets[1], log: build.log(options.out))
    if options.json {
        try printJSON(report)
    } else {
        show(
            "preconditions: \(checks.map { "\($0.id) \($0.status)" }.joined(separator: ", "))\n\n\(report.text)\n\n\(report.passes ? "PASS" : "FAIL"): \(report.message)"
        )
    }
    return report.passes ? .yes : .no
}

func parity(_ build: Build, block: Target, step: Target, log: URL) async throws -> ParityReport {
    let observed = try await watchingCompiler(log: log) { try observe(build.fixtures, block: block, step: step) }
    return try judgeParity(build.fixtures, observed: observed, tolerances: .layer)
}

func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
        positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    show(String(decoding: try encoder.encode(value), as: UTF8.self))
}
