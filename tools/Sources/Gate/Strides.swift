/// The layout of a buffer that may be padded: every axis is checked before any element is read.

/// A strided view of a buffer, in elements.
public struct Layout: Sendable {
    public let shape: [Int]
    public let strides: [Int]

    /// Checks that strides describe distinct elements inside a buffer of `capacity` elements. Core ML pads buffers, and some
    /// releases reported strides of zero (john-rocky/CoreML-LLM, QWEN35_LESSONS 5.5), which reads one element over and over.
    /// The stride of an axis of size 1 says nothing and is not looked at.
    public init(shape: [Int], strides: [Int], capacity: Int, of name: String) throws {
        func wrong(_ why: String) -> Failure {
            .fault("\(name): cannot be read, \(why) (shape \(shape), strides \(strides))")
        }
        guard shape.count == strides.count else {
            throw wrong("it has \(strides.count) strides for \(shape.count) axes")
        }
        guard shape.allSatisfy({ $0 > 0 }) else { throw wrong("an axis is empty") }
        let axes = shape.indices.filter { shape[$0] > 1 }.sorted { strides[$0] < strides[$1] }
        var reach = 1
        for axis in axes {
            guard strides[axis] >= reach else { throw wrong("the stride of axis \(axis) makes elements overlap") }
            let (product, overflow) = strides[axis].multipliedReportingOverflow(by: shape[axis] - 1)
            guard !overflow, product <= capacity else { throw wrong("axis \(axis) leaves the buffer of \(capacity)") }
            reach += product
        }
        guard reach <= capacity else { throw wrong("it leaves the buffer of \(capacity)") }
        self.shape = shape
        self.strides = strides
    }

    /// Calls `body` with the buffer offset of every element, in row-major order.
    public func forEachOffset(_ body: (Int) -> Void) {
        var index = [Int](repeating: 0, count: shape.count)
        var offset = 0
        for _ in 0..<shape.reduce(1, *) {
            body(offset)
            var axis = shape.count - 1
            while axis >= 0 {
                index[axis] += 1
                offset += strides[axis]
                if index[axis] < shape[axis] { break }
                offset -= strides[axis] * shape[axis]
                index[axis] = 0
                axis -= 1
            }
        }
    }
}
