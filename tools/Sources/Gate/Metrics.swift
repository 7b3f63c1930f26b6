/// How far one row is from another, per token. Never one figure over several tokens: a token swapped with its neighbour
/// passed an overall cosine of 0.974 (ane-book, journal 095).

/// The bounds a row must keep.
public struct Tolerances: Codable, Equatable, Sendable {
    public let relativeL2: Double
    /// Largest difference over the root mean square of the reference row.
    public let worstOverRms: Double
    public let oneMinusCosine: Double

    /// The noise floor of fp16 partial sums in different chunks is about 4e-3, 1.5e-2 and 7e-6 for a layer of this size;
    /// real faults are 0.17 and more, 0.58 and more, 1.5e-2 and more (tools/README.md, "Tolerances").
    public static let layer = Tolerances(relativeL2: 1e-2, worstOverRms: 5e-2, oneMinusCosine: 1e-4)
}

/// Figures of one row against its reference.
public struct Figures: Codable, Equatable, Sendable {
    public let relativeL2: Double?
    public let oneMinusCosine: Double?
    public let worstOverRms: Double?
    public let finite: Bool

    /// `base` is subtracted from both first: a residual stream hides what a layer adds.
    /// A reference of zeros makes the ratios infinite unless the difference is zero too.
    public init(of row: [Double], against reference: [Double], base: [Double]?) {
        guard row.allSatisfy(\.isFinite) && reference.allSatisfy(\.isFinite) else {
            (relativeL2, oneMinusCosine, worstOverRms, finite) = (nil, nil, nil, false)
            return
        }
        var difference = 0.0, rowSquares = 0.0, squares = 0.0, product = 0.0, worst = 0.0
        for i in row.indices {
            let a = row[i] - (base?[i] ?? 0), b = reference[i] - (base?[i] ?? 0)
            difference += (a - b) * (a - b)
            rowSquares += a * a
            squares += b * b
            product += a * b
            worst = max(worst, abs(a - b))
        }
        func ratio(_ x: Double, _ y: Double) -> Double { x == 0 ? 0 : x / y }
        relativeL2 = ratio(difference.squareRoot(), squares.squareRoot())
        worstOverRms = ratio(worst, (squares / Double(max(row.count, 1))).squareRoot())
        oneMinusCosine =
            difference == 0
            ? 0 : rowSquares == 0 || squares == 0 ? 1 : max(0, 1 - product / (rowSquares * squares).squareRoot())
        finite = true
    }

    public func within(_ bounds: Tolerances) -> Bool {
        guard finite, let relativeL2, let oneMinusCosine, let worstOverRms else { return false }
        return relativeL2 <= bounds.relativeL2 && oneMinusCosine <= bounds.oneMinusCosine
            && worstOverRms <= bounds.worstOverRms
    }
}
