/// A fixture folder in memory: what to feed, and what must come out.
import Foundation

/// Values by name of one call's inputs, outputs or written state rows.
public typealias Named = [String: Tensor]

public struct Fixtures: Sendable {
    public let folder: URL
    public let manifest: Manifest
    public let manifestDigest: String
    private let data: Safetensors

    /// What one prediction is fed and what the reference computes, in fp16.
    public struct Prediction: Sendable {
        public let inputs: Named
        public let outputs: Named
        /// Rows of the states that the call writes, and new rows of the caches that the host keeps: along the row axis, in the
        /// order of the live tokens.
        public let rows: Named

        public init(inputs: Named, outputs: Named, rows: Named) {
            (self.inputs, self.outputs, self.rows) = (inputs, outputs, rows)
        }
    }

    /// Finds and reads the one fixture set of a folder, and checks the data file against the manifest.
    public static func open(_ folder: URL) throws -> Fixtures {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        let manifests = names.filter { $0.hasSuffix(".fixtures.json") }
        guard manifests.count == 1 else {
            throw Failure.mistake(
                "\(folder.path) must hold one .fixtures.json file and holds \(manifests.count); write it with graphc emit --fixtures"
            )
        }
        let url = folder.appendingPathComponent(manifests[0])
        guard let text = try? Data(contentsOf: url) else { throw Failure.mistake("cannot read \(url.path)") }
        let manifest = try Manifest.read(text, name: manifests[0])
        let dataURL = try inside(folder, manifest.data.file)
        guard let bytes = try? Data(contentsOf: dataURL, options: .mappedIfSafe) else {
            throw Failure.mistake("cannot read \(dataURL.path)")
        }
        guard sha256(bytes) == manifest.data.sha256 else {
            throw Failure.mistake("\(manifest.data.file) is not the file that \(manifests[0]) was written with")
        }
        let data = try Safetensors(bytes, name: manifest.data.file)
        return Fixtures(folder: folder, manifest: manifest, manifestDigest: sha256(text), data: data)
    }

    public func url(of package: Manifest.PackageReference) throws -> URL { try inside(folder, package.package) }

    public func initialStates() throws -> Named { try named(manifest.states.map(\.name), under: "initial/") }

    public func block(_ call: Int) throws -> Prediction { try prediction("calls/\(call)/block/") }
    public func step(_ call: Int, token: Int) throws -> Prediction { try prediction("calls/\(call)/steps/\(token)/") }

    /// The same block in double precision.
    public func exact(_ call: Int) throws -> (outputs: Named, rows: Named) {
        (
            try named(manifest.outputs.map(\.name), under: "calls/\(call)/exact/out/"),
            try named(rowNames, under: "calls/\(call)/exact/rows/")
        )
    }

    /// The same block on the engine's arithmetic, in fp16, where the manifest names a chip.
    public func predicted(_ call: Int) throws -> (outputs: Named, rows: Named) {
        (
            try named(manifest.outputs.map(\.name), under: "calls/\(call)/predicted/out/"),
            try named(rowNames, under: "calls/\(call)/predicted/rows/")
        )
    }

    /// What the host keeps after the last call, as the reference computes it in fp16.
    public func finalCaches() throws -> Named { try named(manifest.kept.map(\.name), under: "final/") }

    /// How messages name a prediction: the block's, or a token's step.
    public func name(_ call: Int, token: Int? = nil) -> String {
        "call \(call) (\(manifest.calls[call].label)), " + (token.map { "step of token \($0)" } ?? "block")
    }

    private func prediction(_ prefix: String) throws -> Prediction {
        Prediction(
            inputs: try named(manifest.inputs.map(\.name), under: prefix + "in/"),
            outputs: try named(manifest.outputs.map(\.name), under: prefix + "out/"),
            rows: try named(rowNames, under: prefix + "rows/"))
    }

    private var rowNames: [String] { manifest.states.map(\.name) + manifest.kept.map(\.name) }

    private func named(_ names: [String], under prefix: String) throws -> Named {
        var result: Named = [:]
        for name in names { result[name] = try data.tensor(prefix + name) }
        return result
    }
}

/// A file of the folder by its name; a path that leaves the folder is refused.
func inside(_ folder: URL, _ name: String) throws -> URL {
    guard !name.isEmpty, !name.contains("/"), name != "..", name != "." else {
        throw Failure.mistake("the fixtures name \(name), which is not a file of \(folder.path)")
    }
    return folder.appendingPathComponent(name)
}
