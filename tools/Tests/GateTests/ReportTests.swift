/// Reports as a whole: each part of them has a say, whatever the rest would say.
import Foundation
import Gate
import Support
import Testing

private func decoded<T: Decodable>(_ type: T.Type, _ json: String) throws -> T {
    try JSONDecoder().decode(type, from: Data(json.utf8))
}

/// Figures of a row, one of which may be out of bounds or absent.
private func figures(l2: String = "0.001", cosine: String = "1e-7", worst: String = "0.002", finite: Bool = true)
    throws -> Figures
{
    try decoded(
        Figures.self,
        #"{"relativeL2":\#(l2),"oneMinusCosine":\#(cosine),"worstOverRms":\#(worst),"finite":\#(finite)}"#)
}

/// Each by itself, though in arithmetic one may follow from another.
@Test func everyFigureHasItsBound() throws {
    #expect(try figures().within(.layer))
    #expect(try !figures(l2: "0.011").within(.layer))
    #expect(try !figures(cosine: "2e-4").within(.layer))
    #expect(try !figures(worst: "0.06").within(.layer))
    #expect(try !figures(finite: false).within(.layer))
    #expect(try !figures(cosine: "null").within(.layer))
}

@Test(arguments: [Double.nan, .infinity, -.infinity]) func whatIsNotFiniteHasNoFigures(_ value: Double) {
    for one in [
        Figures(of: [value, 1], against: [1, 1], base: nil), Figures(of: [1, 1], against: [value, 1], base: nil),
    ] {
        #expect(!one.finite && one.relativeL2 == nil && one.oneMinusCosine == nil && one.worstOverRms == nil)
    }
}

@Test func aRowOfZerosHasNoAngleToAnother() {
    #expect(Figures(of: [1e-3, 0], against: [0, 0], base: nil).oneMinusCosine == 1)
    #expect(Figures(of: [0, 0], against: [1e-3, 0], base: nil).oneMinusCosine == 1)
}

/// A report of parity with these rows, and these of what the host keeps.
private func parity(_ rows: [Bool], kept: [Bool]?, faults: [String] = []) throws -> ParityReport {
    let figures = #"{"relativeL2":0,"oneMinusCosine":0,"worstOverRms":0,"finite":true}"#
    let all = rows.map {
        #"{"kind":"block against fp64","call":0,"token":0,"row":0,"value":"k","equalBits":true,"figures":\#(figures),"passes":\#($0)}"#
    }
    let caches = kept.map {
        let rows = $0.map {
            #"{"role":"block","cache":"k","row":3,"equalBits":true,"figures":\#(figures),"passes":\#($0)}"#
        }
        return #","caches":{"fed":[],"kept":[\#(rows.joined(separator: ","))]}"#
    }
    return try decoded(
        ParityReport.self,
        #"{"tolerances":{"relativeL2":1,"worstOverRms":1,"oneMinusCosine":1},"comparisons":[\#(all.joined(separator: ","))],"#
            + #""faults":\#(faults),"flushed":0\#(caches ?? "")}"#)
}

@Test func parityPassesWhereEveryPartOfItDoes() throws {
    #expect(try parity([true, true], kept: [true]).passes)
    #expect(try parity([true], kept: nil).passes)
    #expect(try !parity([true, false], kept: [true]).passes)
    #expect(try !parity([true], kept: [true, false]).passes)
    #expect(try !parity([true], kept: [true], faults: ["lost"]).passes)
    #expect(try !parity([], kept: nil).passes)
    #expect(try parity([], kept: nil).message == "nothing was compared")
    #expect(
        try parity([true], kept: [true, false]).message
            == "cache k of the block is out of bounds in row 3 after the last call")
}

@Test func callsThatWereNotRunAreAFault() throws {
    let toy = try Toy()
    try toy.write()
    let fixtures = try Fixtures.open(toy.folder)
    #expect(throws: Failure.self) {
        try judgeParity(
            fixtures, observed: Observed(calls: [], fed: [], kept: [:]), tolerances: .layer, chip: "Apple M4")
    }
}

/// The dearest of the operations that are not on the engine is named, wherever it stands.
@Test func theDearestOffenderIsNamedFirst() {
    let operations = [("cheap", 0.1), ("dear", 0.3), ("fair", 0.2)].map { name, cost in
        PlannedOperation(
            path: "main.block.operations[0]", operatorName: name, values: ["v"], preferred: .cpu, supported: [],
            cost: cost)
    }
    #expect(
        judgeResidency(function: "main", operations: operations).message.hasPrefix(
            "3 of 3 operations are not on the Neural Engine; first by cost: dear v "))
}

@Test func aPackageThatWasNotAskedTwiceIsNamed() {
    #expect(judgeCrossCheck([]).message == "not shown: no prediction of the block was made twice")
}

/// In the order of their names, which no dictionary keeps by chance for all of these.
@Test func namedValuesHaveOneDigest() {
    let names = ["k", "v", "hidden", "x", "a", "z", "é", "K", "position", "b10", "b9"]
    let values = Dictionary(
        uniqueKeysWithValues: names.enumerated().map {
            ($1, Tensor(shape: [1], elements: .half([UInt16($0 + 1)])))
        })
    let sorted = ["K", "a", "b10", "b9", "hidden", "k", "position", "v", "x", "z", "é"]
    let bytes = sorted.flatMap { name -> [UInt8] in [UInt8(names.firstIndex(of: name)! + 1), 0] }
    #expect(digest(of: values) == sha256(Data(bytes)))
}
