/// A loaded model with its state: predictions one after another.
import CoreML
import Foundation
import Gate

/// Not Sendable, and every method runs to its end before the next can start: predictions that share a state must be serialised
/// (Apple, MLState).
public final class Runner {
    private let model: MLModel
    private let state: MLState
    private let stateNames: [String]
    /// Units and function, read back from the loaded model.
    public let loaded: LoadedAs
    /// How long Core ML took.
    public let loadMs: Double

    /// Loads the model, checks its interface against the fixtures, and puts the initial contents into its states.
    public init(_ target: Target, inputs: Named, outputs: Named, states: Named) throws {
        let watch = Stopwatch()
        do { model = try MLModel(contentsOf: target.model, configuration: target.configuration()) } catch {
            throw Failure.fault("\(target.model.lastPathComponent) does not load: \(error.localizedDescription)")
        }
        loadMs = watch.read().wallMs
        stateNames = states.keys.sorted()
        loaded = try readBack(model.configuration, of: target.model.lastPathComponent)
        try target.check(loaded)
        let described = model.modelDescription
        let name = target.model.lastPathComponent
        try match(
            described.inputDescriptionsByName.mapValues { $0.multiArrayConstraint?.shape.map(\.intValue) }, inputs,
            "inputs", name)
        try match(
            described.outputDescriptionsByName.mapValues { $0.multiArrayConstraint?.shape.map(\.intValue) }, outputs,
            "outputs", name)
        try match(
            described.stateDescriptionsByName.mapValues { $0.stateConstraint?.bufferShape }, states, "states", name)
        // Buffers of a new state are zeros (Apple, makeState()).
        state = model.makeState()
        try restore(states)
    }

    /// Puts contents into the states and checks that they hold them.
    public func restore(_ states: Named) throws {
        for (name, tensor) in states {
            try state.withMultiArray(for: name) { try overwrite($0, with: tensor, name: "state \(name)") }
        }
        let kept = try snapshot()
        if let lost = stateNames.first(where: { kept[$0] != states[$0] }) {
            throw Failure.fault("state \(lost) does not keep what is written into it between predictions")
        }
    }

    /// One prediction. Its results are copied and released before the next: providers that pile up exhaust the output slots
    /// after about nine calls (ane-book, runtime/phi4_mini_ane.swift).
    /// The times are of the prediction alone, without the copies to it and from it.
    public func predict(_ inputs: Named) throws -> (outputs: Named, time: Time) {
        try autoreleasepool {
            let features = try MLDictionaryFeatureProvider(
                dictionary: inputs.reduce(into: [:]) {
                    $0[$1.key] = MLFeatureValue(multiArray: try makeArray($1.value, name: $1.key))
                })
            let result: any MLFeatureProvider
            let watch = Stopwatch()
            do { result = try model.prediction(from: features, using: state) } catch {
                throw Failure.fault("the prediction failed: \(error.localizedDescription)")
            }
            let time = watch.read()
            var outputs: Named = [:]
            for name in result.featureNames {
                guard let array = result.featureValue(for: name)?.multiArrayValue else {
                    throw Failure.fault("output \(name) is not an array")
                }
                outputs[name] = try copy(array, name: "output \(name)")
            }
            return (outputs, time)
        }
    }

    /// The states' contents now. Copied inside the closure: the buffer's address may change between calls.
    public func snapshot() throws -> Named {
        var result: Named = [:]
        for name in stateNames {
            result[name] = try state.withMultiArray(for: name) { try copy($0, name: "state \(name)") }
        }
        return result
    }
}

/// The model declares exactly these names, and no other shape where it declares one.
private func match(_ declared: [String: [Int]?], _ expected: Named, _ what: String, _ model: String) throws {
    guard Set(declared.keys) == Set(expected.keys) else {
        throw Failure.mistake("\(model) has \(what) \(declared.keys.sorted()), the fixtures \(expected.keys.sorted())")
    }
    for (name, shape) in declared {
        guard let shape, !shape.isEmpty else { continue }
        guard shape == expected[name]!.shape else {
            throw Failure.mistake("\(name) of \(model) has shape \(shape), in the fixtures \(expected[name]!.shape)")
        }
    }
}

#if !canImport(ObjectiveC)
    /// Nothing is autoreleased without the Objective-C runtime.
    func autoreleasepool<R>(_ body: () throws -> R) rethrows -> R { try body() }
#endif
