/// The caches that the host keeps: inputs of the model, zeros at first. Between two calls the host copies the new rows of
/// accepted tokens, an output, to the slots that the call told, and no others.
import Foundation

public struct HostCaches: Sendable {
    private let manifest: Manifest
    /// What the next prediction is fed, by the name of the input.
    public private(set) var contents: Named

    public init(_ manifest: Manifest) {
        self.manifest = manifest
        contents = Dictionary(
            manifest.kept.map { cache in
                let count = cache.shape.reduce(1, *)
                return (cache.name, Tensor(shape: cache.shape, elements: .half([UInt16](repeating: 0, count: count))))
            }, uniquingKeysWith: { first, _ in first })
    }

    /// Writes the rows of the first `accepted` tokens of a call that was fed `inputs` and returned `outputs`.
    /// - Throws: a fault when an output is not the rows of that many tokens, or the call tells no slot of a token.
    public mutating func write(_ outputs: Named, told inputs: Named, accepted: Int) throws {
        for cache in manifest.kept {
            let slots = try (0..<accepted).map { try slot(ofToken: $0, told: inputs, place: cache.place) }
            contents[cache.name] = try written(cache, outputs[cache.rows], slots)
        }
    }

    /// The cache row of a token: where its column of the write mask is 1, or what the positions say.
    private func slot(ofToken token: Int, told inputs: Named, place: String) throws -> Int {
        guard let input = manifest.inputs.first(where: { $0.name == place }), let told = inputs[place] else {
            throw Failure.fault("the call was not fed \(place), which tells the slots")
        }
        let values: [Double]
        if let axis = input.tokenAxis {
            guard told.shape.indices.contains(axis), told.shape[axis] > token else {
                throw Failure.fault("\(place) is \(told.summary), without a token \(token)")
            }
            values = told.slice(axis: axis, at: token).values
        } else {
            values = told.values.map { $0 + Double(token) }
        }
        let slot = input.role == .writeMask ? values.firstIndex(of: 1) : values.first.map { Int($0) }
        guard let slot, (0..<manifest.maxSeq).contains(slot) else {
            throw Failure.fault("\(place) tells no slot of token \(token), which is accepted")
        }
        return slot
    }

    private func written(_ cache: Manifest.Cache, _ rows: Tensor?, _ slots: [Int]) throws -> Tensor {
        let axis = cache.rowAxis
        guard let new = rows?.halves, let tokens = rows?.shape[axis], tokens >= slots.count,
            rows?.shape == cache.rowsShape(tokens: tokens), var kept = contents[cache.name]?.halves
        else {
            throw Failure.fault(
                "output \(cache.rows) is \(rows?.summary ?? "missing"), not rows of cache \(cache.name)")
        }
        let inner = cache.shape[(axis + 1)...].reduce(1, *)
        for outer in 0..<cache.shape[..<axis].reduce(1, *) {
            for (token, slot) in slots.enumerated() {
                let from = (outer * tokens + token) * inner, into = (outer * cache.shape[axis] + slot) * inner
                kept.replaceSubrange(into..<into + inner, with: new[from..<from + inner])
            }
        }
        return Tensor(shape: cache.shape, elements: .half(kept))
    }
}
