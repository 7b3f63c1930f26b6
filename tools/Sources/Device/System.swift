/// The machine: whether it can run the gates at all, and what the evidence says of it.
import CoreML
import Foundation
import Gate

public struct Machine: Sendable {
    public let system: Evidence.System
    public let osVersion: [Int]
    public let hasNeuralEngine: Bool
    public let freeBytes: Int64
    public let engine: String

    /// What is below `folder` decides which disk is looked at. Units that leave the Neural Engine out, for diagnosis, do
    /// without one.
    /// - Throws: a mistake when this is no Mac that can do it.
    public static func probe(near folder: URL, units: Units?) throws -> Machine {
        let machine = try current(folder)
        guard machine.osVersion.lexicographicallyPrecedes([15]) == false else {
            throw Failure(
                .tooOld,
                "macOS \(machine.system.osVersion) is too old: states and functions need macOS 15 or later")
        }
        guard machine.hasNeuralEngine || units?.excludesNeuralEngine ?? true else {
            throw Failure(.mistake, "\(machine.system.chip) has no Neural Engine that Core ML offers")
        }
        return machine
    }

    /// How warm the machine says it is now, and whether it saves energy.
    public static func conditions(near folder: URL) -> Evidence.Conditions {
        let (thermal, lowPower) = thermalState(folder)
        return .init(at: Date(), thermal: thermal, lowPower: lowPower)
    }

    /// Core ML writes the compiled model, and the on-device compiler keeps its own copies (ane-book, journal 111: 32 GB for one
    /// model; the factor is ours).
    /// Asked anew each time: what was compiled since has taken its share.
    public static func checkDisk(near folder: URL, forPackages bytes: Int64) throws {
        let freeBytes = try current(folder).freeBytes
        let needed = 4 * bytes + 1 << 30
        guard freeBytes >= needed else {
            throw Failure.mistake(
                "the disk has \(freeBytes >> 20) MiB free; \(needed >> 20) MiB are needed to compile safely")
        }
    }
}

#if os(Linux)
    private func current(_ folder: URL) throws -> Machine {
        guard let script = scriptedSystem(in: folder) else {
            throw Failure(.mistake, "this is not macOS: Core ML and the Neural Engine are only there")
        }
        return Machine(
            system: .init(
                chip: script.chip, model: script.model,
                osVersion: script.osVersion.map(String.init).joined(separator: "."), osBuild: script.osBuild),
            osVersion: script.osVersion, hasNeuralEngine: script.neuralEngine, freeBytes: script.freeBytes,
            engine: "scripted stand-in")
    }

    private func thermalState(_ folder: URL) -> (String, Bool) {
        let script = scriptedSystem(in: folder)
        return (script?.thermal ?? "nominal", script?.lowPower ?? false)
    }
#else
    private func current(_ folder: URL) throws -> Machine {
        let version = ProcessInfo.processInfo.operatingSystemVersion
        let parts = [version.majorVersion, version.minorVersion, version.patchVersion]
        let free = try folder.resourceValues(forKeys: [.volumeAvailableCapacityForImportantUsageKey])
            .volumeAvailableCapacityForImportantUsage
        let hasNeuralEngine = MLModel.availableComputeDevices.contains {
            if case .neuralEngine = $0 { true } else { false }
        }
        return Machine(
            system: .init(
                chip: readSysctl("machdep.cpu.brand_string"), model: readSysctl("hw.model"),
                osVersion: parts.map(String.init).joined(separator: "."),
                osBuild: readSysctl("kern.osversion")),
            osVersion: parts, hasNeuralEngine: hasNeuralEngine, freeBytes: free ?? 0, engine: "Core ML")
    }

    private func thermalState(_ folder: URL) -> (String, Bool) {
        let info = ProcessInfo.processInfo
        let thermal =
            switch info.thermalState {
            case .nominal: "nominal"
            case .fair: "fair"
            case .serious: "serious"
            case .critical: "critical"
            // A state that Apple may add is none of the good ones.
            @unknown default: "critical"
            }
        return (thermal, info.isLowPowerModeEnabled)
    }

    private func readSysctl(_ name: String) -> String {
        var size = 0
        guard sysctlbyname(name, nil, &size, nil, 0) == 0, size > 1 else { return "unknown" }
        var bytes = [UInt8](repeating: 0, count: size)
        guard sysctlbyname(name, &bytes, &size, nil, 0) == 0 else { return "unknown" }
        return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
#endif
