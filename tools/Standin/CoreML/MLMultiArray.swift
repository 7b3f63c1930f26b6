/// Stand-in for MLMultiArray. Sources of the signatures: [I] CoreML.swiftinterface of Apple's SDK 18.2 (the Swift overlay of
/// the same release as macOS 15.2), [D] developer.apple.com/documentation/coreml/<page>, for declarations imported from
/// Objective-C. Only what Sources/Device uses is declared.
import Foundation

/// [D] mlmultiarraydatatype; raw values as in MLMultiArray.h.
public enum MLMultiArrayDataType: Int, @unchecked Sendable {
    case double = 0x10040
    case float32 = 0x10020
    case float16 = 0x10010
    case int32 = 0x20020

    var size: Int { rawValue & 0xff / 8 }
}

public final class MLMultiArray: NSObject {
    /// [D] mlmultiarray/datatype, /shape, /strides, /count
    public let dataType: MLMultiArrayDataType
    public let shape: [NSNumber]
    public var strides: [NSNumber] {
        let lies = moves && !isOpen || misreports && isMutable
        return (reportedStrides ?? (lies ? packed : bufferStrides)).map { NSNumber(value: $0) }
    }
    public var count: Int { shape.reduce(1) { $0 * $1.intValue } }

    /// [D] mlmultiarray/init(shape:datatype:). The memory's contents are not defined there; here they are garbage on purpose.
    public convenience init(shape: [NSNumber], dataType: MLMultiArrayDataType) throws {
        self.init(shape: shape.map(\.intValue), dataType: dataType, padding: 1)
    }

    /// [I]
    public func withUnsafeBytes<R>(_ body: (_ ptr: UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        isOpen = true
        defer { isOpen = false }
        return try body(UnsafeRawBufferPointer(buffer))
    }

    /// [I]
    public func withUnsafeMutableBytes<R>(_ body: (_ ptr: UnsafeMutableRawBufferPointer, _ strides: [Int]) throws -> R)
        rethrows -> R
    {
        isOpen = true
        isMutable = true
        written += 1
        let before = buffer.loadUnaligned(as: UInt16.self)
        defer {
            isOpen = false
            isMutable = false
            if forgets && written > 1 { buffer.storeBytes(of: before ^ 1, as: UInt16.self) }
        }
        return try body(buffer, bufferStrides)
    }

    // Below: the stand-in's own.
    private let buffer: UnsafeMutableRawBufferPointer
    let bufferStrides: [Int]
    /// What `strides` says instead of the truth, to play a release that misreports them.
    var reportedStrides: [Int]?
    /// Whether `strides` is right only while the buffer is open, and whether it loses what is written the second time.
    var moves = false
    var forgets = false
    /// Whether `strides` is wrong while the buffer is open for writing, and those that are given with it are right.
    var misreports = false
    private var isOpen = false
    private var isMutable = false
    private var written = 0
    /// The stand-in's own access, which changes nothing of the above.
    var bytes: UnsafeMutableRawBufferPointer { buffer }
    private var packed: [Int] {
        let all = shape.map(\.intValue)
        return all.indices.map { all[($0 + 1)...].reduce(1, *) }
    }

    /// Pads the last axis to a multiple of `padding` elements, as device buffers are.
    init(shape: [Int], dataType: MLMultiArrayDataType, padding: Int) {
        var strides = [Int](repeating: 1, count: shape.count), next = 1
        for axis in shape.indices.reversed() {
            strides[axis] = next
            next *= axis == shape.count - 1 ? (shape[axis] + padding - 1) / padding * padding : shape[axis]
        }
        self.dataType = dataType
        self.shape = shape.map { NSNumber(value: $0) }
        bufferStrides = strides
        buffer = .allocate(byteCount: max(next, 1) * dataType.size, alignment: 64)
        buffer.initializeMemory(as: UInt8.self, repeating: 0xff)
        super.init()
    }

    deinit { buffer.deallocate() }
}
