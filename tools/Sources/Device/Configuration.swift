/// The one configuration that plan, load and predictions share. Another one would measure what is not run.
import CoreML
import Foundation
import Gate

public enum Units: String, CaseIterable, Sendable {
    case cpuAndNeuralEngine, all, cpuAndGPU, cpuOnly

    public var excludesNeuralEngine: Bool { self == .cpuOnly || self == .cpuAndGPU }

    var value: MLComputeUnits {
        switch self {
        case .cpuAndNeuralEngine: .cpuAndNeuralEngine
        case .all: .all
        case .cpuAndGPU: .cpuAndGPU
        case .cpuOnly: .cpuOnly
        }
    }
}

/// What to run: a compiled model, the function in it (nil: its default one) and the units.
public struct Target: Sendable {
    public let model: URL
    public let function: String?
    public let units: Units

    public init(model: URL, function: String?, units: Units) {
        (self.model, self.function, self.units) = (model, function, units)
    }

    func configuration() -> MLModelConfiguration {
        let configuration = MLModelConfiguration()
        configuration.computeUnits = units.value
        configuration.functionName = function
        return configuration
    }
}
