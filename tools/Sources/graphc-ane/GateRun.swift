/// One run of the gate: its steps, what they hand on to each other, and the evidence.
import Device
import Foundation
import Gate

/// How many layers are chained: as many as a model of 4 billion parameters has (microsoft/Phi-4-mini-instruct, config.json).
private let driftDepth = 32

struct GateRun {
    private let machine: Machine
    private let build: Build
    private let file: URL
    private let options: Options
    private let listener: Listener
    private let steps = Steps()
    private(set) var evidence: Evidence
    private var targets: [Target] = []
    private var compiled: [Compiled] = []
    private var plans: [LoadedAs] = []
    private var engine: Chains?
    /// How many of the complaints are in the evidence.
    private var noted = 0

    init(machine: Machine, build: Build, file: URL, options: Options) throws {
        (self.machine, self.build, self.file, self.options) = (machine, build, file, options)
        listener = Listener(log: try build.log(options.out))
        evidence = Evidence(
            tool: .init(name: toolName, version: toolVersion, engine: machine.engine), system: machine.system,
            units: Units.cpuAndNeuralEngine.rawValue, fixtures: build.fixtures,
            packages: build.packages.map {
                .init(
                    role: $0.role, name: $0.reference.package, tokens: $0.reference.tokens,
                    function: $0.reference.function, sha256: $0.digest.sha256, files: $0.digest.files)
            })
        evidence.conditions = [Machine.conditions(near: build.folder)]
    }

    /// Stops at the first step that fails; only the cross-check lets the rest be done, which does not mend it. After it is measured.
    mutating func all() async -> ExitCode {
        say("log: \(listener.log.path)\nevidence: \(file.path)")
        let all: [(String, (inout GateRun) async throws -> String)] = [
            ("preconditions", { try $0.preconditions() }),
            ("compile", { try await $0.compile() }),
            ("residency", { try await $0.residency() }),
            ("parity", { try await $0.parity() }),
            ("cross-check", { try await $0.crossCheck() }),
            ("same bytes", { try $0.sameBytes() }),
        ]
        var worst = ExitCode.yes
        for (name, step) in all {
            let code = await one(name, step)
            if code != .yes { worst = code }
            if name == "cross-check", code == .yes || code == .no {
                let measured = await measure()
                if measured != .yes { return measured }
            }
            guard code == .yes || code == .no && name == "cross-check" else { return code }
        }
        return evidence.passes ? .yes : worst == .yes ? .fault : worst
    }

    /// Runs one step. The evidence says "running" meanwhile: a model that kills the process leaves that behind.
    private mutating func one(_ name: String, _ step: (inout GateRun) async throws -> String) async -> ExitCode {
        do {
            evidence.set(name, .running, "")
            try evidence.write(to: file)
            steps.begin(name, log: listener.log, evidence: file)
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
        evidence.complaints += listener.complaints.dropFirst(noted).map { .init(gate: name, $0, earlier: false) }
        noted = listener.complaints.count
        evidence.watched.streams = listener.streams
        evidence.conditions = [evidence.conditions[0], Machine.conditions(near: build.folder)]
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
        // Two roles may be two functions of one package, which is on the disk once.
        let bytes = Set(build.packages.map(\.url)).map(size(ofFolder:)).reduce(0, +)
        try Machine.checkDisk(near: build.folder, forPackages: bytes)
        for (index, package) in build.packages.enumerated() {
            steps.begin("compile: \(package.reference.package), \(size(ofFolder: package.url) >> 20) MiB")
            let one = try await compilePackage(
                package.url, identity: package.digest, machine: machine, out: options.out, cleansed: false,
                listener: listener)
            evidence.packages[index].compiledSHA256 = one.digest.sha256
            evidence.complaints += one.complaints.map { .init(gate: "compile", $0, earlier: true) }
            compiled.append(one)
            targets.append(Target(model: one.model, function: package.reference.function, units: .cpuAndNeuralEngine))
        }
        for one in compiled { try refuseMarked(one.model, one.complaints) }
        return compiled.map { $0.model.lastPathComponent + ($0.reused ? " (same as before)" : "") }.joined(
            separator: ", ")
    }

    private mutating func residency() async throws -> String {
        var messages: [String] = []
        for (package, target) in zip(build.packages, targets) {
            steps.begin("residency: reading the plan of the \(package.role)")
            let plan = try await listener.listen(of: [target.model]) { try await readPlan(target) }
            plans.append(plan.loaded)
            try build.fixtures.manifest.check(
                planInputs: plan.inputs, outputs: plan.outputs, of: package.reference.package)
            let report = judgeResidency(function: plan.function, operations: plan.operations)
            evidence.residency.append(
                .init(role: package.role, function: plan.function, operations: plan.operations))
            let lines = build.lines(of: package, function: plan.function)
            if !options.json { show("\(package.reference.package)\n\(report.text(lines))\n") }
            guard report.passes else { throw Failure(.no, "\(package.reference.package): \(report.message)") }
            messages.append("\(package.role): \(report.message)")
        }
        return messages.joined(separator: "; ")
    }

    private mutating func parity() async throws -> String {
        let chains = try await runChains(build.fixtures, targets, "parity", steps, listener)
        engine = chains
        evidence.attested = try zip(zip(build.packages, compiled), zip(chains.loaded, plans)).map { one, said in
            .init(
                role: one.0.role, loaded: said.0, plan: said.1,
                compiledSHA256: try digest(ofFolder: one.1.model).sha256)
        }
        let report = try judgeParity(
            build.fixtures, observed: chains.observed, tolerances: .layer, chip: machine.system.chip)
        evidence.parity = report
        if !options.json { show(report.text(build.fixtures.manifest)) }
        guard report.passes else { throw Failure(.no, report.message) }
        return report.message
    }

    private mutating func crossCheck() async throws -> String {
        guard let engine else { throw Failure.fault("there was no run on the engine") }
        let chains = try await runChains(
            build.fixtures, targets.map { $0.on(.cpuOnly) }, "cross-check", steps, listener)
        evidence.crossCheck = try Gate.crossCheck(engine: engine.observed, cpuOnly: chains.observed)
        let verdict = judgeCrossCheck(evidence.crossCheck)
        guard verdict.passes else { throw Failure(.no, verdict.message) }
        return verdict.message
    }

    /// A call that fails in the long run, or gives what is not finite, is a failure of parity: the sequence was too short to show it.
    private mutating func measure() async -> ExitCode {
        guard options.calls > 0, let engine else { return .yes }
        steps.begin("measuring: \(options.calls) calls of each")
        var measured = Measured()
        do {
            for (index, package) in build.packages.enumerated() {
                let (role, target, fixtures) = (package.role, targets[index], build.fixtures)
                let all = try await listener.listen(of: [target.model]) {
                    try repeated(
                        fixtures, target, role: role, calls: options.calls, telling("measuring", role, steps))
                }
                try measured.add(
                    role: role, tokens: package.reference.tokens, coldLoadMs: engine.loadMs[index], all)
                guard all.finite else {
                    throw Failure(.no, "a value is not finite in the \(all.wallMs.count) calls of the \(role)")
                }
            }
            measured.drift = try await drift()
            measured.peakBytes = peakBytes()
            evidence.measured = measured
            if !options.json { show("\n\(measured.text)\n") }
            return .yes
        } catch {
            let failure = error as? Failure ?? Failure.fault("\(error)")
            let message = "in the long run: \(failure.message)"
            evidence.set("parity", failure.code == .no ? .fail : .fault, message)
            say("\(toolName): parity: \(message)")
            return (try? finish("parity")) == nil ? .fault : failure.code
        }
    }

    /// Nil where the block's output cannot be its next input.
    private func drift() async throws -> Drift? {
        let fixtures = build.fixtures
        guard let link = fixtures.manifest.link else { return nil }
        steps.begin("measuring: a chain of \(driftDepth) layers")
        var chains: [[Tensor]] = []
        for (target, name) in [(targets[0], "chain"), (targets[0].on(.cpuOnly), "chain on the CPU alone")] {
            chains.append(
                try await listener.listen(of: [target.model]) {
                    try layers(fixtures, link, target, depth: driftDepth, telling("measuring", name, steps))
                })
        }
        return try Drift(
            link, engine: chains[0], cpuOnly: chains[1],
            tokens: fixtures.manifest.calls[0].rows.indices.filter { fixtures.manifest.calls[0].rows[$0] != nil })
    }

    private mutating func sameBytes() throws -> String {
        try build.checkUnchanged()
        for (index, one) in compiled.enumerated() {
            let now = try digest(ofFolder: one.model)
            if let why = one.digest.difference(from: now) {
                throw Failure.mistake("\(one.model.lastPathComponent) changed while the gate ran: \(why)")
            }
            let said = evidence.attested[index]
            evidence.attested[index] = .init(
                role: said.role, loaded: .init(units: said.units, function: said.function), plan: said.plan,
                compiledSHA256: now.sha256)
        }
        return "packages and compiled models are what they were at the start"
    }
}
