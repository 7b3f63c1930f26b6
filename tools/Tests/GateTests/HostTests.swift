/// The caches that the host keeps: what it writes, and that a host which does otherwise is seen.
import Foundation
import Gate
import Support
import Testing

private func fixtures(_ arrange: (Toy) -> Void = { _ in }) throws -> (toy: Toy, fixtures: Fixtures) {
    let toy = try Toy(hostKeeps: true)
    arrange(toy)
    try toy.write()
    return (toy, try Fixtures.open(toy.folder))
}

/// The outputs of a call with the rows of all its tokens; those of padding stand out.
private func outputs(_ fixtures: Fixtures, _ call: Int) throws -> Named {
    let prediction = try fixtures.block(call), rows = fixtures.manifest.calls[call].rows
    let tokens = rows.indices.filter { rows[$0] != nil }
    var outputs: Named = [:]
    for cache in fixtures.manifest.kept {
        let live: [UInt16] = prediction.rows[cache.name]!.halves!
        var halves = [UInt16](repeating: 0x5640, count: 2 * 4 * 4)
        for head in 0..<2 {
            for (j, token) in tokens.enumerated() {
                for i in 0..<4 { halves[(head * 4 + token) * 4 + i] = live[(head * tokens.count + j) * 4 + i] }
            }
        }
        outputs[cache.rows] = Tensor(shape: [1, 2, 4, 4], elements: .half(halves))
    }
    return outputs
}

private func write(_ fixtures: Fixtures, _ call: Int) -> HostWrite {
    let manifest = fixtures.manifest
    return HostWrite(
        role: "block", call: call, token: nil, tokens: Array(0..<manifest.calls[call].accepted),
        slots: manifest.acceptedRows(call))
}

@Test(arguments: ["kv_write_mask", "position"]) func theHostWritesByTheRule(_ place: String) throws {
    let (_, fixtures) = try fixtures { $0.place = place }
    let manifest = fixtures.manifest
    var host = HostCaches(manifest)
    #expect(host.contents["k"]!.halves!.allSatisfy { $0 == 0 })
    for call in manifest.calls.indices {
        let before = host.contents, returned = try outputs(fixtures, call)
        try host.write(returned, told: try fixtures.block(call).inputs, accepted: manifest.calls[call].accepted)
        let seen = try watchHost(
            manifest.kept, write(fixtures, call), before: before, after: host.contents, outputs: returned)
        #expect(seen.faults == [])
        #expect(seen.fed.map(\.written) == [manifest.acceptedRows(call), manifest.acceptedRows(call)])
        #expect(seen.fed.map(\.before) == ["k", "v"].map { digest(of: before[$0]!) })
    }
    let final = try fixtures.finalCaches()
    #expect(host.contents == final)
    let judged = try judgeKept(fixtures, role: "block", kept: host.contents, tolerances: .layer)
    #expect(judged.faults == [] && judged.rows.allSatisfy { $0.passes && $0.equalBits })
    #expect(judged.rows.count == 2 * Set(manifest.calls.indices.flatMap(manifest.acceptedRows)).count)
}

/// A host that does otherwise than the rule after a call (0: four tokens, two accepted, from row 3 on; 1: padding, from row 5 on).
private struct WrongHost: Sendable {
    let name: String
    let call: Int
    let fault: String
    let keep: @Sendable (Named, Named) -> Named
}

private let wrongHosts: [WrongHost] = [
    WrongHost(name: "a slot too far", call: 0, fault: "cache k changed in row 5, which the call does not write") {
        copied($0, $1, [0, 1], [4, 5])
    },
    WrongHost(name: "rejected rows", call: 0, fault: "cache k changed in row 5, 6, which the call does not write") {
        copied($0, $1, [0, 1, 2, 3], [3, 4, 5, 6])
    },
    WrongHost(name: "padding", call: 1, fault: "cache k changed in row 8, which the call does not write") {
        copied($0, $1, [0, 1, 2, 3], [5, 6, 7, 8])
    },
    WrongHost(name: "keys for values", call: 0, fault: "cache k does not hold the new row in row 3, 4") {
        copied($0, ["k_rows": $1["v_rows"]!, "v_rows": $1["k_rows"]!], [0, 1], [3, 4])
    },
    WrongHost(name: "no write", call: 0, fault: "cache k did not change: the write was lost") { before, _ in before },
    WrongHost(name: "another order", call: 0, fault: "cache k does not hold the new row in row 3, 4") {
        copied($0, $1, [0, 1], [4, 3])
    },
    WrongHost(name: "one left out", call: 0, fault: "cache k does not hold the new row in row 4") {
        copied($0, $1, [0], [3])
    },
]

@Test(arguments: wrongHosts.indices) func aHostThatDoesOtherwiseIsSeen(_ index: Int) throws {
    let wrong = wrongHosts[index], call = wrong.call
    let (_, fixtures) = try fixtures()
    let manifest = fixtures.manifest, returned = try outputs(fixtures, call), wanted = write(fixtures, call)
    let before = HostCaches(manifest).contents, after = wrong.keep(before, returned)
    let seen = try watchHost(manifest.kept, wanted, before: before, after: after, outputs: returned)
    #expect(seen.faults.first == wrong.fault, "\(wrong.name)")
    // What is left after the last call shows it by itself: here all other calls were written as they must be.
    let others = emptied(try fixtures.finalCaches(), wanted.slots)
    #expect(try isKept(fixtures, copied(others, returned, wanted.tokens, wanted.slots)))
    #expect(try !isKept(fixtures, wrong.keep(others, returned)), "\(wrong.name)")
}

@Test func aRowThatNoAcceptedTokenWroteIsSeen() throws {
    let (_, fixtures) = try fixtures()
    let manifest = fixtures.manifest
    let accepted = Set(manifest.calls.indices.flatMap(manifest.acceptedRows))
    let row = try #require((0..<manifest.maxSeq).first { !accepted.contains($0) })
    let last = HostCaches(manifest).contents
    var halves = last["k"]!.halves!
    halves[row * 4] = 0x3c00
    let filled = last.merging(["k": Tensor(shape: last["k"]!.shape, elements: .half(halves))]) { $1 }
    func faults(_ kept: Named) throws -> [String] {
        try judgeKept(fixtures, role: "block", kept: kept, tolerances: .layer).faults
    }
    #expect(try faults(last) == [])
    #expect(try faults(filled) == ["cache k of the block holds something in row \(row), which no accepted token wrote"])
}

private func isKept(_ fixtures: Fixtures, _ kept: Named) throws -> Bool {
    let judged = try judgeKept(fixtures, role: "block", kept: kept, tolerances: .layer)
    return judged.faults.isEmpty && judged.rows.allSatisfy(\.passes)
}

private func emptied(_ caches: Named, _ slots: [Int]) -> Named {
    let none = Tensor(shape: [1, 2, 4, 4], elements: .half(.init(repeating: 0, count: 32)))
    return copied(caches, ["k_rows": none, "v_rows": none], Array(slots.indices), slots)
}

private func copied(_ before: Named, _ outputs: Named, _ tokens: [Int], _ slots: [Int]) -> Named {
    var result = before
    for name in ["k", "v"] {
        var halves = before[name]!.halves!
        let rows = outputs["\(name)_rows"]!.halves!
        for (token, slot) in zip(tokens, slots) {
            for head in 0..<2 {
                for i in 0..<4 { halves[(head * 16 + slot) * 4 + i] = rows[(head * 4 + token) * 4 + i] }
            }
        }
        result[name] = Tensor(shape: before[name]!.shape, elements: .half(halves))
    }
    return result
}

/// What both halves must make of a host's caches: test/golden/host-caches.test.ts writes the two files.
@Test func theRuleIsThatOfTheOtherHalf() throws {
    let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../../golden")
    func read(_ name: String) throws -> Data { try Data(contentsOf: golden.appendingPathComponent(name)) }
    let manifest = try Manifest.read(try read("host-caches.fixtures.json"), name: "host-caches.fixtures.json")
    let digests = try JSONDecoder().decode([[String: String]].self, from: try read("host-caches.digests.json"))
    #expect(manifest.kept.count == 2 && digests.count == manifest.calls.count)
    var host = HostCaches(manifest)
    for (n, call) in manifest.calls.enumerated() {
        var outputs: Named = [:]
        for (c, cache) in manifest.kept.enumerated() {
            let shape = cache.rowsShape(tokens: call.rows.count)
            let first: Int = 1 + 1000 * n + 100 * c, count: Int = shape.reduce(1, *)
            let halves: [UInt16] = (0..<count).map { (i: Int) -> UInt16 in UInt16(first + 7 * i) }
            outputs[cache.rows] = Tensor(shape: shape, elements: .half(halves))
        }
        var mask = [UInt16](repeating: 0, count: manifest.maxSeq * call.rows.count)
        for (token, row) in call.rows.enumerated() {
            if let row { mask[row * call.rows.count + token] = 0x3c00 }
        }
        let told = Tensor(shape: [1, 1, manifest.maxSeq, call.rows.count], elements: .half(mask))
        try host.write(outputs, told: ["kv_write_mask": told], accepted: call.accepted)
        #expect(host.contents.mapValues { digest(of: $0) } == digests[n], "\(call.label)")
    }
}

@Test func aCallThatTellsNoSlotIsAFault() throws {
    let (_, fixtures) = try fixtures()
    var inputs = try fixtures.block(0).inputs
    inputs["kv_write_mask"] = Tensor(shape: [1, 1, 16, 4], elements: .half(.init(repeating: 0, count: 64)))
    var host = HostCaches(fixtures.manifest)
    let returned = try outputs(fixtures, 0), told = try fixtures.block(0).inputs
    #expect(throws: Failure.self) { try host.write(returned, told: inputs, accepted: 2) }
    #expect(throws: Failure.self) { try host.write(["k_rows": told["x"]!], told: told, accepted: 2) }
    #expect(throws: Never.self) { try host.write(returned, told: told, accepted: 2) }
}

@Test(arguments: [
    (#""update":"slot""#, #""update":"append""#), (#""rows":"k_rows""#, #""rows":"hidden""#),
    (#""rows":"k_rows""#, #""rows":"v_rows""#), (#""name":"k","place""#, #""name":"x","place""#),
    (#""name":"k","place""#, #""name":"v","place""#), (#""place":"kv_write_mask""#, #""place":"attn_mask""#),
    (#""rowAxis":2,"rows":"k_rows""#, #""rowAxis":1,"rows":"k_rows""#),
    (#""rowAxis":2,"rows":"k_rows""#, #""rowAxis":4,"rows":"k_rows""#),
]) func cachesThatAreNone(_ from: String, _ to: String) throws {
    let (toy, _) = try fixtures()
    let json = try JSONSerialization.jsonObject(
        with: Data(contentsOf: toy.folder.appendingPathComponent("toy.fixtures.json")))
    let text = String(decoding: try JSONSerialization.data(withJSONObject: json, options: .sortedKeys), as: UTF8.self)
    #expect(text.contains(from))
    #expect(throws: Never.self) { try Manifest.read(Data(text.utf8), name: "m") }
    #expect(throws: Failure.self) {
        try Manifest.read(Data(text.replacingOccurrences(of: from, with: to).utf8), name: "m")
    }
}
