/// The judgements themselves: figures, residency, what a call did to the cache.
import Foundation
import Gate
import Support
import Testing

@Test func figuresOfKnownRows() {
    let same = Figures(of: [1, 2], against: [1, 2], base: nil)
    #expect(same.relativeL2 == 0 && same.oneMinusCosine == 0 && same.worstOverRms == 0)
    let f = Figures(of: [3, 5], against: [3, 4], base: nil)
    #expect(abs(f.relativeL2! - 0.2) < 1e-12)
    #expect(abs(f.worstOverRms! - 1 / 12.5.squareRoot()) < 1e-12)
    #expect(abs(f.oneMinusCosine! - (1 - 29 / (34.0 * 25).squareRoot())) < 1e-12)
    #expect(!Figures(of: [.nan], against: [1], base: nil).within(.layer))
    #expect(!Figures(of: [1], against: [.infinity], base: nil).within(.layer))
    #expect(!Figures(of: [1e-3, 0], against: [0, 0], base: nil).within(.layer))
    #expect(Figures(of: [0, 0], against: [0, 0], base: nil).within(.layer))
}

/// A residual stream with large channels hides a layer that does nothing: the reason to judge hidden - x.
@Test func theResidualIsTakenOut() {
    var random = Random(seed: 1)
    let base = (0..<512).map { $0 < 3 ? 2000 : halfValue(random.half()) }
    let reference = base.map { $0 + halfValue(random.half()) / 8 }
    #expect(Figures(of: base, against: reference, base: nil).oneMinusCosine! < 1e-6)
    #expect(!Figures(of: base, against: reference, base: base).within(.layer))
}

@Test(arguments: 0..<50) func noiseFloorIsWithinAndFaultsAreNot(_ seed: Int) {
    var random = Random(seed: UInt64(seed))
    let reference = (0..<256).map { _ in halfValue(random.half()) }
    let noisy = reference.map { $0 * (1 + (Double(random.next() % 2000) / 1000 - 1) * 2e-3) }
    #expect(Figures(of: noisy, against: reference, base: nil).within(.layer))
    #expect(!Figures(of: reference.map { $0 * 1.02 }, against: reference, base: nil).within(.layer))
    var one = reference
    one[Int(random.next() % 256)] += 0.1
    #expect(!Figures(of: one, against: reference, base: nil).within(.layer))
}

private func op(_ name: String, _ device: Placement, cost: Double? = nil) -> PlannedOperation {
    PlannedOperation(
        path: "main.block.operations[0]", operatorName: name, values: ["v"], preferred: device, supported: [],
        cost: cost)
}

@Test(arguments: [
    ("const", Placement.undetermined, true), ("ios16.constexpr_lut_to_dense", .undetermined, true),
    ("ios18.const", .undetermined, true),
    ("ios18.conv", .undetermined, false), ("constexpression", .undetermined, false),
    ("ios18.constant", .undetermined, false), ("", .undetermined, false),
    ("const", .cpu, false), ("ios18.conv", .cpu, false), ("ios18.conv", .gpu, false), ("ios18.conv", .unknown, false),
    ("ios18.conv", .neuralEngine, true),
]) func strictness(_ name: String, _ device: Placement, _ resident: Bool) {
    let report = judgeResidency(function: "main", operations: [op("ios18.matmul", .neuralEngine), op(name, device)])
    #expect(report.passes == resident)
}

@Test func emptyPlansFail() {
    #expect(!judgeResidency(function: "main", operations: []).passes)
    #expect(!judgeResidency(function: "main", operations: [op("const", .undetermined)]).passes)
}

@Test func costsAreShared() {
    let report = judgeResidency(
        function: "main",
        operations: [op("a", .neuralEngine, cost: 0.75), op("b", .cpu, cost: 0.25), op("const", .undetermined)])
    #expect(report.residentCost == 0.75)
    #expect(report.counts.map(\.kind) == ["a", "b", "const"])
}

private let state = try! JSONDecoder().decode(
    Manifest.State.self, from: Data(#"{"name":"k","shape":[1,2,4,2],"rowAxis":2}"#.utf8))

private func cache(_ change: (inout [UInt16]) -> Void = { _ in }) -> Named {
    var halves = (0..<16).map { UInt16(0x3c00 + $0) }
    halves[6] = 0x0003
    change(&halves)
    return ["k": Tensor(shape: [1, 2, 4, 2], elements: .half(halves))]
}

@Test func cacheIsWatched() throws {
    let rows: Named = ["k": Tensor(shape: [1, 2, 2, 2], elements: .half(Array(1...8)))]
    // Rows 1 and 2 of both heads are written, in the order 2, 1.
    let good = try watch(
        [state], before: cache(),
        after: cache { h in
            for (i, j) in [4, 5, 2, 3, 12, 13, 10, 11].enumerated() { h[j] = UInt16(i + 1) }
        }, cacheRows: [2, 1], expected: rows)
    #expect(good.faults.isEmpty && good.rows == rows)
    let lost = try watch([state], before: cache(), after: cache(), cacheRows: [2, 1], expected: rows)
    #expect(lost.faults == ["state k did not change: the write was lost"])
    let same = try watch(
        [state], before: cache(), after: cache(), cacheRows: [1],
        expected: ["k": Tensor(shape: [1, 2, 1, 2], elements: .half([0x3c02, 0x3c03, 0x3c0a, 0x3c0b]))])
    #expect(same.faults.isEmpty)
    let stray = try watch(
        [state], before: cache(),
        after: cache {
            $0[2] = 1; $0[8] = 1; $0[15] = 1
        }, cacheRows: [1], expected: rows)
    #expect(stray.faults == ["state k changed in row 0, 3, which the call does not write"])
    let flushed = try watch(
        [state], before: cache(),
        after: cache {
            $0[2] = 1; $0[6] = 0x8000
        }, cacheRows: [1], expected: rows)
    #expect(flushed.faults.isEmpty && flushed.flushed == 1)
    // Zeros of either sign are the same number: nothing was written, and nothing too small was lost.
    let signed = try watch(
        [state], before: cache { $0[7] = 0 },
        after: cache {
            $0[2] = 1; $0[7] = 0x8000
        }, cacheRows: [1], expected: rows)
    #expect(signed.faults.isEmpty && signed.flushed == 0)
    #expect(throws: Failure.self) { try watch([state], before: cache(), after: [:], cacheRows: [1], expected: rows) }
}

@Test(arguments: [
    (#""format":"graphc-fixtures""#, #""format":"other""#), (#""version":3"#, #""version":2"#),
    (#""leftOut":[]"#, #""leftOut":["big"]"#),
    (#""kind":"usual""#, #""kind":"outliers""#), (#""kind":"usual""#, #""kind":"plain""#),
    (#""calls":["#, #""calls_":["#),
    (#""accepted":2"#, #""accepted":5"#), (#""steps":[0,1,2,3]"#, #""steps":[0]"#),
    (#""steps":[0,1,2]"#, #""steps":[0,1,2,3]"#),
    (#""tokens":1"#, #""tokens":2"#), (#"[3,4,5,6]"#, #"[3,4,5,6,null]"#),
    (#""outputs":[{"name":"hidden","residual":"x","tokenAxis":2}]"#, #""outputs":[]"#),
    (#"[3,4,5,6]"#, #"[3,4,5]"#), (#"[3,4,5,6]"#, #"[3,4,5,16]"#), (#""role":"mask""#, #""role":"masque""#),
    (#""slotAxis":3"#, #""slotAxes":3"#), (#""rowAxis":2"#, #""rowAxis":3"#), (#""rowAxis":2"#, #""rowAxis":9"#),
]) func manifestsThatTestNothing(_ from: String, _ to: String) throws {
    let toy = try Toy()
    try toy.write()
    let file = toy.folder.appendingPathComponent("toy.fixtures.json")
    let text = try String(contentsOf: file, encoding: .utf8)
    let sorted = try JSONSerialization.data(
        withJSONObject: JSONSerialization.jsonObject(with: Data(text.utf8)), options: .sortedKeys)
    let good = String(decoding: sorted, as: UTF8.self)
    #expect(good.contains(from))
    #expect(throws: Never.self) { try Manifest.read(Data(good.utf8), name: "m") }
    #expect(throws: Failure.self) {
        try Manifest.read(Data(good.replacingOccurrences(of: from, with: to).utf8), name: "m")
    }
}

private func pair(_ role: String, _ call: Int, bits: Bool, cpu: Double, token: Int? = nil) -> CrossCheck {
    CrossCheck(
        role: role, call: call, token: token,
        engine: Run(sha256: bits ? "other" : "same", time: Time(wallMs: 1, cpuMs: cpu)),
        cpuOnly: Run(sha256: "same", time: Time(wallMs: 1, cpuMs: 10)))
}

/// Predictions of one package: the CPU time of each, negative where the bits are the CPU's.
struct Told: Sendable {
    let calls: [Double]
    let shown: Bool
}

private let told: [Told] = [
    Told(calls: [1, 1, 1], shown: true), Told(calls: [5, 5, 5], shown: true),
    Told(calls: [5.1, 5.1, 5.1], shown: false),
    Told(calls: [1, 1, 30], shown: true), Told(calls: [-1, -1, -1], shown: false),
    Told(calls: [-9, 1, 1], shown: true), Told(calls: [1, -1, 1], shown: true), Told(calls: [1, -9, 1], shown: false),
    Told(calls: [], shown: false),
]

/// Bits and CPU time are asked for of each package; the median decides, and one call that has both of the CPU's is one too many.
@Test(arguments: told) func theEngineIsToldFromTheCPU(_ told: Told) {
    for (role, other) in [("block", "step"), ("step", "block")] {
        let tested = told.calls.enumerated().map { pair(role, $0, bits: $1 > 0, cpu: abs($1)) }
        let sound = (0..<3).map { pair(other, $0, bits: true, cpu: 1) }
        #expect(judgeCrossCheck(tested + sound).passes == told.shown)
        #expect(judgeCrossCheck(tested).message.hasPrefix("not shown: "))
    }
}

@Test func aCPUThatTakesNoTimeShowsNothing() {
    let all = ["block", "step"].map {
        CrossCheck(
            role: $0, call: 0, token: nil, engine: Run(sha256: "a", time: Time(wallMs: 0, cpuMs: 0)),
            cpuOnly: Run(sha256: "b", time: Time(wallMs: 0, cpuMs: 0)))
    }
    #expect(!judgeCrossCheck(all).passes)
}

@Test(arguments: complaintPhrases.map(\.text)) func everyPhraseIsHeard(_ phrase: String) {
    let text = "fine\n\u{fffd} E: \(phrase.uppercased()): 11\r\nfine again"
    #expect(complaints(in: text, from: .standardError).map(\.line) == ["\u{fffd} E: \(phrase.uppercased()): 11"])
    #expect(complaints(in: "ANE compiled it", from: .standardError).isEmpty)
}

@Test func mediansAreOfTheMiddle() {
    #expect(median([]) == 0 && median([3]) == 3 && median([4, 1]) == 2.5 && median([9, 1, 2]) == 2)
}

/// Of a chain of layers each figure is that of its worst live token, layer by layer.
@Test func driftIsOfTheWorstToken() throws {
    let link = Manifest.Link(
        output: try JSONDecoder().decode(
            Manifest.Output.self, from: Data(#"{"name": "hidden", "tokenAxis": 1, "residual": "x"}"#.utf8)), input: "x")
    func rows(_ second: Double, _ dead: Double) -> Tensor {
        Tensor(shape: [2, 3], elements: .double([3, second, dead, 4, 1, 1]))
    }
    let cpu = [rows(2, 5), rows(2, 5)]
    let drift = try Drift(link, engine: [rows(2, 9), rows(3, 9)], cpuOnly: cpu, tokens: [0, 1])
    #expect(drift.depths.map(\.depth) == [1, 2])
    #expect(drift.depths[0].figures == Figures(of: [1], against: [1], base: nil))
    #expect(drift.depths[1].figures == Figures(of: [3, 1], against: [2, 1], base: nil))
    let infinite = try Drift(link, engine: [rows(.infinity, 5)], cpuOnly: cpu, tokens: [0, 1])
    #expect(!infinite.depths[0].figures.finite && infinite.depths[0].figures.relativeL2 == nil)
    #expect(throws: Failure.self) {
        try Drift(link, engine: [Tensor(shape: [2, 1], elements: .double([1, 2]))], cpuOnly: cpu, tokens: [0, 1])
    }
}
