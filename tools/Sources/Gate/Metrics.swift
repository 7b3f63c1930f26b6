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

    /// How far bounds are widened at most: half of what the mildest known fault does, and half of its angle, so that it shows beside a deviation
    /// as large as the bound.
    static let most = Tolerances(relativeL2: 0.17 / 2, worstOverRms: .infinity, oneMinusCosine: 1.5e-2 / 4)

    /// These bounds around a prediction that is `expected` from the reference: differences and angles obey the triangle's inequality.
    public func widened(by expected: Figures) -> Tolerances {
        guard expected.finite, let l2 = expected.relativeL2, let cosine = expected.oneMinusCosine,
            let worst = expected.worstOverRms, l2.isFinite, worst.isFinite
        else { return self }
        let a = cosine, b = oneMinusCosine
        let angle = a + b - a * b + (a * (2 - a) * b * (2 - b)).squareRoot()
        return Tolerances(
            relativeL2: max(relativeL2, min(l2 + relativeL2, Tolerances.most.relativeL2)),
            worstOverRms: worst + worstOverRms,
            oneMinusCosine: max(oneMinusCosine, min(angle, Tolerances.most.oneMinusCosine)))
    }
}

extension Tolerances {
    /// The wider of both, figure by figure.
    func or(_ other: Tolerances) -> Tolerances {
        Tolerances(
            relativeL2: max(relativeL2, other.relativeL2), worstOverRms: max(worstOverRms, other.worstOverRms),
            oneMinusCosine: max(oneMinusCosine, other.oneMinusCosine))
    }
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

    /// Each figure of the worst; nil and not finite where one is not.
    init(worstOf all: [Figures]) {
        let areFinite = all.allSatisfy(\.finite)
        func worst(_ figure: (Figures) -> Double?) -> Double? { areFinite ? all.compactMap(figure).max() : nil }
        (relativeL2, oneMinusCosine, worstOverRms) = (
            worst(\.relativeL2), worst(\.oneMinusCosine), worst(\.worstOverRms)
        )
        finite = areFinite
    }

    public func within(_ bounds: Tolerances) -> Bool {
        guard finite, let relativeL2, let oneMinusCosine, let worstOverRms else { return false }
        return relativeL2 <= bounds.relativeL2 && oneMinusCosine <= bounds.oneMinusCosine
            && worstOverRms <= bounds.worstOverRms
    }
}
