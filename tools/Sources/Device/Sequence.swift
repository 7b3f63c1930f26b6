/// Runs the fixtures' sequence on the device: the block model first, then the step model, never both in memory.
import Foundation
import Gate

/// Told what begins: "block: loading", "step: prediction 3 of 15".
public typealias Telling = (_ what: String, _ done: Int, _ of: Int) throws -> Void

/// Every prediction of one model, in order.
public struct ChainRun<Seen: Sendable>: Sendable {
    /// By call.
    public let seen: [Seen]
    /// Read back from the loaded model.
    public let loaded: LoadedAs
    public let loadMs: Double
    let host: HostRecord
}

/// The two chains as one. They are run one after the other, each by its own function: loading a T=4 and a T=1 set together has failed with
/// error -14 (ane-book, exp 26).
public func joined(_ blocks: ChainRun<Observation>, _ steps: ChainRun<[Int: Observation]>, of manifest: Manifest)
    -> Observed
{
    Observed(
        calls: zip(blocks.seen, steps.seen).map { ObservedCall(block: $0, steps: $1) },
        fed: blocks.host.fed + steps.host.fed,
        kept: manifest.kept.isEmpty ? [:] : ["block": blocks.host.kept, "step": steps.host.kept])
}

/// What a chain did to the caches that the host keeps.
struct HostRecord: Sendable {
    let fed: [FedCache]
    let kept: Named
}

/// Every block call in order, each on the cache that the one before left, stale rows of states included; of the caches that the host
/// keeps only the rows of accepted tokens are written.
public func observeBlocks(_ fixtures: Fixtures, _ target: Target, _ telling: Telling) throws -> ChainRun<Observation> {
    let chain = try blockChain(fixtures, target, telling)
    let seen = try blockRound(fixtures, chain) { try telling("prediction", $0, fixtures.manifest.calls.count) }
    return ChainRun(seen: seen, loaded: chain.loaded, loadMs: chain.loadMs, host: chain.record)
}

/// The tokens of every call one by one. Rejected ones are run too, then the cache goes back to what it was before them: the
/// steps never see a stale row, so a block that reads one differs.
public func observeSteps(_ fixtures: Fixtures, _ target: Target, _ telling: Telling) throws
    -> ChainRun<[Int: Observation]>
{
    let chain = try stepChain(fixtures, target, telling)
    let seen = try stepRound(fixtures, chain) { try telling("prediction", $0, fixtures.manifest.stepCount) }
    return ChainRun(seen: seen, loaded: chain.loaded, loadMs: chain.loadMs, host: chain.record)
}

/// The whole sequence of one role over and over, at least so many predictions, on the state that the one before left.
public func repeated(_ fixtures: Fixtures, _ target: Target, role: String, calls: Int, _ telling: Telling) throws
    -> Repeated
{
    let chain = try role == "block" ? blockChain(fixtures, target, telling) : stepChain(fixtures, target, telling)
    var wallMs: [Double] = [], finite = true
    while wallMs.count < calls {
        let before = wallMs.count
        let tell = { (done: Int) in try telling("call", min(before + done, calls - 1), calls) }
        let seen =
            try role == "block"
            ? blockRound(fixtures, chain, tell)
            : stepRound(fixtures, chain, tell).flatMap { round in round.keys.sorted().map { round[$0]! } }
        wallMs += seen.map(\.run.wallMs)
        finite = finite && seen.allSatisfy(\.finite)
    }
    return Repeated(loadMs: chain.loadMs, wallMs: wallMs, finite: finite)
}

private func blockChain(_ fixtures: Fixtures, _ target: Target, _ telling: Telling) throws -> Chain {
    try telling("loading", 0, 0)
    return try Chain(fixtures, target, first: try fixtures.block(0), tokens: fixtures.manifest.block.tokens)
}

private func stepChain(_ fixtures: Fixtures, _ target: Target, _ telling: Telling) throws -> Chain {
    let calls = fixtures.manifest.calls
    guard let start = calls.firstIndex(where: { !$0.steps.isEmpty }) else {
        throw Failure.mistake("no token is run one by one")
    }
    try telling("loading", 0, 0)
    return try Chain(
        fixtures, target, first: try fixtures.step(start, token: calls[start].steps[0]), tokens: 1)
}

private func blockRound(_ fixtures: Fixtures, _ chain: Chain, _ tell: (Int) throws -> Void) throws -> [Observation] {
    let manifest = fixtures.manifest
    return try manifest.calls.enumerated().map { index, call in
        try tell(index)
        let live = call.rows.indices.filter { call.rows[$0] != nil }
        let write = HostWrite(
            role: "block", call: index, token: nil, tokens: Array(0..<call.accepted),
            slots: manifest.acceptedRows(index))
        return try chain.predict(
            try fixtures.block(index), rows: live.map { call.rows[$0]! }, tokens: live, write: write,
            name: fixtures.name(index))
    }
}

private func stepRound(_ fixtures: Fixtures, _ chain: Chain, _ tell: (Int) throws -> Void) throws
    -> [[Int: Observation]]
{
    var done = 0
    return try fixtures.manifest.calls.enumerated().map { index, call in
        var seen: [Int: Observation] = [:]
        var kept = chain.cache
        for token in call.steps {
            try tell(done)
            done += 1
            let row = call.rows[token]!
            let write = HostWrite(role: "step", call: index, token: token, tokens: [0], slots: [row])
            seen[token] = try chain.predict(
                try fixtures.step(index, token: token), rows: [row], tokens: [0], write: write,
                name: fixtures.name(index, token: token))
            if token < call.accepted { kept = chain.cache }
        }
        try chain.goBack(to: kept)
        return seen
    }
}

/// Predictions of one model on one cache.
private final class Chain {
    private let runner: Runner
    private let manifest: Manifest
    private var fed: [FedCache] = []
    private(set) var cache: Kept

    /// What goes on from prediction to prediction.
    struct Kept {
        /// The states' contents on the device.
        var states: Named
        var host: HostCaches
    }

    init(_ fixtures: Fixtures, _ target: Target, first: Fixtures.Prediction, tokens: Int) throws {
        manifest = fixtures.manifest
        cache = Kept(states: try fixtures.initialStates(), host: HostCaches(manifest))
        let rows = manifest.kept.map { cache in
            let shape = cache.rowsShape(tokens: tokens)
            return (cache.rows, Tensor(shape: shape, elements: .half(.init(repeating: 0, count: shape.reduce(1, *)))))
        }
        runner = try Runner(
            target, inputs: first.inputs.merging(cache.host.contents) { input, _ in input },
            outputs: first.outputs.merging(rows) { output, _ in output }, states: cache.states)
    }

    var loaded: LoadedAs { runner.loaded }
    var loadMs: Double { runner.loadMs }
    var record: HostRecord { HostRecord(fed: fed, kept: cache.host.contents) }

    /// `rows` are the cache rows of the live tokens, `tokens` where these stand in the block.
    func predict(_ prediction: Fixtures.Prediction, rows: [Int], tokens: [Int], write: HostWrite, name: String) throws
        -> Observation
    {
        let given = cache.host.contents
        let outputs: Named, time: Time
        do { (outputs, time) = try runner.predict(prediction.inputs.merging(given) { input, _ in input }) } catch let
            failure
            as Failure
        {
            throw Failure(failure.code, "\(name): \(failure.message)")
        }
        let expected = Set(prediction.outputs.keys).union(manifest.kept.map(\.rows))
        guard Set(outputs.keys) == expected else {
            throw Failure.fault("\(name): the model returned \(outputs.keys.sorted()), not \(expected.sorted())")
        }
        let after = try runner.snapshot()
        let seen = try watch(
            manifest.states, before: cache.states, after: after, cacheRows: rows, expected: prediction.rows)
        cache.states = after
        try cache.host.write(outputs, told: prediction.inputs, accepted: write.tokens.count)
        let host = try watchHost(
            manifest.kept, write, before: given, after: cache.host.contents, outputs: outputs)
        fed += host.fed
        let infinite = [outputs, after].flatMap { values in values.keys.sorted().filter { !values[$0]!.isFinite } }
        let newRows = manifest.kept.map { ($0.name, selectRows(outputs[$0.rows]!, axis: $0.rowAxis, tokens)) }
        return Observation(
            outputs: outputs.filter { prediction.outputs.keys.contains($0.key) },
            rows: seen.rows.merging(newRows) { state, _ in state },
            faults: infinite.map { "\($0) is not finite" } + seen.faults + host.faults, flushed: seen.flushed,
            finite: infinite.isEmpty,
            run: Run(sha256: digest(of: outputs), time: time))
    }

    func goBack(to earlier: Kept) throws {
        cache.host = earlier.host
        if earlier.states == cache.states { return }
        try runner.restore(earlier.states)
        cache.states = earlier.states
    }
}
