/// Watches standard error while Core ML works. When its compiler for the Neural Engine fails, Core ML falls back to the CPU
/// without an error; a line on standard error is all one gets.
import Foundation
import Gate

/// Phrases of the on-device compiler that mean a failure.
private let phrases = ["MILCompilerForANE", "ANECCompile"]

/// Runs `body` with standard error going to the file `log`, then passes it on.
/// - Throws: what `body` throws, with the complaint added; a no when it succeeds and the compiler complained.
public func watchingCompiler<T>(log: URL, _ body: () async throws -> T) async throws -> T {
    let saved = dup(STDERR_FILENO)
    let file = open(log.path, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    guard saved >= 0, file >= 0 else { throw Failure.mistake("cannot write \(log.path)") }
    let start = lseek(file, 0, SEEK_END)
    dup2(file, STDERR_FILENO)
    let result: Result<T, any Error>
    do { result = .success(try await body()) } catch { result = .failure(error) }
    dup2(saved, STDERR_FILENO)
    close(saved)
    close(file)

    let said = (try? Data(contentsOf: log).dropFirst(Int(start))) ?? Data()
    FileHandle.standardError.write(said)
    let complaint = String(decoding: said, as: UTF8.self).split(separator: "\n").first { line in
        phrases.contains { line.contains($0) }
    }
    switch (result, complaint) {
    case (.success(let value), nil): return value
    case (.success, let line?): throw Failure(.no, "the on-device compiler complained: \(line)")
    case (.failure(let error), nil): throw error
    case (.failure(let error), let line?):
        throw Failure((error as? Failure)?.code ?? .fault, "\(error); the on-device compiler complained: \(line)")
    }
}
