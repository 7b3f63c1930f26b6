/// What the evidence says of configuration, machine and runs: units and function above all, each read back and not repeated.
import Foundation
import Gate
import Support
import Testing

@Test(arguments: [false, true]) func theEvidenceAttests(_ functions: Bool) throws {
    let toy = try Toy()
    if functions { (toy.blockFunction, toy.stepFunction) = ("verify4", "infer") }
    var system = toy.script["system"] as? [String: Any] ?? [:]
    (system["thermal"], system["lowPower"]) = ("fair", true)
    toy.script["system"] = system
    try toy.write()
    let run = try graphcANE("gate", toy.folder.path)
    #expect(run.code == 0, "\(run.err)")
    let found = try evidence(in: toy.folder)
    let attested = try #require(found["attested"] as? [[String: Any]])
    #expect(attested.map { $0["role"] as? String } == ["block", "step"])
    #expect(attested.map { $0["units"] as? String } == ["cpuAndNeuralEngine", "cpuAndNeuralEngine"])
    #expect(attested.map { $0["function"] as? String } == (functions ? ["verify4", "infer"] : [nil, nil]))
    let plans = attested.map { $0["plan"] as? [String: String] }
    #expect(plans.map { $0?["units"] } == ["cpuAndNeuralEngine", "cpuAndNeuralEngine"])
    #expect(plans.map { $0?["function"] } == (functions ? ["verify4", "infer"] : [nil, nil]))
    let packages = try #require(found["packages"] as? [[String: Any]])
    #expect(packages.map { $0["compiledSHA256"] as? String } == attested.map { $0["compiledSHA256"] as? String })

    let conditions = try #require(found["conditions"] as? [[String: Any]])
    #expect(conditions.count == 2)
    #expect(conditions.allSatisfy { $0["thermal"] as? String == "fair" && $0["lowPower"] as? Bool == true })
    #expect((found["started"] as? String)?.hasSuffix("Z") == true)
    #expect((found["identity"] as? [String: String])?["weightsSHA256"] == sha256(Data("weights".utf8)))
    let watched = try #require(found["watched"] as? [String: [String]])
    #expect(watched["streams"] == ["standard output", "standard error", "unified log"])
    #expect(watched["phrases"] == complaintPhrases.map(\.text))

    let residency = try #require(found["residency"] as? [[String: Any]])
    #expect(residency.map { $0["function"] as? String } == (functions ? ["verify4", "infer"] : ["main", "main"]))
    let operations = try #require(residency[0]["operations"] as? [[String: Any]])
    #expect(operations.count == 7)
    #expect(operations[3]["kind"] as? String == "conv")
    #expect(operations[3]["values"] as? [String] == ["q"])
    #expect(operations[3]["device"] as? String == "Neural Engine")
    #expect(operations[3]["supported"] as? [String] == ["Neural Engine", "CPU"])
    #expect(operations[0]["device"] as? String == "undetermined")

    let checks = try #require(found["crossCheck"] as? [[String: Any]])
    #expect(checks.count == 4 + 15)
    #expect(checks[0]["role"] as? String == "block" && checks[4]["role"] as? String == "step")
    #expect(checks[4]["token"] as? Int == 0 && checks[18]["token"] as? Int == 3)
    let runs = checks.map { ($0["engine"] as? [String: Any], $0["cpuOnly"] as? [String: Any]) }
    // The stand-in's engine rounds some elements otherwise, which a step of few elements need not show.
    let other = runs.map { $0?["sha256"] as? String != $1?["sha256"] as? String }
    #expect(other.prefix(4).allSatisfy { $0 } && other.dropFirst(4).contains(true))
    #expect(runs.allSatisfy { $0?["wallMs"] as? Double ?? 0 > 0 && $1?["cpuMs"] as? Double ?? 0 > 0 })
    // The CPU's bits are the fixtures', which the stand-in replays there.
    let hidden = toy.tensors["calls/0/block/out/hidden"]!
    #expect(runs[0].1?["sha256"] as? String == digest(of: hidden))
}

/// The units that are asked for are those that Core ML is given: each is planned otherwise.
@Test(arguments: [("cpuAndNeuralEngine", "Neural Engine"), ("cpuOnly", "CPU"), ("all", "GPU"), ("cpuAndGPU", "GPU")])
func unitsArriveAtCoreML(_ units: String, _ device: String) throws {
    let toy = try Toy()
    try toy.write()
    let model = try graphcANE("compile", toy.folder.appendingPathComponent("toy.T4.mlpackage").path).out
        .trimmingCharacters(in: .whitespacesAndNewlines)
    let home = URL(fileURLWithPath: model).deletingLastPathComponent()
    try FileManager.default.copyItem(
        at: toy.folder.appendingPathComponent("scripted-engine.json"),
        to: home.appendingPathComponent("scripted-engine.json"))
    let run = try graphcANE("residency", model, "--units", units, "--json")
    let report = try #require(try JSONSerialization.jsonObject(with: Data(run.out.utf8)) as? [String: Any])
    let counts = try #require(report["counts"] as? [[String: Any]])
    #expect(counts.filter { $0["kind"] as? String == "conv" }.map { $0["device"] as? String } == [device])
    #expect(run.code == (units == "cpuAndNeuralEngine" ? 0 : 1))
}

/// Of a package with two functions the one that is named is planned; the other has no placement to show.
@Test func theFunctionArrivesAtCoreML() throws {
    let toy = try Toy()
    toy.script["functions"] = [
        "a": [["name": "ios18.conv", "outputs": ["q"], "device": "ane", "cost": 1] as [String: Any]],
        "b": [["name": "ios18.conv", "outputs": ["r"], "device": "cpu", "cost": 1] as [String: Any]],
    ]
    try toy.write()
    let model = try graphcANE("compile", toy.folder.appendingPathComponent("toy.T4.mlpackage").path).out
        .trimmingCharacters(in: .whitespacesAndNewlines)
    let home = URL(fileURLWithPath: model).deletingLastPathComponent()
    try FileManager.default.copyItem(
        at: toy.folder.appendingPathComponent("scripted-engine.json"),
        to: home.appendingPathComponent("scripted-engine.json"))
    #expect(try graphcANE("residency", model, "--function", "a").code == 0)
    #expect(
        try graphcANE("residency", model, "--function", "b").out.contains(
            "ios18.conv r at b.block.operations[0] is on the CPU"))
}

/// One gate without a pass is enough, whatever else is in the evidence.
@Test func evidencePassesWithEveryGate() throws {
    let toy = try Toy()
    try toy.write()
    #expect(try graphcANE("gate", toy.folder.path).code == 0)
    let whole = try Evidence.read(toy.folder.appendingPathComponent("evidence.json"))
    #expect(whole.passes)
    for gate in Evidence.gateNames {
        for verdict in [Evidence.Gate.Verdict.fail, .notRun] {
            var one = whole
            one.set(gate, verdict, "")
            #expect(!one.passes, "\(gate)")
        }
    }
}
