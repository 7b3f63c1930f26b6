/// The script of the stand-in's engine, `scripted-engine.json` beside the packages: which machine it plays, and its faults.
import Foundation
import Gate
import Synchronization

public struct Script: Codable, Sendable {
    public var system: System
    /// Failures of whole stages: what Core ML would throw.
    public var compileError: String?
    public var planError: String?
    public var loadError: String?
    /// "program" unless the plan is to be of another kind.
    public var structure: String?
    /// Operations by function; an honest small layer when absent.
    public var functions: [String: [Operation]]?
    /// What the on-device compiler writes to standard error when a model is loaded.
    public var complaint: String?
    /// The same, when a plan is made, and when a package is compiled.
    public var planComplaint: String?
    public var compileComplaint: String?
    /// Where it complains: "stderr" unless "stdout" (through C's buffers, as a C++ library prints) or "log", the unified log.
    public var complaintStream: String?
    /// How long loading a model takes; a model that hangs takes longer than anyone waits.
    public var loadSeconds: Double?
    public var faults: [Fault]?
    /// What the planner leaves in an analytics.mil; none when absent.
    public var analytics: String?
    public var lies: [Lie]?

    public struct System: Codable, Sendable {
        public var osVersion: [Int]
        public var osBuild: String
        public var chip: String
        public var model: String
        public var neuralEngine: Bool
        public var freeBytes: Int64
        public var thermal: String?
        public var lowPower: Bool?
    }

    public struct Operation: Codable, Sendable {
        public var name: String
        public var outputs: [String]
        /// "ane", "gpu", "cpu"; null: the plan has no usage for it.
        public var device: String?
        /// All devices that support it; that one and the CPU when absent.
        public var supported: [String]?
        public var cost: Double?
        public var blocks: [[Operation]]?
    }

    /// One thing that goes wrong in predictions of a model.
    public struct Fault: Codable, Sendable {
        public enum Kind: String, Codable, Sendable {
            case error, crash, nan, zeroStrides, missingOutput, drift, swapRows, corruptState, unchangedState,
                touchPackage, touchCompiled, driftRows, silentCPU, flush, complain
        }
        public var kind: Kind
        /// "block" or "step"; "chain" where the block's output comes back as its input.
        public var model: String
        /// Which prediction of that model or of that chain, counted from 0.
        public var prediction: Int
    }

    /// What a model says or does otherwise than it was told, from the moment that it is loaded.
    public struct Lie: Codable, Sendable {
        public enum Kind: String, Codable, Sendable {
            /// Loads for other units or another function than the configuration says, and says so when asked.
            case otherUnits, otherFunction
            /// The plan is that of a program with other inputs and outputs.
            case planOfAnother
            /// Runs on the CPU without a word.
            case silentCPU
            /// Does not keep what is written into a state the second time.
            case forgetsRestore
            /// Strides are right only while the buffer is open, or only as they are given with it.
            case movingStrides, givenStrides
            /// The model declares one input more than it has, or its outputs in another shape.
            case otherInputs, otherShapes
        }
        public var kind: Kind
        /// "block" or "step"; both when absent.
        public var model: String?
    }

    func lies(_ kind: Lie.Kind, _ role: String?) -> Bool {
        (lies ?? []).contains { $0.kind == kind && ($0.model == nil || role == nil || $0.model == role) }
    }

    /// Says it where the script says.
    func complain(_ text: String?) {
        guard let text else { return }
        switch complaintStream ?? "stderr" {
        case "stdout": print(text)
        case "log": said.withLock { $0.append(text) }
        default: FileHandle.standardError.write(Data((text + "\n").utf8))
        }
    }
}

/// What went to the unified log since it was last read.
private let said = Mutex<[String]>([])
public func scriptedLog() -> [String] {
    said.withLock { lines in
        defer { lines = [] }
        return lines
    }
}

/// The scripts and files of one folder of packages.
struct ScriptedEngine {
    let folder: URL
    let script: Script

    static func near(_ package: URL) throws -> ScriptedEngine {
        try ScriptedEngine(folder: package.deletingLastPathComponent())
    }

    /// The engine of a compiled model: the folder that its package lies in.
    static func compiled(_ model: URL) throws -> ScriptedEngine { try near(package(of: model)) }

    static func package(of model: URL) throws -> URL {
        guard let text = try? String(contentsOf: model.appendingPathComponent("package.txt"), encoding: .utf8) else {
            throw StandInError("\(model.lastPathComponent) is not a compiled model")
        }
        return URL(fileURLWithPath: text)
    }

    init(folder: URL) throws {
        self.folder = folder
        guard let data = try? Data(contentsOf: folder.appendingPathComponent("scripted-engine.json")) else {
            throw StandInError("there is no Core ML on this system, and no scripted-engine.json in \(folder.path)")
        }
        script = try JSONDecoder().decode(Script.self, from: data)
    }

    /// Those of the script; else an honest one for each that the fixtures name, or the one that a model has.
    var functions: [String: [Script.Operation]] {
        if let functions = script.functions { return functions }
        let manifest = try? Fixtures.open(folder).manifest
        let named = [manifest?.block.function, manifest?.step.function].compactMap { $0 }
        return Dictionary((named.isEmpty ? ["main"] : named).map { ($0, honest) }, uniquingKeysWith: { one, _ in one })
    }

    func compile(_ package: URL) throws -> URL {
        script.complain(script.compileComplaint)
        if let error = script.compileError { throw StandInError(error) }
        let temporary = FileManager.default.temporaryDirectory.appendingPathComponent("standin-\(UUID().uuidString)")
        let model = temporary.appendingPathComponent(package.deletingPathExtension().lastPathComponent + ".mlmodelc")
        try FileManager.default.createDirectory(at: model, withIntermediateDirectories: true)
        try package.standardizedFileURL.path.write(
            to: model.appendingPathComponent("package.txt"), atomically: true, encoding: .utf8)
        return model
    }

    func structure(of model: URL, configuration: MLModelConfiguration) throws -> MLModelStructure {
        script.complain(script.planComplaint)
        if let error = script.planError { throw StandInError(error) }
        switch script.structure ?? "program" {
        case "program":
            let (inputs, outputs) = interface
            return .program(
                .init(
                    functions: Dictionary(
                        uniqueKeysWithValues: functions.map { name, operations in
                            // Only the function that the configuration names is planned.
                            let planned = configuration.functionName ?? name == name
                            return (
                                name,
                                .init(
                                    inputs: inputs.map { .init(name: $0, type: .init()) },
                                    block: block(
                                        operations, outputs: outputs, on: planned ? configuration.computeUnits : nil))
                            )
                        })))
        case "pipeline": return .pipeline(.init())
        case "neuralNetwork": return .neuralNetwork(.init())
        default: return .unsupported
        }
    }

    /// Where a device leaves it, below the home that the process was given; an own home only, as a cached plan leaves nothing.
    func leaveAnalytics() throws {
        guard let text = script.analytics, let home = ProcessInfo.processInfo.environment["CFFIXED_USER_HOME"] else {
            return
        }
        let folder = URL(fileURLWithPath: home).appendingPathComponent(
            "Library/Caches/graphc-ane/com.apple.e5rt.e5bundlecache/24F74/1F/1F.bundle/H16G.bundle")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: folder.appendingPathComponent("analytics.mil"))
    }

    /// Names of the inputs, states among them, and of the outputs.
    private var interface: ([String], [String]) {
        if script.lies(.planOfAnother, nil) { return (["tokens"], ["logits"]) }
        guard let manifest = try? Fixtures.open(folder).manifest else { return ([], []) }
        return (
            manifest.inputs.map(\.name) + manifest.states.map(\.name) + manifest.kept.map(\.name),
            manifest.outputs.map(\.name) + manifest.kept.map(\.rows)
        )
    }

    private func block(_ operations: [Script.Operation], outputs: [String], on units: MLComputeUnits?)
        -> MLModelStructure.Program.Block
    {
        .init(
            inputs: [], outputNames: outputs,
            operations: operations.map { operation in
                var script = operation
                script.device = units.flatMap { placed(operation.device, on: $0) }
                return .init(
                    operatorName: operation.name, outputs: operation.outputs.map { .init(name: $0, type: .init()) },
                    blocks: (operation.blocks ?? []).map { block($0, outputs: [], on: units) }, script: script)
            })
    }
}

/// Where it goes with these units: the script tells of cpuAndNeuralEngine; where the GPU may be used it is, as on machines with a large one.
private func placed(_ device: String?, on units: MLComputeUnits) -> String? {
    guard let device else { return nil }
    return switch units {
    case .cpuAndNeuralEngine: device
    case .cpuOnly: "cpu"
    case .all, .cpuAndGPU: device == "cpu" ? "cpu" : "gpu"
    }
}

/// A plan as a device gives it for a small resident layer: constants without usage, the rest on the Neural Engine.
private let honest: [Script.Operation] = [
    .init(name: "const", outputs: ["eps"]),
    .init(name: "ios18.constexpr_blockwise_shift_scale", outputs: ["w_q"]),
    .init(name: "ios18.read_state", outputs: ["k_old"], device: "ane", cost: 0.01),
    .init(name: "ios18.conv", outputs: ["q"], device: "ane", cost: 0.55),
    .init(name: "ios18.matmul", outputs: ["scores"], device: "ane", cost: 0.30),
    .init(name: "ios18.softmax", outputs: ["weights"], device: "ane", cost: 0.10),
    .init(name: "ios18.write_state", outputs: ["k_new"], device: "ane", cost: 0.04),
]

/// The machine that the script plays, for Sources/Device/System.swift.
public func scriptedSystem(in folder: URL) -> Script.System? { try? ScriptedEngine(folder: folder).script.system }
