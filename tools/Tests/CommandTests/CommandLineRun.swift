/// Runs the real executable.
import Foundation

struct Finished {
    /// The exit code, or minus the signal that ended it.
    let code: Int32
    let out: String
    let err: String
}

/// Runs graphc-ane, which the test build made beside the test program.
func graphcANE(_ arguments: String...) throws -> Finished { try graphcANE(arguments) }

func graphcANE(_ arguments: [String]) throws -> Finished {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        .appendingPathComponent("graphc-ane")
    process.arguments = arguments
    let log = FileManager.default.temporaryDirectory.appendingPathComponent("run-\(UUID().uuidString)")
    func sink(_ name: String) throws -> FileHandle {
        _ = FileManager.default.createFile(atPath: log.path + name, contents: nil)
        return try FileHandle(forWritingTo: URL(fileURLWithPath: log.path + name))
    }
    process.standardOutput = try sink(".out")
    process.standardError = try sink(".err")
    try process.run()
    process.waitUntilExit()
    func read(_ name: String) throws -> String {
        defer { try? FileManager.default.removeItem(atPath: log.path + name) }
        return try String(contentsOfFile: log.path + name, encoding: .utf8)
    }
    let killed = process.terminationReason == .uncaughtSignal
    return Finished(
        code: killed ? -process.terminationStatus : process.terminationStatus, out: try read(".out"),
        err: try read(".err"))
}

/// What evidence.json says, as plain JSON.
func evidence(in folder: URL) throws -> [String: Any] {
    let data = try Data(contentsOf: folder.appendingPathComponent("evidence.json"))
    return try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
}

/// Verdict by gate.
func verdicts(in folder: URL) throws -> [String: String] {
    let gates = try evidence(in: folder)["gates"] as? [[String: Any]] ?? []
    return Dictionary(uniqueKeysWithValues: gates.map { ($0["gate"] as? String ?? "", $0["verdict"] as? String ?? "") })
}
