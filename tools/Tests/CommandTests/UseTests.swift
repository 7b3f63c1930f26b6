/// What it is like to use: steps as they begin, a load that never returns, several folders, what is left and how it goes away.
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

@Test func stepsAreSaidAsTheyBegin() throws {
    let toy = try toy()
    let run = try graphcANE("gate", toy.folder.path, "--calls", "20")
    let compiled = toy.folder.appendingPathComponent("compiled")
    #expect(
        run.err.split(separator: "\n").map(String.init) == [
            "log: \(compiled.path)/run.log", "evidence: \(toy.folder.path)/evidence.json", "preconditions", "compile",
            "compile: toy.T4.mlpackage, 0 MiB", "compile: toy.T1.mlpackage, 0 MiB", "residency",
            "residency: reading the plan of the block", "residency: reading the plan of the step", "parity",
            "parity: loading the block", "parity: loading the step", "cross-check", "cross-check: loading the block",
            "cross-check: loading the step", "measuring: 20 calls of each", "measuring: loading the block",
            "measuring: loading the step", "measuring: a chain of 32 layers", "measuring: loading the chain",
            "measuring: loading the chain on the CPU alone", "same bytes",
        ])
}

@Test func aLoadThatNeverReturnsIsEnded() throws {
    let toy = try toy { $0.script["loadSeconds"] = 300.0 }
    let run = try graphcANE("gate", toy.folder.path, "--patience", "1.5")
    #expect(run.code == 3)
    #expect(
        run.err.contains(
            "graphc-ane: nothing came back for 1.5 s (--patience), so that the process was ended; the last step was: parity: loading the block; what Core ML said is in "
        ), "\(run.err)")
    #expect(try verdicts(in: toy.folder)["parity"] == "fault")
}

@Test func workThatTakesTooMuchMemoryIsEnded() throws {
    let toy = try toy { $0.script["loadSeconds"] = 300.0 }
    let run = try graphcANE("gate", toy.folder.path, "--memory", "0.001")
    #expect(run.code == 3)
    #expect(run.err.contains("MiB of memory and was ended (--memory); the last step was: "), "\(run.err)")
}

@Test func severalFoldersAreGatedEachByItself() throws {
    let good = try toy()
    let bad = try toy { $0.script["faults"] = [["kind": "nan", "model": "block", "prediction": 0] as [String: Any]] }
    let run = try graphcANE("gate", good.folder.path, bad.folder.path)
    #expect(run.code == 1)
    #expect(run.err.hasSuffix("1 of 2 folders pass\n"))
    #expect(try verdicts(in: good.folder)["same bytes"] == "pass")
    #expect(try verdicts(in: bad.folder)["parity"] == "fail")
    // Room is asked for all of them before the first begins.
    let small = try toy { toy in
        var system = toy.script["system"] as? [String: Any] ?? [:]
        system["freeBytes"] = (1 << 30) + 50_000
        toy.script["system"] = system
    }
    #expect(try graphcANE("gate", small.folder.path).code == 0)
    let full = try graphcANE("gate", small.folder.path, good.folder.path)
    #expect(full.code == 2 && full.err.contains("the disk has 1024 MiB free"), "\(full.err)")
}

@Test func theGateAsJSONIsTheEvidence() throws {
    let toy = try toy()
    let run = try graphcANE("gate", toy.folder.path, "--json")
    #expect(run.code == 0)
    let said = try #require(try JSONSerialization.jsonObject(with: Data(run.out.utf8)) as? NSDictionary)
    let kept = try evidence(in: toy.folder) as NSDictionary
    #expect(said == kept)
}

@Test func cleanRemovesWhatCompileLeft() throws {
    let toy = try toy()
    #expect(try graphcANE("clean", toy.folder.path).out == "there is nothing to remove\n")
    #expect(try graphcANE("gate", toy.folder.path).code == 0)
    let compiled = toy.folder.appendingPathComponent("compiled")
    let stranger = compiled.appendingPathComponent("notes.txt")
    try Data("mine".utf8).write(to: stranger)
    let refused = try graphcANE("clean", toy.folder.path)
    #expect(refused.code == 2)
    #expect(
        refused.err
            == "graphc-ane: \(compiled.path) holds notes.txt, which this tool did not put there; nothing was removed\n")
    try FileManager.default.removeItem(at: stranger)
    #expect(try graphcANE("clean", toy.folder.path).out == "removed \(compiled.path) (0 MiB)\n")
    #expect(!FileManager.default.fileExists(atPath: compiled.path))
    #expect(FileManager.default.fileExists(atPath: toy.folder.appendingPathComponent("toy.T4.mlpackage").path))
}

/// The page shows what was seen, and holds no markup of anybody else's.
@Test func thePageIsOfTheEvidence() throws {
    let toy = try toy { toy in
        var system = toy.script["system"] as? [String: Any] ?? [:]
        system["chip"] = "<b>M4 & \"Max\""
        toy.script["system"] = system
        toy.script["faults"] = [["kind": "drift", "model": "block", "prediction": 1] as [String: Any]]
    }
    let file = toy.folder.appendingPathComponent("evidence.html")
    #expect(try graphcANE("gate", toy.folder.path, "--calls", "0").code == 1)
    let page = try String(contentsOf: file, encoding: .utf8)
    #expect(page.contains("<h1>toy: not every step passed</h1>"))
    #expect(page.contains("<td>&lt;b&gt;M4 &amp; &quot;Max&quot;</td>"))
    #expect(page.contains("<tr><td>parity</td><td>fail</td><td>6 of 135 rows are out of bounds; first: call 1 "))
    #expect(page.contains("<tr><td>block ran with</td><td>cpuAndNeuralEngine, function by default</td></tr>"))
    #expect(page.components(separatedBy: "block against fp64").count > 3)
    #expect(!page.contains("http"))
    toy.script["faults"] = nil
    try toy.write()
    #expect(try graphcANE("gate", toy.folder.path).code == 0)
    let good = try String(contentsOf: file, encoding: .utf8)
    #expect(good.contains("<h1>toy: every step passed</h1>") && good.contains("<h2>Measured</h2>"))
}
