/// MLMultiArray to and from Tensor. Strides are validated in all axes; fp16 is read as bits, never through dataPointer.
import CoreML
import Foundation
import Gate

/// A copy of the array's elements in row-major order.
/// - Throws: a fault when the array is neither fp16 nor int32, or its strides cannot be right.
func copy(_ array: MLMultiArray, name: String) throws -> Tensor {
    let shape = array.shape.map(\.intValue)
    return try array.withUnsafeBytes { raw in
        switch array.dataType {
        case .float16: Tensor(shape: shape, elements: .half(try gather(array, raw, name, UInt16.self)))
        case .int32: Tensor(shape: shape, elements: .int32(try gather(array, raw, name, Int32.self)))
        default: throw Failure.fault("\(name) has an element type other than fp16 and int32")
        }
    }
}

private func gather<T>(_ array: MLMultiArray, _ raw: UnsafeRawBufferPointer, _ name: String, _ type: T.Type) throws
    -> [T]
{
    let size = MemoryLayout<T>.size
    // Read inside the closure: strides may change when the buffer is made available.
    let layout = try Layout(
        shape: array.shape.map(\.intValue), strides: array.strides.map(\.intValue), capacity: raw.count / size, of: name
    )
    var result: [T] = []
    result.reserveCapacity(array.count)
    layout.forEachOffset { result.append(raw.loadUnaligned(fromByteOffset: $0 * size, as: T.self)) }
    return result
}

/// Overwrites every element of the array. Memory of a new MLMultiArray is not zeroed, so no element may be left out.
func overwrite(_ array: MLMultiArray, with tensor: Tensor, name: String) throws {
    guard array.shape.map(\.intValue) == tensor.shape else {
        throw Failure.mistake("\(name) has shape \(array.shape), not \(tensor.shape)")
    }
    try array.withUnsafeMutableBytes { raw, strides in
        switch (array.dataType, tensor.elements) {
        case (.float16, .half(let bits)): try scatter(bits, raw, tensor.shape, strides, name)
        case (.int32, .int32(let values)): try scatter(values, raw, tensor.shape, strides, name)
        default: throw Failure.mistake("\(name) has another element type than \(tensor.summary)")
        }
    }
}

private func scatter<T>(
    _ values: [T], _ raw: UnsafeMutableRawBufferPointer, _ shape: [Int], _ strides: [Int], _ name: String
) throws {
    let size = MemoryLayout<T>.size
    let layout = try Layout(shape: shape, strides: strides, capacity: raw.count / size, of: name)
    var next = 0
    layout.forEachOffset {
        raw.storeBytes(of: values[next], toByteOffset: $0 * size, as: T.self)
        next += 1
    }
}

/// A new array with the tensor's contents.
func makeArray(_ tensor: Tensor, name: String) throws -> MLMultiArray {
    let type: MLMultiArrayDataType
    switch tensor.elements {
    case .half: type = .float16
    case .int32: type = .int32
    case .double: throw Failure.mistake("\(name) is fp64; a model is fed fp16 and int32")
    }
    let array = try MLMultiArray(shape: tensor.shape.map { NSNumber(value: $0) }, dataType: type)
    try overwrite(array, with: tensor, name: name)
    return array
}
