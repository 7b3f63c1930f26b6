/// why: what Core ML's planner notes of each operation. It writes that only when it plans a model for the first time, so that it gets a home of
/// its own: an empty folder, told by CFFIXED_USER_HOME before the process starts.
import Device
import Foundation
import Gate

let homeVariable = "CFFIXED_USER_HOME"

/// Where the work has its home while `body` runs.
func withFreshHome<T>(_ body: ([String: String]) throws -> T) throws -> T {
    let home = FileManager.default.temporaryDirectory.appendingPathComponent("\(toolName)-\(UUID().uuidString).home")
    do { try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true) } catch {
        throw Failure.mistake("cannot write \(home.path): \(error.localizedDescription)")
    }
    defer { try? FileManager.default.removeItem(at: home) }
    return try body([homeVariable: home.path])
}

func whyCommand(_ options: Options) async throws -> ExitCode {
    guard options.path.pathExtension == "mlmodelc" else {
        throw Failure.mistake("\(options.path.lastPathComponent) is not a compiled model; run graphc-ane compile first")
    }
    guard let home = ProcessInfo.processInfo.environment[homeVariable] else {
        throw Failure.fault("the planner has no home of its own")
    }
    let units = options.units ?? .cpuAndNeuralEngine
    _ = try Machine.probe(near: options.path.deletingLastPathComponent(), units: units)
    let log = URL(fileURLWithPath: home).appendingPathComponent("run.log")
    Steps().begin("planning \(options.path.lastPathComponent) from nothing", log: log)
    let target = Target(model: options.path, function: options.function, units: units)
    // A complaint is part of the answer here, and no end of it.
    let heard = Listener(log: log)
    let plan: ReadPlan
    do { plan = try await heard.listen(of: []) { try await readPlan(target) } } catch  where !heard.complaints.isEmpty {
        plan = try await readPlan(target)
    }
    for one in heard.complaints { say("the on-device compiler complained: \(one.line)") }
    var analyzed: [AnalyzedOperation]?, missing: String?
    switch analyticsFiles(below: URL(fileURLWithPath: home)) {
    case let files where files.count == 1:
        do { analyzed = try readAnalytics(String(decoding: try Data(contentsOf: files[0]), as: UTF8.self)) } catch {
            missing = (error as? Failure)?.message ?? "\(error)"
        }
    case let files: missing = "the planner left \(files.count) files analytics.mil"
    }
    let answer = reasons(
        plan.operations, analyzed, missing: missing, lines: linesOf(options.path, function: plan.function))
    if options.json { try printJSON(answer) } else { show(answer.text) }
    let resident = judgeResidency(function: plan.function, operations: plan.operations).passes
    return resident && heard.complaints.isEmpty ? .yes : .no
}

/// The author's lines of a compiled model. It lies beside them, where it was compiled `--into` their folder, or below: compiled/KEY.
func linesOf(_ model: URL, function: String) -> FoundLines? {
    let package = model.deletingPathExtension().lastPathComponent + ".mlpackage"
    var folders = [model.deletingLastPathComponent()]
    for _ in 0..<2 { folders.append(folders.last!.deletingLastPathComponent()) }
    // Of a copy under a plain name nobody wrote down what it was made from: it is taken to be of the package that lies there.
    let identity =
        compiledFrom(model)
        ?? folders.lazy.compactMap { try? Gate.digest(ofFolder: $0.appendingPathComponent(package)).sha256 }.first
    do {
        return try AuthorLines.find(in: folders, package: package, function: function, digest: identity).map {
            .success($0)
        }
    } catch { return .failure(error as? Failure ?? Failure.fault("\(error)")) }
}

private func analyticsFiles(below home: URL) -> [URL] {
    let names = FileManager.default.enumerator(atPath: home.path)?.allObjects as? [String] ?? []
    return names.filter { ($0 as NSString).lastPathComponent == "analytics.mil" }.sorted().map(
        home.appendingPathComponent)
}
