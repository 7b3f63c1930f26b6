/// Stand-in for features and descriptions. [I] and [D] as in MLMultiArray.swift.
import Foundation

/// [D] mlfeatureprovider
public protocol MLFeatureProvider {
    var featureNames: Set<String> { get }
    func featureValue(for featureName: String) -> MLFeatureValue?
}

/// [D] mlfeaturevalue/init(multiarray:), /multiarrayvalue
public final class MLFeatureValue: NSObject {
    public let multiArrayValue: MLMultiArray?
    public init(multiArray value: MLMultiArray) { multiArrayValue = value }
}

/// [D] mldictionaryfeatureprovider/init(dictionary:)
public final class MLDictionaryFeatureProvider: NSObject, MLFeatureProvider {
    private let values: [String: MLFeatureValue]

    public init(dictionary: [String: Any]) throws {
        values = try dictionary.mapValues {
            guard let value = $0 as? MLFeatureValue else { throw StandInError("a feature is not an MLFeatureValue") }
            return value
        }
    }
    public var featureNames: Set<String> { Set(values.keys) }
    public func featureValue(for featureName: String) -> MLFeatureValue? { values[featureName] }
}

/// [D] mlmultiarrayconstraint/shape, /datatype
public final class MLMultiArrayConstraint: NSObject {
    public let shape: [NSNumber]
    public let dataType: MLMultiArrayDataType
    init(shape: [Int], dataType: MLMultiArrayDataType) {
        (self.shape, self.dataType) = (shape.map { NSNumber(value: $0) }, dataType)
    }
}

/// [I] bufferShape; [D] mlstateconstraint/datatype
public final class MLStateConstraint: NSObject {
    public let bufferShape: [Int]
    public let dataType: MLMultiArrayDataType
    init(shape: [Int], dataType: MLMultiArrayDataType) { (bufferShape, self.dataType) = (shape, dataType) }
}

/// [D] mlfeaturedescription/name, /multiarrayconstraint, /stateconstraint
public final class MLFeatureDescription: NSObject {
    public let name: String
    public let multiArrayConstraint: MLMultiArrayConstraint?
    public let stateConstraint: MLStateConstraint?
    init(name: String, array: MLMultiArrayConstraint? = nil, state: MLStateConstraint? = nil) {
        (self.name, multiArrayConstraint, stateConstraint) = (name, array, state)
    }
}

/// [D] mlmodeldescription/inputdescriptionsbyname, /outputdescriptionsbyname, /statedescriptionsbyname
public final class MLModelDescription: NSObject {
    public let inputDescriptionsByName: [String: MLFeatureDescription]
    public let outputDescriptionsByName: [String: MLFeatureDescription]
    public let stateDescriptionsByName: [String: MLFeatureDescription]
    init(inputs: [MLFeatureDescription], outputs: [MLFeatureDescription], states: [MLFeatureDescription]) {
        func byName(_ all: [MLFeatureDescription]) -> [String: MLFeatureDescription] {
            Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
        }
        (inputDescriptionsByName, outputDescriptionsByName, stateDescriptionsByName) = (
            byName(inputs), byName(outputs), byName(states)
        )
    }
}

/// What the stand-in throws where Core ML throws an NSError.
struct StandInError: LocalizedError {
    let errorDescription: String?
    init(_ message: String) { errorDescription = message }
}
