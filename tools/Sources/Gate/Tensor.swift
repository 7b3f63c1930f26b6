/// Dense row-major data.

public enum Elements: Equatable, Sendable {
    /// fp16 bit patterns.
    case half([UInt16])
    case double([Double])
    case int32([Int32])

    public var count: Int {
        switch self {
        case .half(let x): x.count
        case .double(let x): x.count
        case .int32(let x): x.count
        }
    }

    public var name: String {
        switch self {
        case .half: "fp16"
        case .double: "fp64"
        case .int32: "int32"
        }
    }
}

public struct Tensor: Equatable, Sendable {
    public let shape: [Int]
    public let elements: Elements

    public init(shape: [Int], elements: Elements) {
        precondition(shape.reduce(1, *) == elements.count, "a tensor's data must fill its shape")
        self.shape = shape
        self.elements = elements
    }

    /// The values as doubles; exact for every element type.
    public var values: [Double] {
        switch elements {
        case .half(let x): x.map(halfValue)
        case .double(let x): x
        case .int32(let x): x.map(Double.init)
        }
    }

    public var halves: [UInt16]? {
        if case .half(let x) = elements { x } else { nil }
    }

    public var isFinite: Bool {
        switch elements {
        case .half(let x): x.allSatisfy(halfIsFinite)
        case .double(let x): x.allSatisfy(\.isFinite)
        case .int32: true
        }
    }

    /// The entries whose index on `axis` is `index`, with that axis kept at size 1.
    public func slice(axis: Int, at index: Int) -> Tensor {
        var shape = self.shape
        let outer = shape[..<axis].reduce(1, *), size = shape[axis], inner = shape[(axis + 1)...].reduce(1, *)
        shape[axis] = 1
        func pick<T>(_ x: [T]) -> [T] {
            var picked: [T] = []
            for o in 0..<outer {
                let start = (o * size + index) * inner
                picked += x[start..<start + inner]
            }
            return picked
        }
        switch elements {
        case .half(let x): return Tensor(shape: shape, elements: .half(pick(x)))
        case .double(let x): return Tensor(shape: shape, elements: .double(pick(x)))
        case .int32(let x): return Tensor(shape: shape, elements: .int32(pick(x)))
        }
    }

    public var summary: String { "\(elements.name) [\(shape.map(String.init).joined(separator: ","))]" }
}
