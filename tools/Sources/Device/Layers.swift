/// Runs one block as many layers on end: what comes out goes in again, each time on an empty cache, as at a model's first call.
import Foundation
import Gate

/// What comes out after each of `depth` layers; the first is fed what the first call of the fixtures is. Ends with what is not finite.
/// - Throws: a fault when a prediction fails or gives something else than the layer is fed
public func layers(_ fixtures: Fixtures, _ link: Manifest.Link, _ target: Target, depth: Int, _ telling: Telling) throws
    -> [Tensor]
{
    let manifest = fixtures.manifest, tokens = manifest.block.tokens
    let first = try fixtures.block(0)
    let rows = manifest.kept.map { ($0.rows, zeros($0.rowsShape(tokens: tokens))) }
    let empty = Dictionary(manifest.states.map { ($0.name, zeros($0.shape)) }, uniquingKeysWith: { one, _ in one })
    var inputs = first.inputs.merging(HostCaches(manifest).contents) { input, _ in input }
    try telling("loading", 0, 0)
    let runner = try Runner(
        target, inputs: inputs, outputs: first.outputs.merging(rows) { output, _ in output }, states: empty)
    var seen: [Tensor] = []
    while seen.count < depth {
        try telling("layer", seen.count, depth)
        if !seen.isEmpty { try runner.restore(empty) }
        let (outputs, _) = try runner.predict(inputs)
        guard let next = outputs[link.output.name], let fed = inputs[link.input], next.shape == fed.shape,
            next.elements.name == fed.elements.name
        else {
            throw Failure.fault(
                "layer \(seen.count + 1): \(link.output.name) is \(outputs[link.output.name]?.summary ?? "missing"), and \(link.input) is \(inputs[link.input]?.summary ?? "missing")"
            )
        }
        seen.append(next)
        if !next.isFinite { break }
        inputs[link.input] = next
    }
    return seen
}

private func zeros(_ shape: [Int]) -> Tensor {
    Tensor(shape: shape, elements: .half([UInt16](repeating: 0, count: shape.reduce(1, *))))
}
