/// gate: every step in order, with the evidence kept up to date on disk.
import Device
import Foundation
import Gate

func gateCommand(_ options: Options) async throws -> ExitCode {
    let machine = try Machine.probe(near: options.path, units: .cpuAndNeuralEngine)
    let file = options.path.appendingPathComponent("evidence.json")
    // Evidence of an earlier run must not outlive the start of this one, however this one ends.
    for old in [file, options.path.appendingPathComponent("evidence.html")] {
        try? FileManager.default.removeItem(at: old)
    }
    guard !FileManager.default.fileExists(atPath: file.path) else {
        throw Failure.mistake("cannot replace \(file.path)")
    }
    let build = try Build(options.path)
    var run = try GateRun(machine: machine, build: build, file: file, options: options)
    let code = await run.all()
    let page = options.path.appendingPathComponent("evidence.html")
    do { try Data(run.evidence.page.utf8).write(to: page, options: .atomic) } catch {
        throw Failure.mistake("cannot write \(page.path): \(error.localizedDescription)")
    }
    if options.json {
        try printJSON(run.evidence)
        return code
    }
    show(
        "\n\(table(["gate", "verdict", ""], run.evidence.gates.map { [$0.gate, $0.verdict.rawValue, $0.message] }))\n\nevidence: \(file.path)\npage: \(page.path)"
    )
    return code
}
