/// A compiled model that the on-device compiler complained of stays marked, in a file beside it: Core ML may keep the failed result and say
/// nothing the next time.
import Foundation
import Gate

private func markFile(of model: URL) -> URL { model.deletingPathExtension().appendingPathExtension("complaints.json") }

/// What was said of this compiled model in earlier runs. A mark that cannot be read is a complaint too.
public func earlierComplaints(of model: URL) -> [Complaint] {
    let file = markFile(of: model)
    guard FileManager.default.fileExists(atPath: file.path) else { return [] }
    let held = (try? Data(contentsOf: file)).flatMap { try? JSONDecoder().decode([Complaint].self, from: $0) } ?? []
    return held.isEmpty ? [Complaint(stream: .standardError, line: "(\(file.lastPathComponent) cannot be read)")] : held
}

func mark(_ model: URL, _ complaints: [Complaint]) throws {
    let file = markFile(of: model)
    do { try JSONEncoder().encode(earlierComplaints(of: model) + complaints).write(to: file, options: .atomic) } catch {
        throw Failure.mistake("cannot write \(file.path): \(error.localizedDescription)")
    }
}

/// Collects what is heard in a run, and marks the compiled models that it was heard of.
public final class Listener {
    public let log: URL
    public private(set) var complaints: [Complaint] = []
    private var everywhere: [Gate.Stream]?
    /// Where every stretch so far could be listened to: a log that fell silent half way was not listened to.
    public var streams: [Gate.Stream] { everywhere ?? [] }

    public init(log: URL) { self.log = log }

    /// Runs `body`, which works with the compiled models `of`.
    /// - Throws: what `body` throws, with the complaint added; a no when it succeeds and the compiler complained.
    public func listen<T>(of models: [URL], _ body: () async throws -> T) async throws -> T {
        let heard = try await listening(log: log, models: models, body)
        everywhere = (everywhere ?? heard.streams).filter(heard.streams.contains)
        complaints += heard.complaints
        if !heard.complaints.isEmpty { for model in models { try mark(model, heard.complaints) } }
        let first = heard.complaints.first.map { "the on-device compiler complained: \($0.line)" }
        switch (heard.result, first) {
        case (.success(let value), nil): return value
        case (.success, let complaint?): throw Failure(.no, complaint)
        case (.failure(let error), nil): throw error
        case (.failure(let error), let complaint?):
            throw Failure((error as? Failure)?.code ?? .fault, "\(error); \(complaint)")
        }
    }
}
