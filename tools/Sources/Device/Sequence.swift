/// Runs the fixtures' sequence on the device: the block model first, then the step model, never both in memory.
import Foundation
import Gate

/// What the device does in every call. The two models are loaded one after the other: loading a T=4 and a T=1 set together
/// has failed with error -14 (ane-book, exp 26).
public func observe(_ fixtures: Fixtures, block: Target, step: Target) throws -> [ObservedCall] {
    let blocks = try observeBlocks(fixtures, block)
    let steps = try observeSteps(fixtures, step)
    return zip(blocks, steps).map { ObservedCall(block: $0, steps: $1) }
}

/// Every block call in order, each on the cache that the one before left, stale rows included.
private func observeBlocks(_ fixtures: Fixtures, _ target: Target) throws -> [Observation] {
    let chain = try Chain(fixtures, target, first: try fixtures.block(0))
    return try fixtures.manifest.calls.indices.map { call in
        try chain.predict(
            try fixtures.block(call), rows: fixtures.manifest.calls[call].rows.compactMap { $0 },
            name: fixtures.name(call))
    }
}

/// The tokens of every call one by one. Rejected ones are run too, then the cache goes back to what it was before them: the
/// steps never see a stale row, so a block that reads one differs.
private func observeSteps(_ fixtures: Fixtures, _ target: Target) throws -> [[Int: Observation]] {
    let calls = fixtures.manifest.calls
    guard let start = calls.firstIndex(where: { !$0.steps.isEmpty }) else { return calls.map { _ in [:] } }
    let chain = try Chain(fixtures, target, first: try fixtures.step(start, token: calls[start].steps[0]))
    return try calls.enumerated().map { index, call in
        var seen: [Int: Observation] = [:]
        var kept = chain.cache
        for token in call.steps {
            let prediction = try fixtures.step(index, token: token)
            seen[token] = try chain.predict(
                prediction, rows: [call.rows[token]!], name: fixtures.name(index, token: token))
            if token < call.accepted { kept = chain.cache }
        }
        try chain.goBack(to: kept)
        return seen
    }
}

/// Predictions of one model on one cache.
private final class Chain {
    private let runner: Runner
    private let states: [Manifest.State]
    /// The states' contents on the device.
    private(set) var cache: Named

    init(_ fixtures: Fixtures, _ target: Target, first: Fixtures.Prediction) throws {
        cache = try fixtures.initialStates()
        states = fixtures.manifest.states
        runner = try Runner(target, inputs: first.inputs, outputs: first.outputs, states: cache)
    }

    func predict(_ prediction: Fixtures.Prediction, rows: [Int], name: String) throws -> Observation {
        let outputs: Named
        do { outputs = try runner.predict(prediction.inputs) } catch let failure as Failure {
            throw Failure(failure.code, "\(name): \(failure.message)")
        }
        guard Set(outputs.keys) == Set(prediction.outputs.keys) else {
            throw Failure.fault(
                "\(name): the model returned \(outputs.keys.sorted()), not \(prediction.outputs.keys.sorted())")
        }
        let after = try runner.snapshot()
        let seen = try watch(states, before: cache, after: after, cacheRows: rows, expected: prediction.rows)
        cache = after
        let infinite = [outputs, after].flatMap { values in values.keys.sorted().filter { !values[$0]!.isFinite } }
        return Observation(
            outputs: outputs, rows: seen.rows, faults: infinite.map { "\($0) is not finite" } + seen.faults,
            flushed: seen.flushed)
    }

    func goBack(to earlier: Named) throws {
        if earlier == cache { return }
        try runner.restore(earlier)
        cache = earlier
    }
}
