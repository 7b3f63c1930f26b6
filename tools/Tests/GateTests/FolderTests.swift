/// What a folder of fixtures must be, and what is told of rows that are compared.
import Foundation
import Gate
import Support
import Testing

/// The sentence of what is thrown.
private func sentence(_ body: () throws -> Void) -> String? {
    do { try body() } catch { return (error as? Failure)?.message ?? "\(error)" }
    return nil
}

/// The manifest of a toy, changed.
private func change(_ toy: Toy, _ edit: (inout [String: Any]) -> Void) throws {
    let file = toy.folder.appendingPathComponent("toy.fixtures.json")
    var manifest = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as! [String: Any]
    edit(&manifest)
    try JSONSerialization.data(withJSONObject: manifest).write(to: file)
}

@Test func aSetOfNoCallsSaysSo() throws {
    let toy = try Toy()
    try toy.write()
    try change(toy) { $0["calls"] = [Any]() }
    #expect(
        sentence { _ = try Fixtures.open(toy.folder) }
            == "toy.fixtures.json: there are no calls, so nothing would be compared")
}

@Test func aFolderHoldsOneSet() throws {
    let toy = try Toy()
    try toy.write()
    #expect(sentence { _ = try Fixtures.open(toy.folder) } == nil)
    try FileManager.default.copyItem(
        at: toy.folder.appendingPathComponent("toy.fixtures.json"),
        to: toy.folder.appendingPathComponent("other.fixtures.json"))
    #expect(
        sentence { _ = try Fixtures.open(toy.folder) }
            == "\(toy.folder.path) must hold one .fixtures.json file and holds 2; write it with graphc emit --fixtures")
}

/// Though the file is there, and has the right bytes.
@Test func aFileOfAnotherFolderIsRefused() throws {
    let toy = try Toy()
    try toy.write()
    let name = "toy.fixtures.safetensors", below = toy.folder.appendingPathComponent("below")
    try FileManager.default.createDirectory(at: below, withIntermediateDirectories: true)
    try FileManager.default.copyItem(
        at: toy.folder.appendingPathComponent(name), to: below.appendingPathComponent(name))
    try change(toy) {
        var data = $0["data"] as! [String: Any]
        data["file"] = "below/\(name)"
        $0["data"] = data
    }
    #expect(
        sentence { _ = try Fixtures.open(toy.folder) }
            == "the fixtures name below/\(name), which is not a file of \(toy.folder.path)")
}

/// Whether states are among the inputs of a plan is not documented; all else has to be as in the package.
@Test func aPlanIsOfOneProgram() throws {
    let toy = try Toy()
    try toy.write()
    let manifest = try Fixtures.open(toy.folder).manifest
    let fed = manifest.inputs.map(\.name)
    func said(_ inputs: [String], _ outputs: [String]) -> String? {
        sentence { try manifest.check(planInputs: inputs, outputs: outputs, of: "toy") }
    }
    #expect(said(fed, ["hidden"]) == nil)
    #expect(said(fed + ["k", "v"], ["hidden"]) == nil)
    #expect(
        said(Array(fed.dropLast()), ["hidden"])
            == "the plan is of another program than toy: it is fed [\"attn_mask\", \"position\", \"rope_cos\", \"x\"] and returns [\"hidden\"]"
    )
    for other in [said(fed + ["other"], ["hidden"]), said(fed, ["other"]), said(fed, []), said(fed, ["hidden", "k"])] {
        #expect(other?.hasPrefix("the plan is of another program than toy") == true)
    }
}

private func seen(_ prediction: Fixtures.Prediction, flushed: Int, outputs: Named? = nil) -> Observation {
    Observation(
        outputs: outputs ?? prediction.outputs, rows: prediction.rows, faults: [], flushed: flushed, finite: true,
        run: Run(sha256: "", time: Time(wallMs: 1, cpuMs: 1)))
}

/// A device that computes what the CPU does, but for one bit in one step.
@Test func bitsAndFlushesAreCounted() throws {
    let toy = try Toy()
    try toy.write()
    let fixtures = try Fixtures.open(toy.folder)
    var calls: [ObservedCall] = []
    for (n, call) in fixtures.manifest.calls.enumerated() {
        var steps: [Int: Observation] = [:]
        for token in call.steps {
            let step = try fixtures.step(n, token: token)
            var halves = step.outputs["hidden"]!.halves!
            if n == 0 && token == 1 { halves[0] ^= 1 }
            let hidden = Tensor(shape: step.outputs["hidden"]!.shape, elements: .half(halves))
            steps[token] = seen(step, flushed: n == 0 ? token : 0, outputs: ["hidden": hidden])
        }
        calls.append(ObservedCall(block: seen(try fixtures.block(n), flushed: n == 1 ? 10 : 0), steps: steps))
    }
    let report = try judgeParity(
        fixtures, observed: Observed(calls: calls, fed: [], kept: [:]), tolerances: .layer, chip: "Apple M4")
    #expect(report.passes, "\(report.message)")
    #expect(report.flushed == 10 + 0 + 1 + 2 + 3)
    let other = report.comparisons.filter { !$0.equalBits }
    #expect(Set(other.map(\.kind)) == [.blockSteps, .stepsExact])
    #expect(other.count == 2 && other.allSatisfy { $0.call == 0 && $0.token == 1 && $0.value == "hidden - x" })
}

/// Small rows are held to nothing but to be finite, where nobody predicts them: that much they are held to.
@Test func smallRowsHaveToBeFinite() throws {
    let toy = try Toy()
    toy.calls[3].accepted = 0
    toy.draws["last block"] = ("small", 1)
    try toy.write()
    let fixtures = try Fixtures.open(toy.folder)
    func passing(_ half: UInt16) throws -> Bool {
        let calls = try fixtures.manifest.calls.enumerated().map { n, call in
            var block = try fixtures.block(n).outputs
            var halves = block["hidden"]!.halves!
            if n == 3 { halves[0] = half }
            block["hidden"] = Tensor(shape: block["hidden"]!.shape, elements: .half(halves))
            var steps: [Int: Observation] = [:]
            for token in call.steps { steps[token] = seen(try fixtures.step(n, token: token), flushed: 0) }
            return ObservedCall(block: seen(try fixtures.block(n), flushed: 0, outputs: block), steps: steps)
        }
        let report = try judgeParity(
            fixtures, observed: Observed(calls: calls, fed: [], kept: [:]), tolerances: .layer, chip: "Apple M4")
        return report.comparisons.filter { $0.call == 3 && $0.token == 0 && $0.kind == .blockExact }
            .filter { !$0.passes }.isEmpty
    }
    // Any number will do; NaN is none.
    let large = Float16(1.75).bitPattern, nan = Float16.nan.bitPattern
    #expect(try passing(large))
    #expect(try !passing(nan))
}
