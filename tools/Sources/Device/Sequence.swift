/// Runs the fixtures' sequence on the device: the block model first, then the step model, never both in memory.
import Foundation
import Gate

/// What the device does in every call. The two models are loaded one after the other: loading a T=4 and a T=1 set together
/// has failed with error -14 (book, exp 26).
public func observe(_ fixtures: Fixtures, block: Target, step: Target) throws -> [ObservedCall] {
    let calls = fixtures.manifest.calls
    let blocks = try chain(block, fixtures, predictions: calls.indices.map { call in
        (calls[call].positions.compactMap { $0 }, "block call \(call)", { try fixtures.block(call) })
    })
    let tokens = calls.enumerated().flatMap { call, entry in entry.steps.map { (call, $0) } }
    let steps = try chain(step, fixtures, predictions: tokens.map { call, token in
        ([calls[call].positions[token]!], "step call \(call).\(token)", { try fixtures.step(call, token: token) })
    })
    return calls.indices.map { call in
        let own = zip(tokens, steps).filter { $0.0.0 == call }.map { ($0.0.1, $0.1) }
        return ObservedCall(block: blocks[call], steps: Dictionary(uniqueKeysWithValues: own))
    }
}

private typealias Planned = (positions: [Int], name: String, values: () throws -> Fixtures.Prediction)

private func chain(_ target: Target, _ fixtures: Fixtures, predictions: [Planned]) throws -> [Observation] {
    let initial = try fixtures.initialStates()
    guard let first = try predictions.first?.values() else { throw Failure.fault("there is nothing to run on \(target.model.lastPathComponent)") }
    let runner = try Runner(target, inputs: first.inputs, outputs: first.outputs, states: initial)
    var before = initial
    return try predictions.map { positions, name, values in
        let prediction = try values()
        let outputs: Named
        do { outputs = try runner.predict(prediction.inputs) } catch let failure as Failure { throw Failure(failure.code, "\(name): \(failure.message)") }
        guard Set(outputs.keys) == Set(prediction.outputs.keys) else {
            throw Failure.fault("\(name): the model returned \(outputs.keys.sorted()), not \(prediction.outputs.keys.sorted())")
        }
        let after = try runner.snapshot()
        let seen = try watch(fixtures.manifest.states, before: before, after: after, positions: positions, expected: prediction.rows)
        before = after
        let infinite = (outputs.filter { !$0.value.isFinite }.keys.sorted() + after.filter { !$0.value.isFinite }.keys.sorted()).map { "\($0) is not finite" }
        return Observation(outputs: outputs, rows: seen.rows, faults: infinite + seen.faults, flushed: seen.flushed)
    }
}
