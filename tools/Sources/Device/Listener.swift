/// Listens to the process while Core ML works: standard output, standard error and, where it can be read, the unified log.
import Foundation
import Gate

/// The terminal as it was at the start: what the tool itself says goes there, also while the standard streams are listened to.
public enum Terminal {
    private static let descriptors = (out: dup(STDOUT_FILENO), err: dup(STDERR_FILENO))

    public static func show(_ text: String) { write(text, to: descriptors.out) }
    public static func say(_ text: String) { write(text, to: descriptors.err) }

    private static func write(_ text: String, to descriptor: Int32) {
        FileHandle(fileDescriptor: descriptor).write(Data(text.utf8))
    }
}

/// What was heard while `body` ran.
public struct Heard<Value> {
    public let result: Result<Value, any Error>
    public let complaints: [Complaint]
    public let streams: [Gate.Stream]
}

/// Runs `body` with both standard streams going to files, adds what came to `log`, and passes it on.
/// - Throws: a mistake when the log cannot be written.
func listening<T>(log: URL, models: [URL], _ body: () async throws -> T) async throws -> Heard<T> {
    Terminal.say("")
    let begun = Date()
    let names = models.map(\.path).joined(separator: "\n")
    do { try Data(names.utf8).write(to: modelsFile(log)) } catch { throw Failure.mistake("cannot write \(log.path)") }
    defer { try? FileManager.default.removeItem(at: modelsFile(log)) }
    let out = try Capture(STDOUT_FILENO, .standardOutput, log), err = try Capture(STDERR_FILENO, .standardError, log)
    let result: Result<T, any Error>
    do { result = .success(try await body()) } catch { result = .failure(error) }
    let heard = try [out, err].flatMap { try $0.end(passingTo: log) }
    let system = systemLog(since: begun)
    if let system, !system.isEmpty { try append(system.joined(separator: "\n") + "\n", to: log) }
    return Heard(
        result: result,
        complaints: heard + complaints(in: (system ?? []).joined(separator: "\n"), from: .unifiedLog),
        streams: [.standardOutput, .standardError] + (system == nil ? [] : [.unifiedLog]))
}

/// What a process that is no more had said: added to the log, and held against the models that it worked with.
public func salvage(log: URL) throws -> [Complaint] {
    var heard: [Complaint] = []
    for stream in [Gate.Stream.standardOutput, .standardError] {
        let file = captureFile(log, stream)
        guard let said = try? Data(contentsOf: file) else { continue }
        let text = String(decoding: said, as: UTF8.self)
        try append(text, to: log)
        heard += complaints(in: text, from: stream)
        try? FileManager.default.removeItem(at: file)
    }
    let models = (try? String(contentsOf: modelsFile(log), encoding: .utf8))?.split(separator: "\n") ?? []
    if !heard.isEmpty { for model in models { try mark(URL(fileURLWithPath: String(model)), heard) } }
    try? FileManager.default.removeItem(at: modelsFile(log))
    return heard
}

private func modelsFile(_ log: URL) -> URL { log.appendingPathExtension("models") }

private func captureFile(_ log: URL, _ stream: Gate.Stream) -> URL {
    log.appendingPathExtension(stream == .standardOutput ? "out" : "err")
}

/// One standard stream, going to a file for a while. The file is there at once, so that a crash leaves what was said before it.
private struct Capture {
    let descriptor: Int32
    let stream: Gate.Stream
    let saved: Int32
    let file: URL

    init(_ descriptor: Int32, _ stream: Gate.Stream, _ log: URL) throws {
        // C's own buffers: a line printed before belongs to before, and one printed meanwhile must not stay in them.
        fflush(nil)
        (self.descriptor, self.stream) = (descriptor, stream)
        file = captureFile(log, stream)
        let opened = open(file.path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0o644)
        saved = dup(descriptor)
        guard saved >= 0, opened >= 0, dup2(opened, descriptor) >= 0 else {
            throw Failure.mistake("cannot write \(file.path)")
        }
        close(opened)
    }

    func end(passingTo log: URL) throws -> [Complaint] {
        fflush(nil)
        dup2(saved, descriptor)
        close(saved)
        guard let said = try? Data(contentsOf: file) else {
            throw Failure.fault("\(file.path) went away while it was written")
        }
        FileHandle(fileDescriptor: descriptor).write(said)
        let text = String(decoding: said, as: UTF8.self)
        try append(text, to: log)
        try? FileManager.default.removeItem(at: file)
        return complaints(in: text, from: stream)
    }
}

private func append(_ text: String, to log: URL) throws {
    let manager = FileManager.default
    if !manager.fileExists(atPath: log.path) { _ = manager.createFile(atPath: log.path, contents: nil) }
    guard let handle = try? FileHandle(forWritingTo: log) else { throw Failure.mistake("cannot write \(log.path)") }
    defer { try? handle.close() }
    _ = try? handle.seekToEnd()
    handle.write(Data(text.utf8))
}
