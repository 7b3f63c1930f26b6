/// How far a prediction widens bounds.
import Foundation
import Gate
import Support
import Testing

private func figures(_ l2: Double, _ cosine: Double, _ worst: Double) throws -> Figures {
    let text = #"{"relativeL2":\#(l2),"oneMinusCosine":\#(cosine),"worstOverRms":\#(worst),"finite":true}"#
    return try JSONDecoder().decode(Figures.self, from: Data(text.utf8))
}

@Test func boundsAreWidenedByWhatIsPredicted() throws {
    let wide = Tolerances.layer.widened(by: try figures(4e-2, 4e-4, 0.2))
    #expect(abs(wide.relativeL2 - 5e-2) < 1e-12 && abs(wide.worstOverRms - 0.25) < 1e-12)
    // The angles add up: for small ones the roots of 1 - cos do.
    #expect(abs(wide.oneMinusCosine - 9e-4) < 1e-6)
    #expect(Tolerances.layer.widened(by: try figures(0, 0, 0)) == .layer)
    let most = Tolerances.layer.widened(by: try figures(9, 1, 9))
    #expect(most.relativeL2 == 0.085 && most.oneMinusCosine == 3.75e-3)
    // The mildest fault, as tools/README.md has it.
    #expect(!(try figures(0.17, 1.5e-2, 0.58)).within(most))
    #expect(Tolerances.layer.widened(by: Figures(of: [.nan], against: [1], base: nil)) == .layer)
    #expect(Tolerances.layer.widened(by: Figures(of: [1], against: [0], base: nil)) == .layer)
}

@Test func rowsThatAreKeptHaveBoundsToo() throws {
    let toy = try Toy(hostKeeps: true)
    toy.predict("m4", factor: 1.05)
    try toy.write()
    let fixtures = try Fixtures.open(toy.folder)
    let kept = try fixtures.finalCaches().mapValues { tensor in
        Tensor(shape: tensor.shape, elements: .half(tensor.halves!.map { Float16(halfValue($0) * 1.05).bitPattern }))
    }
    func rows(_ isPredicted: Bool) throws -> [KeptRow] {
        try judgeKept(fixtures, role: "block", kept: kept, tolerances: .layer, isPredicted: isPredicted).rows
    }
    #expect(try !rows(true).isEmpty && rows(true).allSatisfy(\.passes))
    #expect(try rows(false).allSatisfy { !$0.passes })
}

/// Rejected rows are not kept, so that what is predicted of them says nothing of the row that an earlier call wrote at their place.
@Test func rejectedRowsHaveNoSayInWhatIsKept() throws {
    let toy = try Toy(hostKeeps: true)
    toy.predict("m4", factor: 1.05)
    toy.calls[3].rows = [8, 13, 14, 15]
    toy.calls[3].accepted = 0
    for name in ["k", "v"] {
        toy.tensors["calls/3/predicted/rows/\(name)"] = toy.tensors["calls/3/block/rows/\(name)"]!
    }
    try toy.write()
    let fixtures = try Fixtures.open(toy.folder)
    let kept = try fixtures.finalCaches().mapValues { tensor in
        Tensor(shape: tensor.shape, elements: .half(tensor.halves!.map { Float16(halfValue($0) * 1.05).bitPattern }))
    }
    let rows = try judgeKept(fixtures, role: "block", kept: kept, tolerances: .layer, isPredicted: true).rows
    #expect(rows.filter { $0.row == 8 }.count == 2)
    #expect(rows.filter { !$0.passes }.map(\.row) == [])
}
