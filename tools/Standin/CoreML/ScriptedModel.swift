/// A loaded model of the stand-in: replays the fixtures' expected values, through padded buffers, with the script's faults.
import Foundation
import Gate

/// Remembers what the cache must hold and refuses inputs that the sequence does not feed, so that a tool that packs a tensor
/// wrongly, forgets the initial state or runs calls out of order fails here as it would on a device.
final class ScriptedModel {
    let description: MLModelDescription
    /// As the loaded model says it.
    let configuration: MLModelConfiguration
    /// Whether it computes on the CPU.
    private let onCPU: Bool
    private let engine: ScriptedEngine
    private let fixtures: Fixtures
    private let role: String
    private let predictions: [Planned]
    private let tokens: Int
    private var count = 0
    private var cache: Named
    /// The cache after the last token that was kept, where the steps go back to at the end of a call.
    private var kept: Named
    private let initial: Named
    private let compiled: URL
    /// What was said last, by the input that it comes back as, and how many layers of a chain were run.
    private var said: Named = [:]
    private var layers = 0

    private struct Planned {
        let rows: [Int]
        /// Where the live tokens stand in the block, and how many of its first ones the host keeps.
        let tokens: [Int]
        let accepted: Int
        let values: Fixtures.Prediction
        /// Whether later calls build on it, and whether the cache goes back after it.
        let isKept: Bool
        let endsCall: Bool
    }

    init(compiled: URL, configuration: MLModelConfiguration) throws {
        self.compiled = compiled
        engine = try .compiled(compiled)
        engine.script.complain(engine.script.complaint)
        if let seconds = engine.script.loadSeconds { usleep(UInt32(seconds * 1e6)) }
        if let error = engine.script.loadError { throw StandInError(error) }
        fixtures = try Fixtures.open(engine.folder)
        let manifest = fixtures.manifest
        let name = try ScriptedEngine.package(of: compiled).lastPathComponent
        role =
            name == manifest.block.package && configuration.functionName == manifest.block.function ? "block" : "step"
        let told = MLModelConfiguration()
        told.computeUnits = engine.script.lies(.otherUnits, role) ? .all : configuration.computeUnits
        told.functionName = engine.script.lies(.otherFunction, role) ? "other" : configuration.functionName
        self.configuration = told
        onCPU = engine.script.lies(.silentCPU, role) || [.cpuOnly, .cpuAndGPU].contains(told.computeUnits)
        if let name = configuration.functionName, engine.functions[name] == nil {
            throw StandInError("the model has no function \(name)")
        }
        var predictions: [Planned] = []
        for (index, call) in manifest.calls.enumerated() {
            if role == "block" {
                predictions.append(
                    Planned(
                        rows: call.rows.compactMap { $0 }, tokens: call.rows.indices.filter { call.rows[$0] != nil },
                        accepted: call.accepted, values: try fixtures.block(index), isKept: true, endsCall: true))
                continue
            }
            for token in call.steps {
                predictions.append(
                    Planned(
                        rows: [call.rows[token]!], tokens: [0], accepted: 1,
                        values: try fixtures.step(index, token: token), isKept: token < call.accepted,
                        endsCall: token == call.steps.last))
            }
        }
        self.predictions = predictions
        var initial = try fixtures.initialStates()
        for one in manifest.kept { initial[one.name] = zeros(one.shape) }
        (self.initial, cache, kept) = (initial, initial, initial)
        let first = predictions[0].values
        let tokens = role == "block" ? manifest.block.tokens : 1
        self.tokens = tokens
        let stray: [MLFeatureDescription] =
            engine.script.lies(.otherInputs, role)
            ? [.init(name: "stray", array: .init(shape: [1], dataType: .float16))] : []
        let other = engine.script.lies(.otherShapes, role) ? 1 : 0
        description = MLModelDescription(
            inputs: stray + first.inputs.map { .init(name: $0, array: .init(shape: $1.shape, dataType: type(of: $1))) }
                + manifest.kept.map { .init(name: $0.name, array: .init(shape: $0.shape, dataType: .float16)) },
            outputs: first.outputs.map {
                .init(name: $0, array: .init(shape: $1.shape.map { $0 + other }, dataType: type(of: $1)))
            }
                + manifest.kept.map {
                    .init(name: $0.rows, array: .init(shape: $0.rowsShape(tokens: tokens), dataType: .float16))
                },
            states: manifest.states.map { .init(name: $0.name, state: .init(shape: $0.shape, dataType: .float16)) })
    }

    func makeState() -> MLState {
        // A new state begins the sequence anew.
        count = 0
        cache = initial
        kept = cache
        return MLState(
            buffers: Dictionary(
                uniqueKeysWithValues: fixtures.manifest.states.map { state in
                    let array = MLMultiArray(shape: state.shape, dataType: .float16, padding: 32)
                    array.moves = engine.script.lies(.movingStrides, role)
                    array.forgets = engine.script.lies(.forgetsRestore, role)
                    array.misreports = engine.script.lies(.givenStrides, role)
                    fill(array, zeros(state.shape))
                    return (state.name, array)
                }))
    }

    func predict(_ features: any MLFeatureProvider, _ state: MLState) throws -> any MLFeatureProvider {
        let began = clock()
        if let layer = try layer(features, state) { return layer }
        // The sequence begins again where it ended, on the cache that it left.
        let planned = predictions[count % predictions.count], expected = planned.values
        let faults = (engine.script.faults ?? []).filter { $0.model == role && $0.prediction == count }.map(\.kind)
        if faults.contains(.error) {
            throw StandInError("Error Domain=com.apple.CoreML Code=0 \"Unable to compute the prediction: status=0x1d\"")
        }
        if faults.contains(.crash) { kill(getpid(), SIGKILL) }
        for (name, tensor) in expected.inputs {
            guard let array = features.featureValue(for: name)?.multiArrayValue, contents(array) == tensor else {
                throw StandInError("prediction \(count) of the \(role) was fed another \(name) than the fixtures hold")
            }
        }
        for (name, tensor) in cache {
            // A cache that the host keeps is an input, any other a state.
            guard let held = state.buffers[name] ?? features.featureValue(for: name)?.multiArrayValue else {
                throw StandInError("prediction \(count) of the \(role) was not fed \(name)")
            }
            if contents(held) == tensor { continue }
            throw StandInError(
                "before prediction \(count) of the \(role), \(name) does not hold what the sequence left there")
        }
        count += 1
        write(expected.rows, at: planned.rows, into: state, faults: faults)
        keep(expected.rows, of: planned)
        if planned.isKept { kept = cache }
        if planned.endsCall { cache = kept }
        if faults.contains(.touchPackage) { try touchPackage() }
        if faults.contains(.touchCompiled) {
            try Data("changed".utf8).write(to: compiled.appendingPathComponent("model.mil"))
        }
        if faults.contains(.complain) { engine.script.complain("ANECCompile() FAILED") }
        let cpu = onCPU || faults.contains(.silentCPU)
        let result = try outputs(planned, faults: faults, onCPU: cpu)
        // The CPU alone burns CPU time; who waits for the engine sleeps.
        let own = clock() - began, end = clock() + 4 * own + 1000
        if cpu { while clock() < end {} } else { usleep(500) }
        return result
    }

    /// One layer of a chain: caches are empty, and the input is what the layer before said, all else as in the first call. What the layer adds
    /// is what the fixtures' first call adds. Nil for a prediction of the sequence.
    private func layer(_ features: any MLFeatureProvider, _ state: MLState) throws -> (any MLFeatureProvider)? {
        let first = predictions[0],
            links = fixtures.manifest.outputs.compactMap { one in one.residual.map { ($0, one.name) } }
        // Where the host keeps the caches the sequence begins with zeros too.
        let begins = count == 0 && fixtures.manifest.states.isEmpty
        guard role == "block", !begins, !links.isEmpty else { return nil }
        func fed(_ name: String) -> Tensor? {
            (state.buffers[name] ?? features.featureValue(for: name)?.multiArrayValue).map(contents)
        }
        guard cache.keys.allSatisfy({ fed($0)?.halves?.allSatisfy { $0 == 0 } ?? false }) else { return nil }
        var inputs = first.values.inputs, outputs = first.values.outputs
        for (input, output) in links {
            let x = inputs[input]!, added = zip(outputs[output]!.values, x.values).map { $0 - $1 }
            let now = said[input] ?? x
            inputs[input] = now
            outputs[output] = Tensor(
                shape: now.shape, elements: .half(zip(now.values, added).map { Float16($0 + $1).bitPattern }))
        }
        guard inputs.allSatisfy({ fed($0) == $1 }) else { return nil }
        // On the CPU a chain has no faults, which it is the reference for.
        let faults = (engine.script.faults ?? []).filter {
            !onCPU && $0.model == "chain" && $0.prediction == layers
        }.map(\.kind)
        if faults.contains(.error) { throw StandInError("a layer of the chain failed") }
        layers += 1
        write(first.values.rows, at: first.rows, into: state, faults: [])
        let values = Fixtures.Prediction(inputs: inputs, outputs: outputs, rows: first.values.rows)
        let planned = Planned(
            rows: first.rows, tokens: first.tokens, accepted: first.accepted, values: values, isKept: true,
            endsCall: true)
        return try self.outputs(planned, faults: faults, onCPU: onCPU)
    }

    /// What an honest host does with the new rows: those of the tokens that it keeps go to their cache rows.
    private func keep(_ rows: Named, of planned: Planned) {
        for spec in fixtures.manifest.kept {
            let written = planned.tokens.indices.filter { planned.tokens[$0] < planned.accepted }
            let new = selectRows(rows[spec.name]!, axis: spec.rowAxis, written).halves!
            var halves = cache[spec.name]!.halves!
            let size = spec.shape[spec.rowAxis], inner = spec.shape[(spec.rowAxis + 1)...].reduce(1, *)
            for i in new.indices {
                let outer = i / inner / max(written.count, 1), j = i / inner % max(written.count, 1)
                halves[(outer * size + planned.rows[written[j]]) * inner + i % inner] = new[i]
            }
            cache[spec.name] = Tensor(shape: spec.shape, elements: .half(halves))
        }
    }

    /// The new rows for the host: those of padding are computed too and mean nothing, which here is a number that stands out.
    private func newRows(_ spec: Manifest.Cache, _ planned: Planned, faults: [Script.Fault.Kind]) -> Tensor {
        let live = planned.values.rows[spec.name]!.halves!
        let inner = spec.shape[(spec.rowAxis + 1)...].reduce(1, *)
        var halves = [UInt16](repeating: 0x5640, count: spec.rowsShape(tokens: tokens).reduce(1, *))
        for i in live.indices {
            let outer = i / inner / planned.tokens.count, token = planned.tokens[i / inner % planned.tokens.count]
            halves[(outer * tokens + token) * inner + i % inner] = live[i]
        }
        if faults.contains(.driftRows) { halves = scaled(halves, base: nil) { _ in 1.05 } }
        return Tensor(shape: spec.rowsShape(tokens: tokens), elements: .half(halves))
    }

    private func outputs(_ planned: Planned, faults: [Script.Fault.Kind], onCPU: Bool) throws -> any MLFeatureProvider {
        let expected = planned.values
        var values: [String: Any] = [:]
        for spec in fixtures.manifest.kept {
            let rows = newRows(spec, planned, faults: faults)
            let array = MLMultiArray(shape: rows.shape, dataType: .float16, padding: 32)
            fill(array, rows)
            values[spec.rows] = MLFeatureValue(multiArray: array)
        }
        for output in fixtures.manifest.outputs where !faults.contains(.missingOutput) {
            let tensor = expected.outputs[output.name]!
            var halves =
                onCPU
                ? tensor.halves! : noisy(tensor.halves!, base: output.residual.flatMap { expected.inputs[$0]?.halves })
            if faults.contains(.nan) { halves[1] = 0x7e00 }
            if faults.contains(.drift) {
                halves = drifted(halves, base: output.residual.flatMap { expected.inputs[$0]?.halves })
            }
            if faults.contains(.swapRows) { halves = swapped(halves, shape: tensor.shape, axis: output.tokenAxis) }
            if let input = output.residual {
                said[input] = Tensor(shape: tensor.shape, elements: .half(halves))
            }
            let array = MLMultiArray(shape: tensor.shape, dataType: .float16, padding: 32)
            array.moves = engine.script.lies(.movingStrides, role)
            fill(array, Tensor(shape: tensor.shape, elements: .half(halves)))
            if faults.contains(.zeroStrides) { array.reportedStrides = tensor.shape.map { _ in 0 } }
            values[output.name] = MLFeatureValue(multiArray: array)
        }
        return try MLDictionaryFeatureProvider(dictionary: values)
    }

    /// Writes the rows into the caller's buffers and into our record of them.
    private func write(_ rows: Named, at cacheRows: [Int], into state: MLState, faults: [Script.Fault.Kind]) {
        if faults.contains(.unchangedState) { return }
        for spec in fixtures.manifest.states {
            var halves = cache[spec.name]!.halves!
            let size = spec.shape[spec.rowAxis], inner = spec.shape[(spec.rowAxis + 1)...].reduce(1, *)
            let new = rows[spec.name]!.halves!
            for o in 0..<spec.shape[..<spec.rowAxis].reduce(1, *) {
                for (j, row) in cacheRows.enumerated() {
                    for i in 0..<inner {
                        halves[(o * size + row) * inner + i] = new[(o * cacheRows.count + j) * inner + i]
                    }
                }
            }
            if faults.contains(.corruptState) {
                let row = (0..<size).first { !cacheRows.contains($0) }!
                halves[row * inner] ^= 0x0200
            }
            // Exponent and sign aside nothing is left of a subnormal.
            if faults.contains(.flush) { halves = halves.map { $0 & 0x7c00 == 0 ? $0 & 0x8000 : $0 } }
            cache[spec.name] = Tensor(shape: spec.shape, elements: .half(halves))
            fill(state.buffers[spec.name]!, cache[spec.name]!)
        }
    }

    private func touchPackage() throws {
        let package = engine.folder.appendingPathComponent(
            role == "block" ? fixtures.manifest.block.package : fixtures.manifest.step.package)
        try Data("changed".utf8).write(to: package.appendingPathComponent("Manifest.json"))
    }

    /// An honest device differs from the CPU in the last bits of what the layer adds: here by 1/1024 of it, for some elements.
    private func noisy(_ halves: [UInt16], base: [UInt16]?) -> [UInt16] {
        scaled(halves, base: base) { i in i % (role == "block" ? 3 : 5) == 0 ? 1 + 1 / 1024 : 1 }
    }

    private func drifted(_ halves: [UInt16], base: [UInt16]?) -> [UInt16] { scaled(halves, base: base) { _ in 1.05 } }

    private func scaled(_ halves: [UInt16], base: [UInt16]?, by factor: (Int) -> Double) -> [UInt16] {
        halves.indices.map { i in
            let from = base.map { halfValue($0[i]) } ?? 0
            return Float16(from + (halfValue(halves[i]) - from) * factor(i)).bitPattern
        }
    }
}

private func zeros(_ shape: [Int]) -> Tensor {
    Tensor(shape: shape, elements: .half(.init(repeating: 0, count: shape.reduce(1, *))))
}

/// The rows of the first two tokens, exchanged.
private func swapped(_ halves: [UInt16], shape: [Int], axis: Int) -> [UInt16] {
    let size = shape[axis], inner = shape[(axis + 1)...].reduce(1, *)
    return halves.indices.map { i in
        let token = i / inner % size
        return halves[token < 2 && size > 1 ? i + (1 - 2 * token) * inner : i]
    }
}

private func type(of tensor: Tensor) -> MLMultiArrayDataType {
    switch tensor.elements {
    case .half: .float16
    case .double: .double
    case .int32: .int32
    }
}

private func offsets(_ array: MLMultiArray) -> [Int] {
    array.shape.map(\.intValue).enumerated().reduce([0]) { starts, axis in
        starts.flatMap { start in (0..<axis.element).map { start + $0 * array.bufferStrides[axis.offset] } }
    }
}

private func fill(_ array: MLMultiArray, _ tensor: Tensor) {
    for (offset, bits) in zip(offsets(array), tensor.halves!) {
        array.bytes.storeBytes(of: bits, toByteOffset: offset * 2, as: UInt16.self)
    }
}

private func contents(_ array: MLMultiArray) -> Tensor {
    let shape = array.shape.map(\.intValue), raw = array.bytes
    if array.dataType == .int32 {
        return Tensor(
            shape: shape, elements: .int32(offsets(array).map { raw.load(fromByteOffset: $0 * 4, as: Int32.self) }))
    }
    return Tensor(
        shape: shape, elements: .half(offsets(array).map { raw.load(fromByteOffset: $0 * 2, as: UInt16.self) }))
}
