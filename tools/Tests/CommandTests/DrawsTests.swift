/// Calls that feed other rows than the usual ones: what they are held to, and what they are called.
import Foundation
import Gate
import Support
import Testing

/// A toy whose first call is said to feed rows of this kind, and keeps none of them; `far` is how far fp64 is from what fp16 and the device give.
private func toy(_ kind: String, drift: [String] = [], far: Double = 0, predicted: Double? = nil) throws -> Toy {
    let toy = try Toy()
    toy.calls[0].accepted = 0
    toy.draws["rejection"] = (kind, 1024)
    for (name, tensor) in toy.tensors where name.hasPrefix("calls/0/exact/") && far != 0 {
        let x = name.hasSuffix("hidden") ? toy.tensors["calls/0/block/in/x"]!.values : []
        let moved = tensor.values.enumerated().map { i, y in
            let base = x.isEmpty ? 0 : x[i]
            return base + (y - base) / (1 + far)
        }
        toy.tensors[name] = Tensor(shape: tensor.shape, elements: .double(moved))
    }
    var system = toy.script["system"] as? [String: Any] ?? [:]
    system["chip"] = "Apple M4"
    toy.script["system"] = system
    if let predicted { toy.predict("m4", factor: predicted) }
    toy.script["faults"] = drift.flatMap { model in
        (0..<(model == "step" ? 4 : 1)).map { ["kind": "drift", "model": model, "prediction": $0] as [String: Any] }
    }
    try toy.write()
    return toy
}

private let both = ["block", "step"]

private func code(_ toy: Toy) throws -> Int32 { try graphcANE("gate", toy.folder.path, "--calls", "0").code }

@Test(arguments: ["usual", "outliers", "large", "small"]) func honestRowsPass(_ kind: String) throws {
    #expect(try code(toy(kind)) == 0)
}

@Test(arguments: ["usual", "outliers", "large"]) func aDeviceThatIsOffIsNoticed(_ kind: String) throws {
    #expect(try code(toy(kind, drift: both)) == 1)
}

/// fp16's own noise counts where rows are special, and only there.
@Test(arguments: [("usual", 1), ("outliers", 0), ("small", 0)]) func fp16MayBeFarOff(_ kind: String, _ expected: Int32)
    throws
{
    #expect(try code(toy(kind, far: 0.05)) == expected)
    #expect(try code(toy(kind, far: 0.2)) == (kind == "small" ? 0 : 1))
}

@Test func smallRowsAreHeldToAPredictionWhereThereIsOne() throws {
    #expect(try code(toy("small", drift: both)) == 0)
    #expect(try code(toy("small", drift: ["block"])) == 1)
    #expect(try code(toy("small", drift: both, predicted: 1)) == 1)
    #expect(try code(toy("small", drift: both, predicted: 1.05)) == 0)
}

@Test func largeRowsAreJudgedAsTheyAre() throws {
    let made = try toy("large")
    let run = try graphcANE("gate", made.folder.path, "--calls", "0")
    #expect(run.out.contains("large") && run.out.contains("usual"))
    let comparisons = (try evidence(in: made.folder)["parity"] as? [String: Any])?["comparisons"] as? [[String: Any]]
    func values(_ call: Int) -> Set<String> {
        Set((comparisons ?? []).filter { $0["call"] as? Int == call }.compactMap { $0["value"] as? String })
    }
    #expect(values(0) == ["hidden", "k", "v"] && values(1) == ["hidden - x", "k", "v"])
}

@Test func whatNoCallFeedsIsSaid() throws {
    let made = try toy("usual")
    made.leftOut = ["large"]
    try made.write()
    let run = try graphcANE("gate", made.folder.path, "--calls", "0")
    #expect(run.out.contains("the packages bear no large rows, and none were fed"))
}
