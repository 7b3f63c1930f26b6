/// What the gate measures in the long run.
import Foundation
import Support
import Testing

@Test(arguments: [false, true]) func theLongRunIsMeasured(_ hostKeeps: Bool) throws {
    let toy = try Toy(hostKeeps: hostKeeps)
    try toy.write()
    let run = try graphcANE("gate", toy.folder.path, "--calls", "50")
    #expect(run.code == 0, "\(run.err)")
    let measured = try #require(try evidence(in: toy.folder)["measured"] as? [String: Any])
    let times = try #require(measured["times"] as? [[String: Any]])
    #expect(times.map { $0["role"] as? String } == ["block", "step"])
    #expect(times.map { $0["tokens"] as? Int } == [4, 1])
    // Whole rounds of 4 and of 15 calls; the first is told apart.
    #expect(times.map { $0["calls"] as? Int } == [51, 59])
    for time in times {
        // The stand-in's engine takes half a millisecond.
        #expect(time["medianMs"] as? Double ?? 0 >= 0.5 && time["firstCallMs"] as? Double ?? 0 >= 0.5)
        #expect(time["worstMs"] as? Double ?? 0 >= time["medianMs"] as? Double ?? 1e9)
        #expect(time["coldLoadMs"] as? Double ?? 0 > 0 && time["warmLoadMs"] as? Double ?? 0 > 0)
    }
    let soak = try #require(measured["soak"] as? [[String: Any]])
    #expect(soak.map { $0["calls"] as? Int } == [52, 60])
    #expect(soak.allSatisfy { $0["finite"] as? Bool == true })
    #expect(measured["peakBytes"] as? Int ?? 0 > 1 << 20)
    #expect(run.out.contains("the block's tokens one by one take "))

    let drift = try #require(measured["drift"] as? [String: Any])
    #expect(drift["output"] as? String == "hidden" && drift["input"] as? String == "x")
    let depths = try #require(drift["depths"] as? [[String: Any]])
    #expect(depths.map { $0["depth"] as? Int } == Array(1...32))
    let figures = depths.map { $0["figures"] as? [String: Any] ?? [:] }
    #expect(figures.allSatisfy { $0["finite"] as? Bool == true })
    // The stand-in's engine adds to some elements a thousandth more than the CPU.
    #expect(figures.allSatisfy { (1e-6..<1e-2).contains($0["relativeL2"] as? Double ?? 0) }, "\(figures)")
    #expect(run.out.contains("hidden fed back as x, each layer with an empty cache"), "\(run.out)")
    let said = run.out.components(separatedBy: "layers  rel L2").last?.split(separator: "\n").dropFirst(2) ?? []
    #expect(said.prefix(6).map { $0.prefix { $0 != " " } } == ["1", "2", "4", "8", "16", "32"], "\(run.out)")
}

/// The fault comes when the sequence is over: only the long run meets it.
@Test(arguments: [
    ("error", 3, "fault", "call 2 (scattered), block: the prediction failed: "),
    ("nan", 1, "fail", "a value is not finite in the 52 calls of the block"),
]) func aFaultOfTheLongRunIsAFailure(_ kind: String, _ code: Int32, _ verdict: String, _ message: String) throws {
    let toy = try Toy()
    toy.script["faults"] = [["kind": kind, "model": "block", "prediction": 30] as [String: Any]]
    try toy.write()
    let run = try graphcANE("gate", toy.folder.path, "--calls", "50")
    #expect(run.code == code, "\(run.err)")
    #expect(run.err.contains("graphc-ane: parity: in the long run: \(message)"), "\(run.err)")
    #expect(try verdicts(in: toy.folder)["parity"] == verdict)
    #expect(try evidence(in: toy.folder)["measured"] == nil)
    // Without the long run nobody would know.
    #expect(try graphcANE("gate", toy.folder.path, "--calls", "0").code == 0)
}

private func drift(_ toy: Toy, _ kind: String, _ layer: Int) throws -> (run: Finished, figures: [[String: Any]]) {
    toy.script["faults"] = [["kind": kind, "model": "chain", "prediction": layer] as [String: Any]]
    try toy.write()
    let run = try graphcANE("gate", toy.folder.path, "--calls", "2")
    let measured = try evidence(in: toy.folder)["measured"] as? [String: Any]
    let depths = (measured?["drift"] as? [String: Any])?["depths"] as? [[String: Any]] ?? []
    return (run, depths.map { $0["figures"] as? [String: Any] ?? [:] })
}

/// What one layer does otherwise is in every layer behind it; what it means is nobody's verdict.
@Test func aLayerThatDriftsShowsFromThereOn() throws {
    let toy = try Toy()
    let (run, figures) = try drift(toy, "drift", 5)
    #expect(run.code == 0, "\(run.err)")
    let errors = figures.map { $0["relativeL2"] as? Double ?? 0 }
    #expect(errors.count == 32 && errors.prefix(5).allSatisfy { (1e-6..<2e-3).contains($0) }, "\(errors)")
    #expect(errors[5...10].allSatisfy { $0 > 5 * errors[4] }, "\(errors)")
    let page = try String(contentsOf: toy.folder.appendingPathComponent("evidence.html"), encoding: .utf8)
    #expect(page.contains("hidden fed back as x"))
}

/// A chain ends with what is not finite, which a chain of one layer's weights may come to.
@Test func aChainEndsWhereItIsNotFinite() throws {
    let (run, figures) = try drift(try Toy(), "nan", 7)
    #expect(run.code == 0, "\(run.err)")
    #expect(figures.map { $0["finite"] as? Bool } == Array(repeating: true, count: 7) + [false])
    #expect(figures[7]["relativeL2"] == nil)
    #expect(run.out.contains("\n8       -         -         -          NO\n"), "\(run.out)")
}

@Test func aLayerThatFailsIsAFailure() throws {
    let toy = try Toy()
    let (run, figures) = try drift(toy, "error", 3)
    #expect(run.code == 3 && figures.isEmpty, "\(run.err)")
    #expect(run.err.contains("in the long run: the prediction failed: a layer of the chain failed"), "\(run.err)")
    #expect(try verdicts(in: toy.folder)["parity"] == "fault")
}
