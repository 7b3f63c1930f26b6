/// How far a chain of layers drifts: the block's output is its own next input, on the engine and on the CPU alone. For the next decision, not
/// for the verdict: nobody but this device knows the numbers.

public struct Drift: Codable, Equatable, Sendable {
    /// What goes on, and what it becomes.
    public let output: String
    public let input: String
    /// From one layer on; up to the first that is not finite.
    public let depths: [Depth]

    /// After so many layers: the engine's rows held against the CPU's, each figure of its worst token.
    public struct Depth: Codable, Equatable, Sendable {
        public let depth: Int
        public let figures: Figures
    }

    /// `engine` and `cpuOnly` are what came out after each layer; `tokens` are those that are live in the first call.
    /// - Throws: a fault when the two are not of one chain
    public init(_ link: Manifest.Link, engine: [Tensor], cpuOnly: [Tensor], tokens: [Int]) throws {
        (output, input) = (link.output.name, link.input)
        let axis = link.output.tokenAxis
        depths = try zip(engine, cpuOnly).enumerated().map { index, pair in
            let (a, b) = pair
            guard a.shape == b.shape, a.shape.indices.contains(axis), tokens.allSatisfy({ $0 < a.shape[axis] }) else {
                throw Failure.fault("layer \(index + 1) gave \(a.summary) on the engine and \(b.summary) on the CPU")
            }
            return Depth(
                depth: index + 1,
                figures: Figures(
                    worstOf: tokens.map {
                        Figures(
                            of: a.slice(axis: axis, at: $0).values, against: b.slice(axis: axis, at: $0).values,
                            base: nil)
                    }))
        }
    }

    /// Depths that double, and the last.
    public var text: String {
        let shown = depths.filter { $0.depth & ($0.depth - 1) == 0 || $0.depth == depths.count }
        let rows = shown.map { one in
            [
                "\(one.depth)", short(one.figures.relativeL2), short(one.figures.oneMinusCosine),
                short(one.figures.worstOverRms), one.figures.finite ? "yes" : "NO",
            ]
        }
        return
            "\(output) fed back as \(input), each layer with an empty cache: the engine against the CPU alone, worst token\n"
            + table(["layers", "rel L2", "1-cos", "worst/rms", "finite"], rows)
    }
}

extension Manifest {
    /// An output that a layer adds to one of its inputs: what the next layer is fed.
    public struct Link: Sendable {
        public let output: Output
        public let input: String

        public init(output: Output, input: String) { (self.output, self.input) = (output, input) }
    }

    /// Nil where no output comes back as an input.
    public var link: Link? {
        outputs.lazy.compactMap { one in one.residual.map { Link(output: one, input: $0) } }.first
    }
}
