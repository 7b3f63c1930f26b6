/// Stand-in for compute plans and model structures. All of it [I], as in MLMultiArray.swift.
import Foundation

public final class MLCPUComputeDevice: NSObject, @unchecked Sendable {}
public final class MLGPUComputeDevice: NSObject, @unchecked Sendable {}
public final class MLNeuralEngineComputeDevice: NSObject, @unchecked Sendable {}

public enum MLComputeDevice: Equatable, Hashable, Sendable {
    case cpu(MLCPUComputeDevice)
    case gpu(MLGPUComputeDevice)
    case neuralEngine(MLNeuralEngineComputeDevice)
}

public enum MLModelStructure: Sendable {
    public struct Program: Sendable {
        public struct ValueType: Sendable {}
        public struct NamedValueType: Sendable {
            public let name: String
            public let type: ValueType
        }
        public struct Function: Sendable {
            public let inputs: [NamedValueType]
            public let block: Block
        }
        public struct Block: Sendable {
            public let inputs: [NamedValueType]
            public let outputNames: [String]
            public let operations: [Operation]
        }
        public struct Operation: Sendable {
            public let operatorName: String
            public let outputs: [NamedValueType]
            public let blocks: [Block]
            /// The stand-in's own: what the script says of this operation.
            let script: Script.Operation
        }
        public let functions: [String: Function]
    }
    public struct NeuralNetwork: Sendable {}
    public struct Pipeline: Sendable {}

    case neuralNetwork(NeuralNetwork)
    case program(Program)
    case pipeline(Pipeline)
    case unsupported
}

public class MLComputePlan {
    public struct DeviceUsage: Sendable {
        public let supported: [MLComputeDevice]
        public let preferred: MLComputeDevice
    }
    public struct Cost: Sendable {
        public let weight: Double
    }
    public final let modelStructure: MLModelStructure

    public static func load(contentsOf url: URL, configuration: MLModelConfiguration) async throws -> MLComputePlan {
        let engine = try ScriptedEngine.compiled(url)
        try engine.leaveAnalytics()
        return MLComputePlan(try engine.structure(of: url, configuration: configuration))
    }

    public func estimatedCost(of operation: MLModelStructure.Program.Operation) -> Cost? {
        operation.script.cost.map(Cost.init(weight:))
    }

    public func deviceUsage(for operation: MLModelStructure.Program.Operation) -> DeviceUsage? {
        operation.script.device.map {
            DeviceUsage(supported: (operation.script.supported ?? [$0, "cpu"]).map(device), preferred: device($0))
        }
    }

    init(_ structure: MLModelStructure) { modelStructure = structure }
}

@available(*, unavailable)
extension MLComputePlan: Sendable {}

private func device(_ name: String) -> MLComputeDevice {
    switch name {
    case "ane": .neuralEngine(MLNeuralEngineComputeDevice())
    case "gpu": .gpu(MLGPUComputeDevice())
    default: .cpu(MLCPUComputeDevice())
    }
}
