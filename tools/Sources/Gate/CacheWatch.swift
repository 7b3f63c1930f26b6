/// What the tool itself did to the caches that it keeps: watched, since a host that feeds them otherwise measures another model.
import Foundation

/// A cache at one prediction: digests of its bytes, and what was written.
public struct FedCache: Codable, Equatable, Sendable {
    /// "block" or "step".
    public let role: String
    public let call: Int
    /// Of a step.
    public let token: Int?
    public let cache: String
    /// As it was fed.
    public let before: String
    /// The cache rows, of those that the call was to write, that then hold the rows of the prediction.
    public let written: [Int]
    /// As it is kept from then on; of a step, until its call is over.
    public let after: String
}

/// A row of what is kept after the last call, against the reference's.
public struct KeptRow: Codable, Equatable, Sendable {
    public let role: String
    public let cache: String
    public let row: Int
    public let equalBits: Bool
    public let figures: Figures
    public let passes: Bool
}

/// What the caches were fed, and what was left of it.
public struct CachesReport: Codable, Equatable, Sendable {
    public let fed: [FedCache]
    public let kept: [KeptRow]
}

/// One prediction, and what it did to the caches that the host keeps.
public struct HostWrite: Sendable {
    public let role: String
    public let call: Int
    public let token: Int?
    /// Indices, in the output with the new rows, of the tokens that are written; and the cache rows that are theirs.
    public let tokens: [Int]
    public let slots: [Int]

    public init(role: String, call: Int, token: Int?, tokens: [Int], slots: [Int]) {
        (self.role, self.call, self.token, self.tokens, self.slots) = (role, call, token, tokens, slots)
    }
}

/// Compares the caches as they were fed with those that the host keeps afterwards. The slots are those of the fixtures' calls, and
/// not what the host took from the inputs.
public func watchHost(_ caches: [Manifest.Cache], _ write: HostWrite, before: Named, after: Named, outputs: Named)
    throws
    -> (fed: [FedCache], faults: [String])
{
    var fed: [FedCache] = [], faults: [String] = []
    for cache in caches {
        guard let old = before[cache.name], let new = after[cache.name], let rows = outputs[cache.rows] else {
            throw Failure.fault("cache \(cache.name) or its rows \(cache.rows) are missing")
        }
        let expected = selectRows(rows, axis: cache.rowAxis, write.tokens)
        let seen = try watch(
            [cache.asState], before: before, after: after, cacheRows: write.slots, expected: [cache.name: expected],
            what: "cache")
        let written = zip(write.tokens, write.slots).filter {
            selectRows(new, axis: cache.rowAxis, [$1]) == selectRows(rows, axis: cache.rowAxis, [$0])
        }.map(\.1)
        fed.append(
            FedCache(
                role: write.role, call: write.call, token: write.token, cache: cache.name, before: digest(of: old),
                written: written, after: digest(of: new)))
        faults += seen.faults
        if seen.faults.isEmpty, written != write.slots {
            let lost = write.slots.filter { !written.contains($0) }.map(String.init).joined(separator: ", ")
            faults.append("cache \(cache.name) does not hold the new row in row \(lost)")
        }
    }
    return (fed, faults)
}

/// Holds what was kept after the last call against the reference: rows of accepted tokens within the bounds, zeros in all others.
/// A prediction for this chip widens the bounds.
public func judgeKept(
    _ fixtures: Fixtures, role: String, kept: Named, tolerances: Tolerances, isPredicted: Bool = false
) throws -> (
    rows: [KeptRow], faults: [String]
) {
    let manifest = fixtures.manifest, final = try fixtures.finalCaches()
    let accepted = Set(manifest.calls.indices.flatMap(manifest.acceptedRows)).sorted()
    var rows: [KeptRow] = [], faults: [String] = []
    let expected = isPredicted ? try predictedKept(fixtures) : [:]
    for cache in manifest.kept {
        guard let held = kept[cache.name], let reference = final[cache.name], held.shape == cache.shape,
            reference.shape == cache.shape, held.halves != nil, reference.halves != nil
        else { throw Failure.mistake("cache \(cache.name) after the last call is not fp16 of shape \(cache.shape)") }
        let filled = (0..<manifest.maxSeq).filter { row in
            !selectRows(held, axis: cache.rowAxis, [row]).halves!.allSatisfy { $0 & 0x7fff == 0 }
        }
        for row in filled where !accepted.contains(row) {
            faults.append(
                "cache \(cache.name) of the \(role) holds something in row \(row), which no accepted token wrote")
        }
        for row in accepted {
            let one = selectRows(held, axis: cache.rowAxis, [row])
            let cpu = selectRows(reference, axis: cache.rowAxis, [row])
            let figures = Figures(of: one.values, against: cpu.values, base: nil)
            let bounds = expected[cache.name]?[row].map { tolerances.widened(by: $0) } ?? tolerances
            rows.append(
                KeptRow(
                    role: role, cache: cache.name, row: row, equalBits: equalBits(one, cpu), figures: figures,
                    passes: figures.within(bounds)))
        }
    }
    return (rows, faults)
}

/// How far the prediction of each row that is kept is from the reference's, by cache and row; a later call has the last word.
private func predictedKept(_ fixtures: Fixtures) throws -> [String: [Int: Figures]] {
    var all: [String: [Int: Figures]] = [:]
    for (index, call) in fixtures.manifest.calls.enumerated() {
        let predicted = try fixtures.predicted(index).rows, cpu = try fixtures.block(index).rows
        let live = call.rows.indices.filter { call.rows[$0] != nil }
        for cache in fixtures.manifest.kept {
            guard let p = predicted[cache.name], let c = cpu[cache.name], p.shape == c.shape else {
                throw Failure.mistake("call \(index): the prediction of \(cache.name) is not of its rows' shape")
            }
            for (place, token) in live.enumerated() where token < call.accepted {
                let axis = cache.rowAxis
                all[cache.name, default: [:]][call.rows[token]!] = Figures(
                    of: p.slice(axis: axis, at: place).values, against: c.slice(axis: axis, at: place).values, base: nil
                )
            }
        }
    }
    return all
}

/// SHA-256 of the elements as they are fed: row-major, fp16, little-endian.
public func digest(of tensor: Tensor) -> String {
    var bytes = Data(capacity: 2 * tensor.elements.count)
    for half in tensor.halves ?? [] { withUnsafeBytes(of: half.littleEndian) { bytes.append(contentsOf: $0) } }
    return sha256(bytes)
}
