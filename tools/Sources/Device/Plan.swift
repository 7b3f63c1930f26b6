/// Reads the compute plan of a compiled model. Judging it is Gate/Residency.swift's.
import CoreML
import Gate

/// A plan as it was read.
public struct ReadPlan: Sendable {
    public let function: String
    /// Every operation of the function, nested blocks included.
    public let operations: [PlannedOperation]
    /// Names of the function's inputs, states among them, and of its outputs.
    public let inputs: [String]
    public let outputs: [String]
    /// With what it was made.
    public let loaded: LoadedAs
}

/// - Throws: a fault when the plan does not load, a mistake when there is nothing to judge in it.
public func readPlan(_ target: Target) async throws -> ReadPlan {
    let plan: MLComputePlan
    let configuration = target.configuration()
    let loaded = try readBack(configuration, of: target.model.lastPathComponent)
    try target.check(loaded)
    do { plan = try await MLComputePlan.load(contentsOf: target.model, configuration: configuration) } catch {
        throw Failure.fault(
            "the compute plan of \(target.model.lastPathComponent) does not load: \(error.localizedDescription)")
    }
    guard case .program(let program) = plan.modelStructure else {
        throw Failure.mistake("\(target.model.lastPathComponent) is not an ML program, so its plan lists no operations")
    }
    let names = program.functions.keys.sorted()
    let name = target.function ?? (names.count == 1 ? names[0] : "main")
    guard let function = program.functions[name] else {
        throw Failure.mistake(
            "\(target.model.lastPathComponent) has no function \(name); it has \(names.joined(separator: ", "))")
    }
    return ReadPlan(
        function: name, operations: operations(of: function.block, path: "\(name).block", plan: plan),
        inputs: function.inputs.map(\.name), outputs: function.block.outputNames, loaded: loaded)
}

private func operations(of block: MLModelStructure.Program.Block, path: String, plan: MLComputePlan)
    -> [PlannedOperation]
{
    block.operations.enumerated().flatMap { index, operation in
        let here = "\(path).operations[\(index)]"
        let usage = plan.deviceUsage(for: operation)
        let planned = PlannedOperation(
            path: here, operatorName: operation.operatorName, values: operation.outputs.map(\.name),
            preferred: usage.map { placement($0.preferred) } ?? .undetermined,
            supported: usage?.supported.map(placement) ?? [], cost: plan.estimatedCost(of: operation)?.weight)
        let nested = operation.blocks.enumerated().flatMap {
            operations(of: $1, path: "\(here).blocks[\($0)]", plan: plan)
        }
        return [planned] + nested
    }
}

// Not a switch: Apple may add devices, and an unknown one must fail the gate, not the build.
private func placement(_ device: MLComputeDevice) -> Placement {
    if case .neuralEngine = device { return .neuralEngine }
    if case .gpu = device { return .gpu }
    if case .cpu = device { return .cpu }
    return .unknown
}
