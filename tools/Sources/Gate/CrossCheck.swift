/// Did it run on the engine? Every prediction is made again on the CPU alone: a run that Core ML took to the CPU without a word has the CPU's
/// bits, and burns as much of the CPU.
import Foundation

/// What one prediction took, in milliseconds; CPU time is that of the whole process, all threads.
public struct Time: Sendable, Equatable {
    public let wallMs: Double
    public let cpuMs: Double

    public init(wallMs: Double, cpuMs: Double) { (self.wallMs, self.cpuMs) = (wallMs, cpuMs) }
}

/// One prediction, on the engine or on the CPU alone.
public struct Run: Codable, Equatable, Sendable {
    /// Of the bytes of all outputs.
    public let sha256: String
    public let wallMs: Double
    public let cpuMs: Double

    public init(sha256: String, time: Time) { (self.sha256, wallMs, cpuMs) = (sha256, time.wallMs, time.cpuMs) }
}

/// The same prediction on both.
public struct CrossCheck: Codable, Equatable, Sendable {
    public let role: String
    public let call: Int
    /// Of a step.
    public let token: Int?
    public let engine: Run
    public let cpuOnly: Run

    public init(role: String, call: Int, token: Int?, engine: Run, cpuOnly: Run) {
        (self.role, self.call, self.token) = (role, call, token)
        (self.engine, self.cpuOnly) = (engine, cpuOnly)
    }
}

/// - Throws: a fault when the two were not asked the same.
public func crossCheck(engine: Observed, cpuOnly: Observed) throws -> [CrossCheck] {
    guard engine.calls.count == cpuOnly.calls.count,
        zip(engine.calls, cpuOnly.calls).allSatisfy({ $0.steps.keys == $1.steps.keys })
    else { throw Failure.fault("the CPU alone was not asked what the engine was asked") }
    let blocks = zip(engine.calls, cpuOnly.calls).enumerated().map { call, pair in
        CrossCheck(role: "block", call: call, token: nil, engine: pair.0.block.run, cpuOnly: pair.1.block.run)
    }
    let steps = zip(engine.calls, cpuOnly.calls).enumerated().flatMap { call, pair in
        pair.0.steps.keys.sorted().map { token in
            CrossCheck(
                role: "step", call: call, token: token, engine: pair.0.steps[token]!.run,
                cpuOnly: pair.1.steps[token]!.run)
        }
    }
    return blocks + steps
}

/// The engine's share of the CPU alone's CPU time, above which the two are not told apart. Waiting for the engine takes little; our choice,
/// no figure of Apple's.
let toldApart = 0.5

public struct CrossCheckVerdict: Sendable {
    public let passes: Bool
    public let message: String
}

/// Both witnesses are asked for, of each package: other bits in some prediction, and at most half of the CPU time, by the medians. No single
/// prediction but the first, which still sets the model up, may have both the CPU's bits and its CPU time.
public func judgeCrossCheck(_ all: [CrossCheck]) -> CrossCheckVerdict {
    func notShown(_ why: String) -> CrossCheckVerdict {
        CrossCheckVerdict(passes: false, message: "not shown: \(why)")
    }
    var parts: [String] = []
    for role in ["block", "step"] {
        let own = all.filter { $0.role == role }
        guard !own.isEmpty else { return notShown("no prediction of the \(role) was made twice") }
        let differing = own.filter { $0.engine.sha256 != $0.cpuOnly.sha256 }.count
        guard differing > 0 else {
            return notShown("the \(role) gives on the engine, bit for bit, what the CPU alone gives")
        }
        let engine = median(own.map(\.engine.cpuMs)), cpu = median(own.map(\.cpuOnly.cpuMs))
        guard cpu > 0, engine <= toldApart * cpu else {
            return notShown(
                "the \(role) takes \(short(engine)) ms of CPU time on the engine and \(short(cpu)) ms on the CPU alone")
        }
        if let one = own.dropFirst().first(where: {
            $0.engine.sha256 == $0.cpuOnly.sha256 && $0.engine.cpuMs > toldApart * $0.cpuOnly.cpuMs
        }) {
            let step = one.token.map { ", step of token \($0)" } ?? ""
            return notShown("call \(one.call)\(step) of the \(role) has the bits and the CPU time of the CPU alone")
        }
        parts.append(
            "\(role): other bits in \(differing) of \(own.count) predictions, \(short(engine / cpu * 100)) % of the CPU time"
        )
    }
    return CrossCheckVerdict(passes: true, message: "not what the CPU alone does: \(parts.joined(separator: "; "))")
}

/// Of an even number the mean of the middle two; 0 of nothing.
public func median(_ values: [Double]) -> Double {
    let sorted = values.sorted(), half = sorted.count / 2
    if sorted.isEmpty { return 0 }
    return sorted.count % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}

/// SHA-256 of the elements of all values, in the order of their names in UTF-8: row-major, little-endian, without padding.
public func digest(of values: Named) -> String {
    var bytes = Data()
    for (_, value) in values.sorted(by: { Array($0.key.utf8).lexicographicallyPrecedes(Array($1.key.utf8)) }) {
        switch value.elements {
        case .half(let x): for v in x { withUnsafeBytes(of: v.littleEndian) { bytes.append(contentsOf: $0) } }
        case .int32(let x): for v in x { withUnsafeBytes(of: v.littleEndian) { bytes.append(contentsOf: $0) } }
        case .double(let x):
            for v in x { withUnsafeBytes(of: v.bitPattern.littleEndian) { bytes.append(contentsOf: $0) } }
        }
    }
    return sha256(bytes)
}
