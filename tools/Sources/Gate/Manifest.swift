/// The manifest of a fixture folder, `<name>.fixtures.json`. The format is docs/fixtures.md's; src/evidence/fixtures.ts writes it.
import Foundation

public struct Manifest: Decodable, Sendable {
    public let format: String
    public let version: Int
    public let name: String
    /// Identity of the graph apart from its weights; opaque here.
    public let graph: String?
    /// Of the weights and the settings; copied into the evidence.
    public let identity: Evidence.Identity
    public let maxSeq: Int
    /// What the mask holds where a row may not be seen.
    public let closed: Double
    /// The chip whose engine's arithmetic `calls/c/predicted` was computed with; nil where nothing is predicted.
    public let predicted: Predicted?
    public let data: FileReference
    public let certificate: FileReference?
    /// The package of T tokens, and the one of a single token.
    public let block: PackageReference
    public let step: PackageReference
    public let inputs: [Input]
    public let outputs: [Output]
    public let states: [State]
    /// Inputs that the host keeps; nil where the model has none.
    public let caches: [Cache]?
    public let calls: [Call]
    /// Kinds of rows of which the packages bear no factor, so that no call feeds them.
    public let leftOut: [Draw.Kind]

    public struct FileReference: Codable, Sendable {
        public let file: String
        public let sha256: String
    }

    public struct PackageReference: Decodable, Sendable {
        public let package: String
        /// The function to run; nil for the package's only or default one.
        public let function: String?
        public let tokens: Int
        public let sha256: String
        public let files: [String: String]
    }

    public struct Predicted: Decodable, Sendable {
        /// Such as m4.
        public let chip: String
    }

    public enum Role: String, Decodable, Sendable {
        case rows, mask, writeMask = "write_mask", position, shared
    }

    public struct Input: Decodable, Sendable {
        public let name: String
        public let role: Role
        /// The axis that counts tokens, and for masks the one that counts cache rows.
        public let tokenAxis: Int?
        public let slotAxis: Int?
    }

    public struct Output: Decodable, Sendable {
        public let name: String
        public let tokenAxis: Int
        /// The input that a layer adds itself to: figures are of output minus this.
        public let residual: String?
    }

    public struct State: Decodable, Sendable {
        public let name: String
        public let shape: [Int]
        public let rowAxis: Int
    }

    /// An input that the host keeps: zeros at first; between calls it writes the rows of accepted tokens at their slots.
    public struct Cache: Decodable, Sendable {
        public let name: String
        public let shape: [Int]
        /// The axis that counts cache rows; in the output with the new rows, tokens.
        public let rowAxis: Int
        public let update: Update
        /// The output with the new rows, which is not among `outputs`.
        public let rows: String
        /// The input that tells the slot of each token.
        public let place: String

        /// Row t goes to the slot that the call told of token t.
        public enum Update: String, Decodable, Sendable { case slot }
    }

    /// One block call, and the step calls of the same tokens.
    public struct Call: Decodable, Sendable {
        /// What the call is there to show.
        public let label: String
        /// The cache row of each token of the block; null for a dead column, which writes nothing.
        public let rows: [Int?]
        /// How many leading tokens are kept. The block's cache keeps the stale rows of the others; the steps go back to the
        /// cache they had after the last token that is kept.
        public let accepted: Int
        /// The tokens that are also run one by one, in rising order.
        public let steps: [Int]
        public let draw: Draw
    }

    /// What rows a call is fed, and how many times as large as usual; of outliers a few channels alone.
    public struct Draw: Decodable, Sendable {
        public let kind: Kind
        public let factor: Double

        public enum Kind: String, Decodable, Sendable { case usual, outliers, large, small }
    }
}

extension Manifest {
    public static func read(_ data: Data, name: String) throws -> Manifest {
        let manifest: Manifest
        do { manifest = try JSONDecoder().decode(Manifest.self, from: data) } catch {
            throw Failure.mistake("\(name) is not a fixture manifest: \(explain(error))")
        }
        guard manifest.format == "graphc-fixtures", manifest.version == 3 else {
            throw Failure.mistake(
                "\(name) has format \(manifest.format) \(manifest.version); this tool reads graphc-fixtures 3; write them again with graphc emit --fixtures"
            )
        }
        if let why = manifest.inconsistency { throw Failure.mistake("\(name): \(why)") }
        return manifest
    }

    /// What a sequence of calls must keep to be a test at all.
    private var inconsistency: String? {
        if block.tokens < 1 || step.tokens != 1 { return "the step package must have one token, the block one or more" }
        if calls.isEmpty { return "there are no calls, so nothing would be compared" }
        if outputs.isEmpty { return "there are no outputs, so nothing would be compared" }
        if !calls.contains(where: { !$0.steps.isEmpty }) {
            return "no token is run one by one, so nothing would be compared"
        }
        if let state = states.first(where: { !$0.shape.indices.contains($0.rowAxis) || $0.shape[$0.rowAxis] != maxSeq })
        {
            return "axis \(state.rowAxis) of state \(state.name) is not the one of \(maxSeq) cache rows"
        }
        if let why = kept.lazy.compactMap(inconsistency(of:)).first { return why }
        for input in inputs {
            switch input.role {
            case .rows where input.tokenAxis == nil, .mask where input.tokenAxis == nil || input.slotAxis == nil,
                .writeMask where input.tokenAxis == nil || input.slotAxis == nil:
                return "input \(input.name) does not say which axis counts what"
            default: break
            }
        }
        for (index, call) in calls.enumerated() {
            if call.rows.count != block.tokens {
                return "call \(index) names \(call.rows.count) tokens of \(block.tokens)"
            }
            let live = call.rows.compactMap { $0 }
            if live.isEmpty || live.contains(where: { $0 < 0 || $0 >= maxSeq }) {
                return "call \(index) has a row outside the cache"
            }
            if call.draw.kind != .usual && call.accepted > 0 {
                return "call \(index) keeps \(call.draw.kind.rawValue) rows, which later calls would then see"
            }
            let accepted = call.rows.prefix(max(0, call.accepted))
            if call.accepted < 0 || accepted.count < call.accepted || accepted.contains(where: { $0 == nil }) {
                return "call \(index) accepts tokens that it does not have"
            }
            if !(0..<call.accepted).allSatisfy(call.steps.contains) {
                return "call \(index) does not step every accepted token"
            }
            if !zip(call.steps, call.steps.dropFirst()).allSatisfy(<)
                || call.steps.contains(where: { !call.rows.indices.contains($0) || call.rows[$0] == nil })
            {
                return "call \(index) steps a token that it does not have"
            }
        }
        return nil
    }
}

extension Manifest {
    /// How many tokens are run one by one.
    public var stepCount: Int { calls.reduce(0) { $0 + $1.steps.count } }

    /// The chip of the prediction, if it is for this one, as the system names it. Of a Pro, Max or Ultra nothing was measured.
    public func predictedChip(for chip: String) -> String? {
        predicted.flatMap { "Apple \($0.chip.uppercased())" == chip ? $0.chip : nil }
    }

    /// What is taken from an output of a call before it is judged. Of large rows nothing is: fp16's spacing at them is above what a layer adds.
    func residual(of output: Output, call: Int) -> String? { calls[call].draw.kind == .large ? nil : output.residual }

    /// The caches that the host keeps.
    public var kept: [Cache] { caches ?? [] }

    /// The cache rows of the tokens that a call keeps, in their order.
    public func acceptedRows(_ call: Int) -> [Int] { calls[call].rows.prefix(calls[call].accepted).compactMap { $0 } }

    /// A plan is of the program that is run only if it has the program's inputs and outputs. Whether states are among the inputs is not
    /// documented.
    public func check(planInputs: [String], outputs names: [String], of package: String) throws {
        let fed = Set(inputs.map(\.name) + kept.map(\.name)), all = fed.union(states.map(\.name))
        let expected = Set(outputs.map(\.name) + kept.map(\.rows))
        guard fed.isSubset(of: planInputs), all.isSuperset(of: planInputs), Set(names) == expected else {
            throw Failure.fault(
                "the plan is of another program than \(package): it is fed \(planInputs.sorted()) and returns \(names.sorted())"
            )
        }
    }

    private func inconsistency(of cache: Cache) -> String? {
        if !cache.shape.indices.contains(cache.rowAxis) || cache.shape[cache.rowAxis] != maxSeq {
            return "axis \(cache.rowAxis) of cache \(cache.name) is not the one of \(maxSeq) cache rows"
        }
        if !inputs.contains(where: { $0.name == cache.place && ($0.role == .writeMask || $0.role == .position) }) {
            return "\(cache.place), which is to tell the slots of cache \(cache.name), is no write mask and no position"
        }
        let taken = inputs.map(\.name) + states.map(\.name)
        if taken.contains(cache.name) || kept.filter({ $0.name == cache.name }).count > 1 {
            return "cache \(cache.name) is named twice"
        }
        if outputs.contains(where: { $0.name == cache.rows }) || kept.filter({ $0.rows == cache.rows }).count > 1 {
            return "output \(cache.rows) is to be the rows of cache \(cache.name), and something else as well"
        }
        return nil
    }
}

extension Manifest.Cache {
    /// What is watched of a state is watched of it too.
    var asState: Manifest.State { .init(name: name, shape: shape, rowAxis: rowAxis) }

    /// The shape of the new rows of so many tokens.
    public func rowsShape(tokens: Int) -> [Int] {
        var shape = self.shape
        shape[rowAxis] = tokens
        return shape
    }
}

/// A decoding error with the place in the file.
func explain(_ error: any Error) -> String {
    func place(_ context: DecodingError.Context) -> String {
        let path = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
        return path.isEmpty ? "" : " at \(path)"
    }
    return switch error {
    case DecodingError.keyNotFound(let key, let context): "\(key.stringValue) is missing\(place(context))"
    case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
        "wrong kind of value\(place(context))"
    case DecodingError.dataCorrupted(let context): "not JSON\(place(context))"
    default: "\(error)"
    }
}
