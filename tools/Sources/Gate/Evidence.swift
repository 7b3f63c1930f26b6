/// evidence.json: what was run, on which bytes, with what result. src/evidence/format/evidence.ts reads it (format: docs/evidence.md).
import Foundation

public struct Evidence: Codable, Sendable {
    public var format = "graphc-evidence"
    public var version = 2
    public let tool: Tool
    public let system: System
    public let started: Date
    /// At the start, and at the end.
    public var conditions: [Conditions] = []
    /// The compute units of every plan, load and prediction.
    public let units: String
    public let fixtures: FixtureFiles
    public let identity: Identity
    public let certificate: CertificateFile?
    public var packages: [Package]
    public var gates: [Gate]
    public var residency: [Residency] = []
    public var preconditions: [PreconditionCheck] = []
    public var attested: [Attested] = []
    public var watched = Watched(streams: [], phrases: complaintPhrases.map(\.text))
    public var complaints: [Heard] = []
    public var parity: ParityReport?
    public var crossCheck: [CrossCheck] = []
    public var measured: Measured?
    public var finished: Date?

    public struct Tool: Codable, Sendable {
        public let name: String
        public let version: String
        /// "Core ML", or "scripted stand-in" for the tests of the tool itself, which prove nothing about a device.
        public let engine: String

        public init(name: String, version: String, engine: String) {
            (self.name, self.version, self.engine) = (name, version, engine)
        }
    }

    public struct System: Codable, Sendable, Equatable {
        public let chip: String
        public let model: String
        public let osVersion: String
        public let osBuild: String

        public init(chip: String, model: String, osVersion: String, osBuild: String) {
            (self.chip, self.model, self.osVersion, self.osBuild) = (chip, model, osVersion, osBuild)
        }
    }

    public struct FixtureFiles: Codable, Sendable {
        public let name: String
        public let graph: String?
        public let manifestSHA256: String
        public let dataSHA256: String
    }

    public struct CertificateFile: Codable, Sendable {
        public let name: String
        public let sha256: String
    }

    public struct Package: Codable, Sendable {
        /// "block" or "step".
        public let role: String
        public let name: String
        public let tokens: Int
        public let function: String?
        public let sha256: String
        public let files: [String: String]
        /// Digest of what Core ML compiled it to; plan, load and predictions used that very folder.
        public var compiledSHA256: String?

        public init(role: String, name: String, tokens: Int, function: String?, sha256: String, files: [String: String])
        {
            (self.role, self.name, self.tokens, self.function, self.sha256, self.files) = (
                role, name, tokens, function, sha256, files
            )
        }
    }

    public struct Gate: Codable, Sendable {
        public enum Verdict: String, Codable, Sendable {
            case pass, fail, fault
            case running, notRun = "not run"
        }
        public let gate: String
        public var verdict: Verdict
        public var message: String
    }

    /// Every operation of the plan, constants too: the judge holds them against those of the package.
    public struct Residency: Codable, Sendable {
        public let role: String
        public let function: String
        public let operations: [Operation]

        public init(role: String, function: String, operations: [PlannedOperation]) {
            (self.role, self.function) = (role, function)
            self.operations = operations.map(Operation.init)
        }
    }

    public struct Operation: Codable, Sendable {
        public let path: String
        /// Without its opset.
        public let kind: String
        public let values: [String]
        public let device: Placement
        public let supported: [Placement]
        public let cost: Double?

        init(_ operation: PlannedOperation) {
            (path, kind, values) = (operation.path, operation.kind, operation.values)
            (device, supported, cost) = (operation.preferred, operation.supported, operation.cost)
        }
    }

    /// How warm the machine says it is, and whether it saves energy.
    public struct Conditions: Codable, Sendable {
        public let at: Date
        /// nominal, fair, serious or critical.
        public let thermal: String
        public let lowPower: Bool

        public init(at: Date, thermal: String, lowPower: Bool) {
            (self.at, self.thermal, self.lowPower) = (at, thermal, lowPower)
        }
    }

    /// What the loaded model and the plan say of themselves.
    public struct Attested: Codable, Sendable {
        public let role: String
        public let units: String
        public let function: String?
        public let plan: LoadedAs
        /// Of the compiled folder after the last prediction.
        public let compiledSHA256: String

        public init(role: String, loaded: LoadedAs, plan: LoadedAs, compiledSHA256: String) {
            (self.role, units, function) = (role, loaded.units, loaded.function)
            (self.plan, self.compiledSHA256) = (plan, compiledSHA256)
        }
    }

    /// Where complaints were listened for, and which.
    public struct Watched: Codable, Sendable {
        public var streams: [Stream]
        public let phrases: [String]
    }

    /// A complaint, and during which step; or of an earlier run with the same compiled folder.
    public struct Heard: Codable, Sendable {
        public let gate: String
        public let stream: Stream
        public let line: String
        public let earlier: Bool

        public init(gate: String, _ complaint: Complaint, earlier: Bool) {
            (self.gate, stream, line, self.earlier) = (gate, complaint.stream, complaint.line, earlier)
        }
    }

    /// As the fixtures tell them.
    public struct Identity: Codable, Sendable {
        public let weightsSHA256: String?
        public let settingsSHA256: String?
    }
}

/// Compute units and function as a configuration says them.
public struct LoadedAs: Codable, Equatable, Sendable {
    public let units: String
    public let function: String?

    public init(units: String, function: String?) { (self.units, self.function) = (units, function) }
}

extension Evidence {
    public static let gateNames = ["preconditions", "compile", "residency", "parity", "cross-check", "same bytes"]

    public init(tool: Tool, system: System, units: String, fixtures: Fixtures, packages: [Package]) {
        self.tool = tool
        self.started = Date()
        self.identity = fixtures.manifest.identity
        self.system = system
        self.units = units
        self.fixtures = FixtureFiles(
            name: fixtures.manifest.name, graph: fixtures.manifest.graph,
            manifestSHA256: fixtures.manifestDigest, dataSHA256: fixtures.manifest.data.sha256)
        self.certificate = fixtures.manifest.certificate.map { CertificateFile(name: $0.file, sha256: $0.sha256) }
        self.packages = packages
        self.gates = Evidence.gateNames.map { Gate(gate: $0, verdict: .notRun, message: "") }
    }

    public mutating func set(_ gate: String, _ verdict: Gate.Verdict, _ message: String) {
        guard let index = gates.firstIndex(where: { $0.gate == gate }) else {
            preconditionFailure("no gate is called \(gate)")
        }
        gates[index].verdict = verdict
        gates[index].message = message
    }

    public var passes: Bool { gates.map(\.gate) == Evidence.gateNames && gates.allSatisfy { $0.verdict == .pass } }

    /// Reads what `write` wrote.
    public static func read(_ url: URL) throws -> Evidence {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
        return try decoder.decode(Evidence.self, from: try Data(contentsOf: url))
    }

    /// Writes beside, then renames: a reader never sees half a file. Keys are sorted, so equal runs differ little.
    public func write(to url: URL) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        // A ratio against a row of zeros is infinite; JSON has no number for that.
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
        do { try encoder.encode(self).write(to: url, options: .atomic) } catch {
            throw Failure.mistake("cannot write \(url.path): \(error.localizedDescription)")
        }
    }
}
