/// What a call takes in the long run: loads, calls one after another with one state, memory. For the next decision, not for the verdict.
import Foundation

/// Calls of one model in a row, on one state.
public struct Repeated: Sendable {
    public let loadMs: Double
    public let wallMs: [Double]
    public let finite: Bool

    public init(loadMs: Double, wallMs: [Double], finite: Bool) {
        (self.loadMs, self.wallMs, self.finite) = (loadMs, wallMs, finite)
    }
}

public struct Measured: Codable, Equatable, Sendable {
    public var times: [Times] = []
    public var soak: [Soak] = []
    /// The most memory that the process took.
    public var peakBytes: Int64 = 0
    /// Nil where no output comes back as an input.
    public var drift: Drift?

    /// Of one function, in milliseconds. The cold load is the first of this run, after its plan was read; the warm one the next.
    public struct Times: Codable, Equatable, Sendable {
        public let role: String
        public let tokens: Int
        public let coldLoadMs: Double
        public let warmLoadMs: Double
        public let firstCallMs: Double
        /// After the first.
        public let calls: Int
        public let medianMs: Double
        public let worstMs: Double
    }

    /// Calls in a row with the same state: medians of the first and of the last tenth.
    public struct Soak: Codable, Equatable, Sendable {
        public let role: String
        public let calls: Int
        public let finite: Bool
        public let firstMs: Double
        public let lastMs: Double
    }

    public init() {}

    /// - Throws: a fault when there were fewer than two calls.
    public mutating func add(role: String, tokens: Int, coldLoadMs: Double, _ repeated: Repeated) throws {
        let all = repeated.wallMs, tenth = max(1, all.count / 10)
        guard all.count > 1 else {
            throw Failure.fault("\(all.count) calls of the \(role) tell nothing of the long run")
        }
        times.append(
            Times(
                role: role, tokens: tokens, coldLoadMs: coldLoadMs, warmLoadMs: repeated.loadMs, firstCallMs: all[0],
                calls: all.count - 1, medianMs: median(Array(all.dropFirst())), worstMs: all.dropFirst().max() ?? 0))
        soak.append(
            Soak(
                role: role, calls: all.count, finite: repeated.finite, firstMs: median(Array(all.prefix(tenth))),
                lastMs: median(Array(all.suffix(tenth)))))
    }

    /// How many times as long the block's tokens take one by one: the most that speculation can gain. Nil unless both were measured.
    public var speedUp: Double? {
        guard let block = times.first(where: { $0.role == "block" }),
            let step = times.first(where: { $0.role == "step" }),
            block.medianMs > 0
        else { return nil }
        return Double(block.tokens) * step.medianMs / block.medianMs
    }
}

extension Measured {
    /// One line a function, and what follows from them.
    public var text: String {
        let rows = zip(times, soak).map { time, soak in
            [
                time.role, "\(time.tokens)", short(time.coldLoadMs), short(time.warmLoadMs), short(time.firstCallMs),
                short(time.medianMs), short(time.worstMs), "\(soak.calls)", short(soak.firstMs), short(soak.lastMs),
                soak.finite ? "yes" : "NO",
            ]
        }
        let header = [
            "ms", "tokens", "cold load", "warm load", "first call", "median", "worst", "calls", "first tenth",
            "last tenth", "finite",
        ]
        let gain = speedUp.map { "\nthe block's tokens one by one take \(short($0)) times as long as the block" } ?? ""
        return table(header, rows) + "\nmemory at most \(peakBytes >> 20) MiB" + gain
            + (drift.map { "\n\n\($0.text)" } ?? "")
    }
}
