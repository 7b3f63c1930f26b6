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
    try refuseMarked(options.path, earlierComplaints(of: options.path))
    Steps().begin("reading the plan of \(options.path.lastPathComponent)", log: log)
    let plan = try await Listener(log: log).listen(of: [target.model]) { try await readPlan(target) }
    let report = judgeResidency(function: plan.function, operations: plan.operations)
    if options.json {
        try printJSON(report)
    } else {
        let lines = try? linesOf(options.path, function: plan.function)?.get()
        show("\(report.text(lines))\n\n\(report.passes ? "PASS" : "FAIL"): \(report.message)")
    }
    return report.passes ? .yes : .no
}

/// Core ML may keep what its compiler failed at, and fall silent: only a fresh compile is without the mark.
func refuseMarked(_ model: URL, _ complaints: [Complaint]) throws {
    guard let first = complaints.first else { return }
    throw Failure(
        .no,
        "the on-device compiler complained of \(model.lastPathComponent) in an earlier run: \(first.line); compile the package anew with graphc-ane compile"
    )
}

func parityCommand(_ options: Options) async throws -> ExitCode {
    let units = options.units ?? .cpuAndNeuralEngine
    let machine = try Machine.probe(near: options.path, units: units)
    let build = try Build(options.path)
    let checks = try build.assertPreconditions()
    let listener = Listener(log: try build.log(options.out))
    let steps = Steps()
    steps.begin("parity: compiling", log: listener.log)
    var targets: [Target] = []
    for package in build.packages {
        let compiled = try await compilePackage(
            package.url, identity: package.digest, machine: machine, out: options.out, cleansed: false,
            listener: listener)
        try refuseMarked(compiled.model, compiled.complaints)
        targets.append(Target(model: compiled.model, function: package.reference.function, units: units))
    }
    let chains = try await runChains(build.fixtures, targets, "parity", steps, listener)
    let report = try judgeParity(
        build.fixtures, observed: chains.observed, tolerances: .layer, chip: machine.system.chip)
    if options.json {
        try printJSON(report)
    } else {
        show(
            "preconditions: \(checks.map { "\($0.id) \($0.status)" }.joined(separator: ", "))\n\n\(report.text(build.fixtures.manifest))\n\n\(report.passes ? "PASS" : "FAIL"): \(report.message)"
        )
    }
    return report.passes ? .yes : .no
}

/// The whole sequence, with what the loaded models said of themselves, block and step.
struct Chains {
    let observed: Observed
    let loaded: [LoadedAs]
    let loadMs: [Double]
}

/// Each chain is listened to by itself, so that a complaint marks the model that it is of. `targets` are the block's and the step's.
func runChains(
    _ fixtures: Fixtures, _ targets: [Target], _ name: String, _ steps: Steps, _ listener: Listener
) async throws -> Chains {
    let blocks = try await listener.listen(of: [targets[0].model]) {
        try observeBlocks(fixtures, targets[0], telling(name, "block", steps))
    }
    let singles = try await listener.listen(of: [targets[1].model]) {
        try observeSteps(fixtures, targets[1], telling(name, "step", steps))
    }
    return Chains(
        observed: joined(blocks, singles, of: fixtures.manifest), loaded: [blocks.loaded, singles.loaded],
        loadMs: [blocks.loadMs, singles.loadMs])
}

/// Says what a chain does.
func telling(_ name: String, _ role: String, _ steps: Steps) -> Telling {
    { what, done, all in
        if all == 0 {
            steps.begin("\(name): \(what) the \(role)")
        } else {
            steps.count("\(name): \(what) of the \(role)", done, of: all)
        }
    }
}

func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .iso8601
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
        positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    show(String(decoding: try encoder.encode(value), as: UTF8.self))
}
