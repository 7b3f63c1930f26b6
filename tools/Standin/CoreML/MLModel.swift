/// Stand-in for MLModel, its configuration and its state. [I] and [D] as in MLMultiArray.swift.
import Foundation
import Gate

/// [D] mlcomputeunits; raw values as in MLModelConfiguration.h.
public enum MLComputeUnits: Int, @unchecked Sendable {
    case cpuOnly = 0
    case cpuAndGPU = 1
    case all = 2
    case cpuAndNeuralEngine = 3
}

/// [D] mlmodelconfiguration/computeunits, /functionname
public final class MLModelConfiguration: NSObject {
    public var computeUnits: MLComputeUnits = .all
    public var functionName: String?
    public override init() {}
}

/// [I] withMultiArray(for:_:); [D] mlstate
public final class MLState: NSObject {
    let buffers: [String: MLMultiArray]
    init(buffers: [String: MLMultiArray]) { self.buffers = buffers }

    public func withMultiArray<R>(for stateName: String, _ body: (MLMultiArray) throws -> R) rethrows -> R {
        guard let array = buffers[stateName] else { fatalError("the model has no state \(stateName)") }
        return try body(array)
    }
}

public final class MLModel: NSObject {
    /// [D] mlmodel/modeldescription
    public let modelDescription: MLModelDescription
    /// [D] mlmodel/configuration: that of the loaded model.
    public let configuration: MLModelConfiguration
    private let engine: ScriptedModel

    /// [D] mlmodel/init(contentsof:configuration:)
    public init(contentsOf url: URL, configuration: MLModelConfiguration) throws {
        engine = try ScriptedModel(compiled: url, configuration: configuration)
        self.configuration = engine.configuration
        modelDescription = engine.description
    }

    /// [I]
    public class func compileModel(at url: URL) async throws -> URL { try ScriptedEngine.near(url).compile(url) }

    /// [I]
    public func makeState() -> MLState { engine.makeState() }

    /// [D] mlmodel/prediction(from:using:)
    public func prediction(from inputFeatures: any MLFeatureProvider, using state: MLState) throws
        -> any MLFeatureProvider
    {
        try engine.predict(inputFeatures, state)
    }
}
