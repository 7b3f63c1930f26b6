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
