/// The gate: every step in order, stopping at the first failure, with the evidence kept up to date on disk.
import Device
import Foundation
import Gate

func gateCommand(_ options: Options) async throws -> ExitCode {
    let machine = try Machine.probe(near: options.path, units: .cpuAndNeuralEngine)
    let file = options.path.appendingPathComponent("evidence.json")
    // Evidence of an earlier run must not outlive the start of this one, however this one ends.
    try? FileManager.default.removeItem(at: file)
    guard !FileManager.default.fileExists(atPath: file.path) else {
        throw Failure.mistake("cannot replace \(file.path)")
    }
    let build = try Build(options.path)
    var run = GateRun(machine: machine, build: build, file: file, out: options.out)
    let code = await run.all()
    show(
        "\n\(table(["gate", "verdict", ""], run.evidence.gates.map { [$0.gate, $0.verdict.rawValue, $0.message] }))\n\nevidence: \(file.path)"
    )
    return code
}

private struct GateRun {
    let machine: Machine
    let build: Build
    let file: URL
    let out: URL?
    var evidence: Evidence
    private var targets: [Target] = []
    private var compiled: [Compiled] = []

    init(machine: Machine, build: Build, file: URL, out: URL?) {
        (self.machine, self.build, self.file, self.out) = (machine, build, file, out)
        evidence = Evidence(
            tool: .init(name: toolName, version: toolVersion, engine: machine.engine), system: machine.system,
            units: Units.cpuAndNeuralEngine.rawValue, fixtures: build.fixtures,
            packages: build.packages.map {
                .init(
                    role: $0.role, name: $0.reference.package, tokens: $0.reference.tokens,
                    function: $0.reference.function, sha256: $0.digest.sha256, files: $0.digest.files)
            })
    }

    mutating func all() async -> ExitCode {
        let steps: [(String, (inout GateRun) async throws -> String)] = [
            ("preconditions", { try $0.preconditions() }),
            ("compile", { try await $0.compile() }),
            ("residency", { try await $0.residency() }),
            ("parity", { try await $0.parity() }),
            ("same bytes", { try $0.sameBytes() }),
        ]
        for (name, step) in steps {
            let code = await one(name, step)
            guard code == .yes else { return code }
        }
        return evidence.passes ? .yes : .fault
    }

    /// Runs one step. The evidence says "running" meanwhile: a model that kills the process leaves that behind.
    private mutating func one(_ name: String, _ step: (inout GateRun) async throws -> String) async -> ExitCode {
        do {
            evidence.set(name, .running, "")
            try evidence.write(to: file)
            let message = try await step(&self)
            evidence.set(name, .pass, message)
            try finish(name)
            return .yes
        } catch {
            let failure = error as? Failure ?? Failure.fault("\(error)")
            evidence.set(name, failure.code == .no ? .fail : .fault, failure.message)
            say("\(toolName): \(name): \(failure.message)")
            do { try finish(name) } catch {
                say("\(toolName): \(error)")
                return (error as? Failure)?.code ?? .fault
            }
            return failure.code
        }
    }

    private mutating func finish(_ name: String) throws {
        evidence.finished = Date()
        try evidence.write(to: file)
    }

    private mutating func preconditions() throws -> String {
        evidence.preconditions = try build.assertPreconditions()
        let assumed = evidence.preconditions.filter { $0.status == "assumed" }.map(\.id)
        return "asserted on all inputs" + (assumed.isEmpty ? "" : "; assumed: \(assumed.joined(separator: ", "))")
            + (build.certificate == nil ? "; there is no certificate" : "")
    }

    private mutating func compile() async throws -> String {
        for (index, package) in build.packages.enumerated() {
            let one = try await compilePackage(package.url, identity: package.digest, machine: machine, out: out)
            evidence.packages[index].compiledSHA256 = one.digest.sha256
            compiled.append(one)
            targets.append(Target(model: one.model, function: package.reference.function, units: .cpuAndNeuralEngine))
        }
        return compiled.map { $0.model.lastPathComponent + ($0.reused ? " (same as before)" : "") }.joined(
            separator: ", ")
    }

    private mutating func residency() async throws -> String {
        var messages: [String] = []
        for (package, target) in zip(build.packages, targets) {
            let report = try await graphc_ane.residency(of: target, log: build.log(out))
            evidence.residency.append(.init(role: package.role, report: report))
            show("\(package.reference.package)\n\(report.text)\n")
            guard report.passes else { throw Failure(.no, "\(package.reference.package): \(report.message)") }
            messages.append("\(package.role): \(report.message)")
        }
        return messages.joined(separator: "; ")
    }

    private mutating func parity() async throws -> String {
        let report = try await graphc_ane.parity(build, block: targets[0], step: targets[1], log: build.log(out))
        evidence.parity = report
        show(report.text)
        guard report.passes else { throw Failure(.no, report.message) }
        return report.message
    }

    private func sameBytes() throws -> String {
        try build.checkUnchanged()
        for one in compiled {
            if let why = one.digest.difference(from: try digest(ofFolder: one.model)) {
                throw Failure.mistake("\(one.model.lastPathComponent) changed while the gate ran: \(why)")
            }
        }
        return "packages and compiled models are what they were at the start"
    }
}
