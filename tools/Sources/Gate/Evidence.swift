/// evidence.json: what was run, on which bytes, with what result. src/evidence/format/evidence.ts reads it (format: docs/evidence.md).
import Foundation

public struct Evidence: Codable, Sendable {
    public var format = "graphc-evidence"
    public var version = 1
    public let tool: Tool
    public let system: System
    /// The compute units of every plan, load and prediction.
    public let units: String
    public let fixtures: FixtureFiles
    public let certificate: CertificateFile?
    public var packages: [Package]
    public var gates: [Gate]
    public var residency: [Residency] = []
    public var preconditions: [PreconditionCheck] = []
    public var parity: ParityReport?
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

    public struct Residency: Codable, Sendable {
        public let role: String
        public let report: ResidencyReport

        public init(role: String, report: ResidencyReport) { (self.role, self.report) = (role, report) }
    }
}

extension Evidence {
    public static let gateNames = ["preconditions", "compile", "residency", "parity", "same bytes"]

    public init(tool: Tool, system: System, units: String, fixtures: Fixtures, packages: [Package]) {
        self.tool = tool
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
