/// Bounds that a prediction of the engine's arithmetic widens: for its chip alone, against fp64 alone, and never as far as a fault.
import Foundation
import Gate
import Support
import Testing

/// Fixtures that say a chip's engine is so far off, and a device on which all of call 0 is 5 % off.
private func drifting(_ predicted: String?, factor: Double = 1.05, on chip: String, steps: Bool = true) throws -> Toy {
    let toy = try Toy()
    if let predicted { toy.predict(predicted, factor: factor) }
    var system = toy.script["system"] as? [String: Any] ?? [:]
    system["chip"] = chip
    toy.script["system"] = system
    let ofSteps = (0..<(steps ? 4 : 0)).map { ["kind": "drift", "model": "step", "prediction": $0] as [String: Any] }
    toy.script["faults"] = [["kind": "drift", "model": "block", "prediction": 0] as [String: Any]] + ofSteps
    try toy.write()
    return toy
}

private func predicted(in toy: Toy) throws -> String? {
    (try evidence(in: toy.folder)["parity"] as? [String: Any])?["predicted"] as? String
}

@Test func aDeviceThatIsAsFarOffAsPredictedPasses() throws {
    let toy = try drifting("m4", on: "Apple M4")
    let run = try graphcANE("gate", toy.folder.path, "--calls", "0")
    #expect(run.code == 0, "\(run.err)")
    #expect(try predicted(in: toy) == "m4")
}

/// Nothing predicted; for another chip; too little.
private let others: [(String?, Double, String)] = [
    (nil, 1, "Apple M4"), ("m6", 1.05, "Apple M4"), ("m4", 1.05, "Apple M4 Max"), ("m4", 1.05, "Apple M40"),
    ("m4", 1.0, "Apple M4"), ("m4", 1.03, "Apple M4"),
]

@Test(arguments: others.indices) func anyOtherIsOutOfBounds(_ index: Int) throws {
    let (chip, factor, machine) = others[index]
    let toy = try drifting(chip, factor: factor, on: machine)
    let run = try graphcANE("gate", toy.folder.path, "--calls", "0")
    #expect(run.code == 1)
    #expect(run.err.contains("call 0 token 0 (row 3), hidden - x, block against fp64: relative L2 0.05"), "\(run.err)")
    #expect(try predicted(in: toy) == (chip == "m4" && machine == "Apple M4" ? "m4" : nil))
}

@Test func blockAndStepsAreHeldByFlatBounds() throws {
    let toy = try drifting("m4", on: "Apple M4", steps: false)
    let run = try graphcANE("gate", toy.folder.path, "--calls", "0")
    #expect(run.code == 1)
    #expect(run.err.contains("hidden - x, block against steps: relative L2 0.0492"), "\(run.err)")
}

@Test func aPredictionThatIsNotThereIsAMistake() throws {
    let toy = try drifting("m4", on: "Apple M4")
    toy.tensors["calls/2/predicted/rows/v"] = nil
    try toy.write()
    #expect(try graphcANE("gate", toy.folder.path, "--calls", "0").code == 2)
}
