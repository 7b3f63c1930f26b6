/// The command line on a model whose caches the host keeps, against an engine that refuses any other than those of the rule.
import Foundation
import Support
import Testing

private func toy(_ arrange: (Toy) -> Void = { _ in }) throws -> Toy {
    let toy = try Toy(hostKeeps: true)
    arrange(toy)
    try toy.write()
    return toy
}

@Test(arguments: ["kv_write_mask", "position"]) func aModelWhoseCachesAreInputsPasses(_ place: String) throws {
    let toy = try toy { $0.place = place }
    let run = try graphcANE("gate", toy.folder.path)
    #expect(run.code == 0, "\(run.err)")
    let parity = try #require(try evidence(in: toy.folder)["parity"] as? [String: Any])
    #expect((parity["comparisons"] as? [Any])?.count == 15 * 3 * 3)
    let caches = try #require(parity["caches"] as? [String: Any])
    let fed = try #require(caches["fed"] as? [[String: Any]])
    // Two caches; four calls of the block, and fifteen steps.
    #expect(fed.count == 2 * (4 + 15))
    #expect(fed[0]["written"] as? [Int] == [3, 4])
    #expect(fed[0]["after"] as? String == fed[2]["before"] as? String)
    #expect((caches["kept"] as? [Any])?.count == 2 * 2 * 13)
}

@Test(arguments: [
    (
        "driftRows", "block", 3,
        "parity: 16 of 135 rows are out of bounds; first: call 3 token 0 (row 12), k, block against fp64: relative L2 0.05"
    ),
    (
        "missingOutput", "step", 0,
        "parity: call 0 (rejection), step of token 0: the model returned [\"k_rows\", \"v_rows\"], not"
    ),
]) func aDeviceThatComputesOtherRowsIsSeen(_ kind: String, _ model: String, _ prediction: Int, _ message: String) throws
{
    let toy = try toy {
        $0.script["faults"] = [["kind": kind, "model": model, "prediction": prediction] as [String: Any]]
    }
    let run = try graphcANE("gate", toy.folder.path)
    #expect(run.code != 0)
    #expect(run.err.contains(message), "\(run.err)")
}
