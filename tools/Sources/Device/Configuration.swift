/// The one configuration that plan, load and predictions share. Another one would measure what is not run.
import CoreML
import Foundation
import Gate

public enum Units: String, CaseIterable, Sendable {
    case cpuAndNeuralEngine, all, cpuAndGPU, cpuOnly

    public var excludesNeuralEngine: Bool { self == .cpuOnly || self == .cpuAndGPU }

    /// Nil for units that Apple may add. Not by way of `value`: a slip there would agree with itself.
    init?(_ value: MLComputeUnits) {
        switch value.rawValue {
        case 0: self = .cpuOnly
        case 1: self = .cpuAndGPU
        case 2: self = .all
        case 3: self = .cpuAndNeuralEngine
        default: return nil
        }
    }

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

    /// The same model and function on other units.
    public func on(_ units: Units) -> Target { Target(model: model, function: function, units: units) }

    func configuration() -> MLModelConfiguration {
        let configuration = MLModelConfiguration()
        configuration.computeUnits = units.value
        configuration.functionName = function
        return configuration
    }
}

/// What a configuration says, after the model was loaded or the plan was made with it.
func readBack(_ configuration: MLModelConfiguration, of model: String) throws -> LoadedAs {
    guard let units = Units(configuration.computeUnits) else {
        throw Failure.fault("\(model) says that it runs on units that this tool does not know")
    }
    return LoadedAs(units: units.rawValue, function: configuration.functionName)
}

extension Target {
    /// - Throws: a fault when a configuration read back is not the one that was asked for. Where no function was named, the one that Core
    ///   ML then names is noted and not judged.
    func check(_ loaded: LoadedAs) throws {
        let name = model.lastPathComponent
        guard loaded.units == units.rawValue else {
            throw Failure.fault("\(name) was loaded for \(units.rawValue), and says that it runs with \(loaded.units)")
        }
        guard function == nil || loaded.function == function else {
            throw Failure.fault(
                "\(name) was loaded for function \(function ?? ""), and says that it runs \(loaded.function ?? "its default one")"
            )
        }
    }
}
