/// A device that refuses, complains or lies: each lie, and by which step and in which words the tool notices it.
import Foundation
import Gate
import Support
import Testing

struct Lie: CustomTestStringConvertible, Sendable {
    let name: String
    let code: Int32
    /// The step whose verdict it is, and what its message ends with.
    let gate: String
    let verdict: String
    let message: String
    var hostKeeps = false
    let arrange: @Sendable (Toy) -> Void
    var testDescription: String { name }
}

private func lie(_ kind: String, _ model: String? = nil) -> @Sendable (Toy) -> Void {
    { $0.script["lies"] = [model.map { ["kind": kind, "model": $0] } ?? ["kind": kind]] }
}

private func functions(_ more: @escaping @Sendable (Toy) -> Void) -> @Sendable (Toy) -> Void {
    { toy in
        (toy.blockFunction, toy.stepFunction) = ("verify4", "infer")
        more(toy)
    }
}

private func complaint(_ key: String, _ text: String, on stream: String) -> @Sendable (Toy) -> Void {
    { toy in
        toy.script[key] = text
        toy.script["complaintStream"] = stream
    }
}

/// A convolution on the engine, and a softmax that could be there too.
private func preferringTheCPU(_ toy: Toy) {
    let conv: [String: Any] = ["name": "ios18.conv", "outputs": ["q"], "device": "ane", "cost": 0.9]
    var softmax: [String: Any] = ["name": "ios18.softmax", "outputs": ["weights"], "device": "cpu", "cost": 0.1]
    softmax["supported"] = ["ane", "cpu"]
    toy.script["functions"] = ["main": [conv, softmax]]
}

private let lies: [Lie] = [
    Lie(
        name: "loads for other units", code: 3, gate: "parity", verdict: "fault",
        message: "toy.T4.mlmodelc was loaded for cpuAndNeuralEngine, and says that it runs with all",
        arrange: lie("otherUnits", "block")),
    Lie(
        name: "loads the step for other units", code: 3, gate: "parity", verdict: "fault",
        message: "toy.T1.mlmodelc was loaded for cpuAndNeuralEngine, and says that it runs with all",
        arrange: lie("otherUnits", "step")),
    Lie(
        name: "loads another function", code: 3, gate: "parity", verdict: "fault",
        message: "toy.T4.mlmodelc was loaded for function verify4, and says that it runs other",
        arrange: functions(lie("otherFunction", "block"))),
    Lie(
        name: "plans another package", code: 3, gate: "residency", verdict: "fault",
        message:
            "the plan is of another program than toy.T4.mlpackage: it is fed [\"tokens\"] and returns [\"logits\"]",
        arrange: lie("planOfAnother")),
    Lie(
        name: "plans another package, caches as inputs", code: 3, gate: "residency", verdict: "fault",
        message:
            "the plan is of another program than toy.T4.mlpackage: it is fed [\"tokens\"] and returns [\"logits\"]",
        hostKeeps: true, arrange: lie("planOfAnother")),
    Lie(
        name: "supports the engine and prefers the CPU", code: 1, gate: "residency", verdict: "fail",
        message: "ios18.softmax weights at main.block.operations[1] is on the CPU",
        arrange: preferringTheCPU),
    Lie(
        name: "declares another input", code: 2, gate: "parity", verdict: "fault",
        message:
            "toy.T4.mlmodelc has inputs [\"attn_mask\", \"kv_write_mask\", \"position\", \"rope_cos\", \"stray\", \"x\"], the fixtures [\"attn_mask\", \"kv_write_mask\", \"position\", \"rope_cos\", \"x\"]",
        arrange: lie("otherInputs", "block")),
    Lie(
        name: "declares another shape", code: 2, gate: "parity", verdict: "fault",
        message: "hidden of toy.T1.mlmodelc has shape [2, 9, 2, 2], in the fixtures [1, 8, 1, 1]",
        arrange: lie("otherShapes", "step")),
    Lie(
        name: "restores a state wrongly", code: 3, gate: "parity", verdict: "fault",
        message: "state k does not keep what is written into it between predictions",
        arrange: lie("forgetsRestore", "step")),
    Lie(
        name: "runs on the CPU without a word", code: 1, gate: "cross-check", verdict: "fail",
        message: "not shown: the block gives on the engine, bit for bit, what the CPU alone gives",
        arrange: lie("silentCPU")),
    Lie(
        name: "runs the step on the CPU without a word", code: 1, gate: "cross-check", verdict: "fail",
        message: "not shown: the step gives on the engine, bit for bit, what the CPU alone gives",
        arrange: lie("silentCPU", "step")),
    Lie(
        name: "runs one prediction on the CPU without a word", code: 1, gate: "cross-check", verdict: "fail",
        message: "not shown: call 2, step of token 1 of the step has the bits and the CPU time of the CPU alone"
    ) { $0.script["faults"] = [["kind": "silentCPU", "model": "step", "prediction": 8] as [String: Any]] },
    Lie(
        name: "complains on standard output when a plan is made", code: 1, gate: "residency", verdict: "fail",
        message: "the on-device compiler complained: E5RT encountered an STL exception",
        arrange: complaint("planComplaint", "E5RT encountered an STL exception", on: "stdout")),
    Lie(
        name: "complains on standard output when a model is loaded", code: 1, gate: "parity", verdict: "fail",
        message: "the on-device compiler complained: [ANE] Program load failure (0x20004)",
        arrange: complaint("complaint", "[ANE] Program load failure (0x20004)", on: "stdout")),
    Lie(
        name: "complains in the unified log", code: 1, gate: "parity", verdict: "fail",
        message: "the on-device compiler complained: ANECF error: 12",
        arrange: complaint("complaint", "ANECF error: 12", on: "log")),
    Lie(
        name: "complains when a package is compiled", code: 1, gate: "compile", verdict: "fail",
        message: "the on-device compiler complained: ane model load has failed for on-device compiled macho",
        arrange: complaint(
            "compileComplaint", "ane model load has failed for on-device compiled macho", on: "stderr")),
]

@Test(arguments: lies) private func aLieIsNoticed(_ lie: Lie) throws {
    let toy = try Toy(hostKeeps: lie.hostKeeps)
    lie.arrange(toy)
    try toy.write()
    let run = try graphcANE("gate", toy.folder.path)
    #expect(run.code == lie.code, "\(run.err)")
    let gates = try #require(try evidence(in: toy.folder)["gates"] as? [[String: Any]])
    let gate = try #require(gates.first { $0["gate"] as? String == lie.gate })
    #expect(gate["verdict"] as? String == lie.verdict)
    let message = gate["message"] as? String ?? ""
    #expect(message.hasSuffix(lie.message), "\(message)")
    // The rest is run after the cross-check alone.
    let after = try verdicts(in: toy.folder)["same bytes"]
    #expect(after == (lie.gate == "cross-check" ? "pass" : "not run"))
}

/// Buffers may say their strides only while they are open: that is no fault, and the numbers have to be right.
@Test func stridesThatMoveAreFollowed() throws {
    let toy = try Toy()
    lie("movingStrides")(toy)
    try toy.write()
    let run = try graphcANE("gate", toy.folder.path)
    #expect(run.code == 0, "\(run.err)")
}

/// Strides that a device misreports while a state is written do no harm: those that come with the buffer are used.
@Test func stridesThatComeWithTheBufferAreUsed() throws {
    let toy = try Toy()
    lie("givenStrides")(toy)
    try toy.write()
    let run = try graphcANE("gate", toy.folder.path)
    #expect(run.code == 0, "\(run.err)")
}

/// A device that flushes subnormals of rows which no token writes is told of, and is no fault.
@Test func whatIsFlushedIsNoted() throws {
    let toy = try Toy()
    var halves = toy.tensors["initial/k"]!.halves!
    halves[0] = 0x0001
    toy.tensors["initial/k"] = Tensor(shape: toy.tensors["initial/k"]!.shape, elements: .half(halves))
    toy.script["faults"] = [["kind": "flush", "model": "block", "prediction": 0] as [String: Any]]
    try toy.write()
    let run = try graphcANE("parity", toy.folder.path)
    #expect(run.code == 0, "\(run.err)")
    #expect(run.out.contains("noted: 1 subnormal element of untouched state rows became zero"), "\(run.out)")
}

/// What is heard in this very run is in its evidence, with the gate that heard it.
@Test func aComplaintIsWrittenDown() throws {
    let toy = try Toy()
    complaint("complaint", "ANECCompile() FAILED", on: "stderr")(toy)
    try toy.write()
    #expect(try graphcANE("gate", toy.folder.path).code == 1)
    let heard = try #require(try evidence(in: toy.folder)["complaints"] as? [[String: Any]])
    #expect(!heard.isEmpty)
    #expect(heard.allSatisfy { $0["earlier"] as? Bool == false && $0["gate"] as? String == "parity" })
}

/// A complaint marks the compiled model; a silent run does not take the mark away, a fresh compile does.
@Test(arguments: [("complaint", "stderr"), ("planComplaint", "stdout")]) func aComplaintStays(
    _ key: String, _ stream: String
) throws {
    let toy = try Toy()
    complaint(key, "ANECCompile() FAILED", on: stream)(toy)
    try toy.write()
    #expect(try graphcANE("gate", toy.folder.path).code == 1)
    toy.script[key] = nil
    try toy.write()
    let silent = try graphcANE("gate", toy.folder.path)
    #expect(silent.code == 1)
    #expect(
        silent.err.hasSuffix(
            "graphc-ane: compile: the on-device compiler complained of toy.T4.mlmodelc in an earlier run: ANECCompile() FAILED; compile the package anew with graphc-ane compile\n"
        ), "\(silent.err)")
    let heard = try #require(try evidence(in: toy.folder)["complaints"] as? [[String: Any]])
    #expect(heard.count == 1)
    #expect(heard[0]["earlier"] as? Bool == true)
    #expect(heard[0]["stream"] as? String == (stream == "stdout" ? "standard output" : "standard error"))
    #expect(try graphcANE("parity", toy.folder.path).err.contains("in an earlier run"))
    // So does residency alone; the machine is read beside what is looked at.
    let home = try #require(
        try FileManager.default.subpathsOfDirectory(atPath: toy.folder.appendingPathComponent("compiled").path).first {
            $0.hasSuffix("toy.T4.mlmodelc")
        })
    let model = toy.folder.appendingPathComponent("compiled/\(home)")
    try FileManager.default.copyItem(
        at: toy.folder.appendingPathComponent("scripted-engine.json"),
        to: model.deletingLastPathComponent().appendingPathComponent("scripted-engine.json"))
    let residency = try graphcANE("residency", model.path)
    #expect(residency.code == 1 && residency.err.contains("in an earlier run"), "\(residency.err)")
    // The other package has no mark; the marked one is compiled anew, and then all is well.
    let again = try graphcANE("compile", toy.folder.appendingPathComponent("toy.T4.mlpackage").path, "--json")
    #expect(again.out.contains("\"reused\" : \"no\""), "\(again.out)")
    #expect(try graphcANE("gate", toy.folder.path).code == 0)
    let none = try #require(try evidence(in: toy.folder)["complaints"] as? [Any])
    #expect(none.isEmpty)
}

/// What was heard before a crash is kept, and marks too.
@Test func aComplaintBeforeACrashStays() throws {
    let toy = try Toy()
    complaint("complaint", "ANECCompile() FAILED", on: "stderr")(toy)
    toy.script["faults"] = [["kind": "crash", "model": "block", "prediction": 0] as [String: Any]]
    try toy.write()
    let crash = try graphcANE("gate", toy.folder.path)
    #expect(crash.code == 3)
    #expect(crash.err.contains("; the on-device compiler complained: ANECCompile() FAILED; what Core ML said is in "))
    let log = toy.folder.appendingPathComponent("compiled/run.log")
    #expect(try String(contentsOf: log, encoding: .utf8).contains("ANECCompile() FAILED"))
    toy.script["complaint"] = nil
    toy.script["faults"] = nil
    try toy.write()
    #expect(try graphcANE("gate", toy.folder.path).code == 1)
}

/// What was compiled is held against its first digest when all is over: here it changes after parity and the cross-check.
@Test(arguments: [("block", "toy.T4", 30), ("step", "toy.T1", 50)]) func aCompiledModelThatChangesIsNoPass(
    _ model: String, _ name: String, _ prediction: Int
) throws {
    let toy = try Toy()
    toy.script["faults"] = [["kind": "touchCompiled", "model": model, "prediction": prediction] as [String: Any]]
    try toy.write()
    let run = try graphcANE("gate", toy.folder.path, "--calls", "60")
    #expect(run.code == 2, "\(run.err)")
    #expect(
        run.err.hasSuffix(
            "graphc-ane: same bytes: \(name).mlmodelc changed while the gate ran: model.mil does not belong to it\n"),
        "\(run.err)")
    #expect(try verdicts(in: toy.folder)["parity"] == "pass")
    #expect(try verdicts(in: toy.folder)["same bytes"] == "fault")
}

/// A complaint while one of the chains runs marks the model of that chain, and no other.
@Test(arguments: [("block", "toy.T4"), ("step", "toy.T1")]) func aComplaintMarksTheModelThatRuns(
    _ model: String, _ name: String
) throws {
    let toy = try Toy()
    toy.script["faults"] = [["kind": "complain", "model": model, "prediction": 2] as [String: Any]]
    try toy.write()
    let first = try graphcANE("parity", toy.folder.path)
    #expect(first.code == 1, "\(first.err)")
    #expect(first.err.contains("the on-device compiler complained: ANECCompile() FAILED"), "\(first.err)")
    toy.script["faults"] = nil
    try toy.write()
    let silent = try graphcANE("parity", toy.folder.path)
    #expect(silent.code == 1, "\(silent.err)")
    #expect(
        silent.err.contains("the on-device compiler complained of \(name).mlmodelc in an earlier run: "),
        "\(silent.err)")
    // Once that one is compiled anew nothing is held against the other.
    #expect(try graphcANE("compile", toy.folder.appendingPathComponent("\(name).mlpackage").path).code == 0)
    #expect(try graphcANE("parity", toy.folder.path).code == 0)
}
