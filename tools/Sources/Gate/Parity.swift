/// Judges what the device computed: block against steps, and both against the fp64 answer, per token.
import Foundation

/// One row against its reference.
public struct Comparison: Codable, Equatable, Sendable {
    public enum Kind: String, Codable, Sendable {
        case blockSteps = "block against steps", blockExact = "block against fp64", stepsExact = "steps against fp64"
    }
    public let kind: Kind
    public let call: Int
    public let token: Int
    /// In the cache.
    public let row: Int
    /// The output less its residual, or the state.
    public let value: String
    /// Against steps: the same bits, sign of zero aside. Against fp64: the bits of the CPU's fp16 reference.
    public let equalBits: Bool
    public let figures: Figures
    public let passes: Bool
    /// What the row looks like instead, where that is plain.
    public let hint: String?
}

public struct ParityReport: Codable, Equatable, Sendable {
    public let tolerances: Tolerances
    /// The chip whose prediction widened the bounds against fp64; nil where they were flat.
    public let predicted: String?
    public let comparisons: [Comparison]
    public let faults: [String]
    public let flushed: Int
    /// What the caches were fed that the host keeps; nil where the model has none.
    public let caches: CachesReport?

    public var passes: Bool {
        faults.isEmpty && !comparisons.isEmpty && comparisons.allSatisfy(\.passes)
            && (caches?.kept.allSatisfy(\.passes) ?? true)
    }

    /// One sentence for people and for the evidence.
    public var message: String {
        if let fault = faults.first { return faults.count == 1 ? fault : "\(fault) (and \(faults.count - 1) more)" }
        let failed = comparisons.filter { !$0.passes }
        if let first = failed.first {
            return "\(failed.count) of \(comparisons.count) rows are out of bounds; first: \(first.sentence)"
        }
        if let row = caches?.kept.first(where: { !$0.passes }) {
            return "cache \(row.cache) of the \(row.role) is out of bounds in row \(row.row) after the last call"
        }
        let equal = comparisons.filter { $0.kind == .blockSteps && $0.equalBits }.count
        let all = comparisons.filter { $0.kind == .blockSteps }.count
        return comparisons.isEmpty
            ? "nothing was compared"
            : "all \(comparisons.count) rows within bounds; block and steps have equal bits in \(equal) of \(all)"
    }
}

extension Comparison {
    var sentence: String {
        let place = "call \(call) token \(token) (row \(row)), \(value), \(kind.rawValue)"
        guard figures.finite else { return "\(place): not finite" }
        let numbers =
            "relative L2 \(short(figures.relativeL2)), 1-cos \(short(figures.oneMinusCosine)), worst/rms \(short(figures.worstOverRms))"
        return "\(place): \(numbers)" + (hint.map { "; \($0)" } ?? "")
    }
}

/// What the device did in one call: the block, and its tokens one by one by token number.
public struct ObservedCall: Sendable {
    public let block: Observation
    public let steps: [Int: Observation]

    public init(block: Observation, steps: [Int: Observation]) { (self.block, self.steps) = (block, steps) }
}

/// The whole sequence as it was run.
public struct Observed: Sendable {
    public let calls: [ObservedCall]
    /// The caches that the host keeps, at each prediction; and after the last call, by role.
    public let fed: [FedCache]
    public let kept: [String: Named]

    public init(calls: [ObservedCall], fed: [FedCache], kept: [String: Named]) {
        (self.calls, self.fed, self.kept) = (calls, fed, kept)
    }
}

/// - Throws: a mistake when the fixtures lack a tensor, a fault when the device gave another shape.
/// `chip` is the system's name of it: a prediction for it widens the bounds against fp64.
public func judgeParity(_ fixtures: Fixtures, observed all: Observed, tolerances: Tolerances, chip: String) throws
    -> ParityReport
{
    let observed = all.calls, predicted = fixtures.manifest.predictedChip(for: chip)
    var comparisons: [Comparison] = [], faults: [String] = []
    guard observed.count == fixtures.manifest.calls.count else {
        throw Failure.fault("\(observed.count) calls were run of \(fixtures.manifest.calls.count)")
    }
    for (call, seen) in observed.enumerated() {
        faults += seen.block.faults.map { "\(fixtures.name(call)): \($0)" }
        for (token, step) in seen.steps.sorted(by: { $0.key < $1.key }) {
            faults += step.faults.map { "\(fixtures.name(call, token: token)): \($0)" }
        }
        comparisons += try CallComparison(
            fixtures: fixtures, call: call, seen: seen, tolerances: tolerances, isPredicted: predicted != nil
        ).all()
    }
    let flushed = observed.reduce(0) { $0 + $1.block.flushed + $1.steps.values.reduce(0) { $0 + $1.flushed } }
    var kept: [KeptRow] = []
    for (role, caches) in all.kept.sorted(by: { $0.key < $1.key }) {
        let judged = try judgeKept(
            fixtures, role: role, kept: caches, tolerances: tolerances, isPredicted: predicted != nil)
        kept += judged.rows
        faults += judged.faults
    }
    return ParityReport(
        tolerances: tolerances, predicted: predicted, comparisons: comparisons, faults: faults, flushed: flushed,
        caches: fixtures.manifest.kept.isEmpty ? nil : CachesReport(fed: all.fed, kept: kept))
}

/// All comparisons of one call.
private struct CallComparison {
    let fixtures: Fixtures
    let call: Int
    let seen: ObservedCall
    let tolerances: Tolerances
    let isPredicted: Bool

    private var live: [(token: Int, row: Int)] {
        fixtures.manifest.calls[call].rows.enumerated().compactMap { token, row in row.map { (token, $0) } }
    }

    func all() throws -> [Comparison] {
        let block = try fixtures.block(call), exact = try fixtures.exact(call)
        let predicted = isPredicted ? try fixtures.predicted(call) : nil
        return try fixtures.manifest.outputs.flatMap {
            try output($0, block: block, exact: exact.outputs, predicted: predicted?.outputs)
        }
            + (fixtures.manifest.states + fixtures.manifest.kept.map(\.asState)).flatMap {
                try state($0, block: block, exact: exact.rows, predicted: predicted?.rows)
            }
    }

    private func output(_ output: Manifest.Output, block: Fixtures.Prediction, exact: Named, predicted: Named?) throws
        -> [Comparison]
    {
        let axis = output.tokenAxis
        let subtracted = fixtures.manifest.residual(of: output, call: call)
        let baseTensor = subtracted.flatMap { block.inputs[$0] }
        if let residual = subtracted, baseTensor?.shape != block.outputs[output.name]?.shape {
            throw Failure.mistake("output \(output.name) and its residual \(residual) have different shapes")
        }
        return try compareRows(
            value: subtracted.map { "\(output.name) - \($0)" } ?? output.name,
            device: seen.block.outputs[output.name], cpu: block.outputs[output.name]!, exact: exact[output.name]!,
            predicted: predicted?[output.name], base: baseTensor, axis: axis,
            tokens: live.map { ($0.token, $0.token, $0.row) },
            step: { self.seen.steps[$0]?.outputs[output.name] },
            stepCPU: { try self.fixtures.step(self.call, token: $0).outputs[output.name]! })
    }

    private func state(_ state: Manifest.State, block: Fixtures.Prediction, exact: Named, predicted: Named?) throws
        -> [Comparison]
    {
        try compareRows(
            value: state.name, device: seen.block.rows[state.name], cpu: block.rows[state.name]!,
            exact: exact[state.name]!, predicted: predicted?[state.name],
            base: nil, axis: state.rowAxis, tokens: live.enumerated().map { ($1.token, $0, $1.row) },
            step: { self.seen.steps[$0]?.rows[state.name] },
            stepCPU: { try self.fixtures.step(self.call, token: $0).rows[state.name]! })
    }

    /// `tokens` are token number, index on the axis, row in the cache.
    private func compareRows(
        value: String, device: Tensor?, cpu: Tensor, exact: Tensor, predicted: Tensor?, base: Tensor?,
        axis: Int,
        tokens: [(token: Int, index: Int, row: Int)], step: (Int) -> Tensor?, stepCPU: (Int) throws -> Tensor
    ) throws -> [Comparison] {
        guard let device, device.shape == cpu.shape, exact.shape == cpu.shape,
            predicted == nil || predicted?.shape == cpu.shape
        else {
            throw Failure.fault("call \(call): \(value) is \(device?.summary ?? "missing"); \(cpu.summary) expected")
        }
        guard cpu.shape.indices.contains(axis), tokens.allSatisfy({ $0.index < cpu.shape[axis] }) else {
            throw Failure.mistake("call \(call): \(value) is \(cpu.summary), without the call's tokens on axis \(axis)")
        }
        var result: [Comparison] = []
        for (token, index, cacheRow) in tokens {
            let row = device.slice(axis: axis, at: index), reference = exact.slice(axis: axis, at: index).values
            let baseRow = base?.slice(axis: axis, at: index).values
            let kind = fixtures.manifest.calls[call].draw.kind
            // Of special rows fp16's own noise may be above the flat bounds.
            let readings = (kind == .usual ? [] : [cpu]) + (predicted.map { [$0] } ?? [])
            let wide = readings.map {
                tolerances.widened(
                    by: Figures(of: $0.slice(axis: axis, at: index).values, against: reference, base: baseRow))
            }.reduce(tolerances) { $0.or($1) }
            // An engine loses small products (docs/engine-arithmetic.md): without a prediction nobody knows which.
            let isFree = kind == .small && predicted == nil
            func add(_ kind: Comparison.Kind, _ row: Tensor, against reference: [Double], bits: Tensor) {
                let figures = Figures(of: row.values, against: reference, base: baseRow)
                let passes =
                    kind == .blockSteps
                    ? figures.within(tolerances) : isFree ? figures.finite : figures.within(wide)
                let hint = passes ? nil : twin(of: row.values, exact: exact, axis: axis, besides: index, tokens: tokens)
                result.append(
                    Comparison(
                        kind: kind, call: call, token: token, row: cacheRow, value: value,
                        equalBits: equalBits(row, bits),
                        figures: figures, passes: passes, hint: hint))
            }
            add(.blockExact, row, against: reference, bits: cpu.slice(axis: axis, at: index))
            guard fixtures.manifest.calls[call].steps.contains(token) else { continue }
            let single = step(token), expected = try stepCPU(token)
            guard let single, single.shape == expected.shape, single.elements.count == row.elements.count else {
                throw Failure.fault(
                    "call \(call), step of token \(token): \(value) is \(single?.summary ?? "missing"); \(expected.summary) expected"
                )
            }
            add(.blockSteps, row, against: single.values, bits: single)
            add(.stepsExact, single, against: reference, bits: expected)
        }
        return result
    }

    /// Names the other token whose expected row this one is.
    private func twin(
        of row: [Double], exact: Tensor, axis: Int, besides index: Int, tokens: [(token: Int, index: Int, row: Int)]
    ) -> String? {
        let other = tokens.first {
            $0.index != index
                && Figures(of: row, against: exact.slice(axis: axis, at: $0.index).values, base: nil).within(tolerances)
        }
        return other.map { "it looks like the row of token \($0.token)" }
    }
}

func equalBits(_ a: Tensor, _ b: Tensor) -> Bool {
    guard let a = a.halves, let b = b.halves, a.count == b.count else { return false }
    return zip(a, b).allSatisfy(halfEqual)
}

/// Three significant digits.
public func short(_ x: Double?) -> String { x.map { String(format: "%.3g", $0) } ?? "-" }
