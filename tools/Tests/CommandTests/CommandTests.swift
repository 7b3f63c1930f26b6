/// The single commands, and what the gate leaves on disk.
import Foundation
import Gate
import Support
import Testing

private func toy(_ arrange: (Toy) -> Void = { _ in }) throws -> Toy {
    let toy = try Toy()
    arrange(toy)
    try toy.write()
    return toy
}

@Test func evidenceNamesTheBytes() throws {
    let toy = try toy()
    #expect(try graphcANE("gate", toy.folder.path).code == 0)
    let found = try evidence(in: toy.folder)
    #expect(found["units"] as? String == "cpuAndNeuralEngine")
    #expect((found["tool"] as? [String: Any])?["engine"] as? String == "scripted stand-in")
    #expect((found["system"] as? [String: Any])?["osBuild"] as? String == "24F74")
    let packages = try #require(found["packages"] as? [[String: Any]])
    let block = try digest(ofFolder: toy.folder.appendingPathComponent("toy.T4.mlpackage"))
    #expect(packages[0]["sha256"] as? String == block.sha256)
    let certificate = try sha256(fileAt: toy.folder.appendingPathComponent("toy.certificate.json"))
    #expect((found["certificate"] as? [String: Any])?["sha256"] as? String == certificate)
    let checks = try #require(found["preconditions"] as? [[String: Any]])
    #expect(checks.map { $0["status"] as? String } == Array(repeating: "asserted", count: 6) + ["assumed"])
    let parity = try #require(found["parity"] as? [String: Any])
    // 15 live tokens, hidden and two states, three comparisons each.
    #expect((parity["comparisons"] as? [Any])?.count == 15 * 3 * 3)
}

@Test func aKilledRunLeavesNoPass() throws {
    let toy = try toy()
    #expect(try graphcANE("gate", toy.folder.path).code == 0)
    toy.script["faults"] = [["kind": "crash", "model": "block", "prediction": 0] as [String: Any]]
    try toy.write()
    let run = try graphcANE("gate", toy.folder.path)
    #expect(run.code == 3)
    let log = toy.folder.appendingPathComponent("compiled/run.log").path
    let message =
        "Core ML ended the process (signal 9); the last step was: parity: prediction of the block 1 of 4; what Core ML said is in \(log)"
    #expect(run.err.hasSuffix("graphc-ane: \(message)\n"), "\(run.err)")
    #expect(
        try verdicts(in: toy.folder) == [
            "preconditions": "pass", "compile": "pass", "residency": "pass", "parity": "fault",
            "cross-check": "not run", "same bytes": "not run",
        ])
    let gates = try #require(try evidence(in: toy.folder)["gates"] as? [[String: Any]])
    #expect(gates[3]["message"] as? String == message)
}

@Test func aRunThatCannotStartRemovesOldEvidence() throws {
    let toy = try toy()
    #expect(try graphcANE("gate", toy.folder.path).code == 0)
    try Data("other".utf8).write(to: toy.folder.appendingPathComponent("toy.T4.mlpackage/Manifest.json"))
    #expect(try graphcANE("gate", toy.folder.path).code == 2)
    #expect(!FileManager.default.fileExists(atPath: toy.folder.appendingPathComponent("evidence.json").path))
}

@Test func compileIsContentAddressed() throws {
    let toy = try toy()
    let package = toy.folder.appendingPathComponent("toy.T4.mlpackage")
    func model() throws -> (path: String, reused: String) {
        let run = try graphcANE("compile", package.path, "--json")
        #expect(run.code == 0, "\(run.err)")
        let result = try JSONDecoder().decode([String: String].self, from: Data(run.out.utf8))
        return (result["model"] ?? "", result["reused"] ?? "")
    }
    let first = try model()
    #expect(first.reused == "no")
    #expect(try model() == (first.path, "yes"))

    // A compiled model that was tampered with is made anew.
    try Data("stale".utf8).write(to: URL(fileURLWithPath: first.path).appendingPathComponent("package.txt"))
    #expect(try model() == (first.path, "no"))

    // Another package, or another build of the OS, goes elsewhere.
    try Data("other".utf8).write(to: package.appendingPathComponent("Manifest.json"))
    let second = try model()
    #expect(second.path != first.path && second.reused == "no")
    var system = toy.script["system"] as? [String: Any] ?? [:]
    system["osBuild"] = "24G84"
    toy.script["system"] = system
    try JSONSerialization.data(withJSONObject: toy.script).write(
        to: toy.folder.appendingPathComponent("scripted-engine.json"))
    let third = try model()
    #expect(third.path != second.path && third.reused == "no")
}

@Test func residencyOfACompiledModel() throws {
    let toy = try toy {
        $0.script["functions"] = [
            "main": [["name": "ios18.conv", "outputs": ["q_rope"], "device": "cpu", "cost": 1] as [String: Any]]
        ]
    }
    let model = try graphcANE("compile", toy.folder.appendingPathComponent("toy.T4.mlpackage").path).out
        .trimmingCharacters(in: .whitespacesAndNewlines)
    // The script is found through the package, but the machine beside what is looked at.
    let home = URL(fileURLWithPath: model).deletingLastPathComponent()
    try FileManager.default.copyItem(
        at: toy.folder.appendingPathComponent("scripted-engine.json"),
        to: home.appendingPathComponent("scripted-engine.json"))
    let run = try graphcANE("residency", model)
    #expect(run.code == 1)
    #expect(
        run.out == """
            op    device  operations  cost
            ----  ------  ----------  -----
            conv  CPU     1           100 %

            not on the Neural Engine:
            value   op          device  supported by  cost   path
            ------  ----------  ------  ------------  -----  ------------------------
            q_rope  ios18.conv  CPU     CPU, CPU      100 %  main.block.operations[0]

            FAIL: 1 of 1 operations are not on the Neural Engine; first by cost: ios18.conv q_rope at main.block.operations[0] is on the CPU

            """)
    #expect(try graphcANE("residency", model, "--function", "other").code == 2)
    #expect(
        try graphcANE("residency", toy.folder.appendingPathComponent("toy.T4.mlpackage").path).err
            == "graphc-ane: toy.T4.mlpackage is not a compiled model; run graphc-ane compile first\n")
}

@Test func parityAlone() throws {
    let toy = try toy()
    let good = try graphcANE("parity", toy.folder.path, "--units", "cpuOnly")
    #expect(good.code == 0, "\(good.err)")
    #expect(good.out.contains("PASS: all 135 rows within bounds; block and steps have equal bits in"))
    toy.script["faults"] = [["kind": "nan", "model": "step", "prediction": 0] as [String: Any]]
    try toy.write()
    let bad = try graphcANE("parity", toy.folder.path)
    #expect(bad.code == 1)
    #expect(bad.out.hasSuffix("FAIL: call 0 (rejection), step of token 0: hidden is not finite\n"))
}

@Test func aMacWithoutANeuralEngineCanCompileAndDiagnose() throws {
    let toy = try toy { toy in
        var system = toy.script["system"] as? [String: Any] ?? [:]
        system["neuralEngine"] = false
        toy.script["system"] = system
    }
    #expect(try graphcANE("compile", toy.folder.appendingPathComponent("toy.T4.mlpackage").path).code == 0)
    #expect(try graphcANE("parity", toy.folder.path, "--units", "cpuOnly").code == 0)
    for units in ["cpuAndNeuralEngine", "all"] {
        #expect(try graphcANE("parity", toy.folder.path, "--units", units).code == 2)
    }
    #expect(try graphcANE("gate", toy.folder.path).code == 2)
}

@Test(arguments: [
    (["--units", "tpu"], "--units tpu is unknown; one of cpuAndNeuralEngine, all, cpuAndGPU, cpuOnly"),
    (["gate"], "gate takes one path or more; see --help"),
    (["gate", "/nowhere"], "/nowhere does not exist"),
    (["gate", "/", "--units", "all"], "--units is for residency, parity and why; the gate is for cpuAndNeuralEngine"),
    (["parity", "/", "/tmp"], "parity takes one path; see --help"),
    (["gate", "/", "/tmp/.."], "gate is given one path twice"),
    (["gate", "/", "--patience", "soon"], "--patience soon is not a number above 0"),
    (["gate", "/", "/tmp", "--json"], "--json is for one path; each folder gets its evidence.json"),
    (["gate", "/", "/tmp", "--out", "/tmp"], "--out is for one path"),
    (["--fast"], "--fast is unknown; see --help"),
    (["mend", "."], "mend is no command; see --help"),
    ([], "say what to do: compile, residency, parity, gate, why, clean; see --help"),
]) func wrongWords(_ arguments: [String], _ message: String) throws {
    let process = try graphcANE(arguments)
    #expect(process.code == 2)
    #expect(process.err == "graphc-ane: \(message)\n")
}

@Test func helpIsAPass() throws {
    let help = try graphcANE("--help")
    #expect(help.code == 0 && help.out.contains("exit codes, as of graphc: 0 yes; 1"))
    #expect(try graphcANE("--version").out == "graphc-ane 0.1.0\n")
}
