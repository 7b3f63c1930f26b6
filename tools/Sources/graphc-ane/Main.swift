/// graphc-ane: compile, strict residency, device parity, and the gate that runs them in order.
import Device
import Foundation
import Gate

let toolName = "graphc-ane"
let toolVersion = "0.1.0"

@main
struct Main {
    static func main() async {
        exit(await run(Array(CommandLine.arguments.dropFirst())).rawValue)
    }
}

func run(_ arguments: [String]) async -> ExitCode {
    do {
        let options = try Options(arguments)
        if options.help { show(usage); return .yes }
        if options.version { show("\(toolName) \(toolVersion)"); return .yes }
        try checkName()
        if options.command == .clean { return try cleanCommand(options) }
        let watched = ProcessInfo.processInfo.environment[noteVariable] != nil
        return watched ? try await work(options) : try supervise(options)
    } catch let failure as Failure {
        say("\(toolName): \(failure.message)")
        return failure.code
    } catch {
        say("\(toolName): \(error.localizedDescription)")
        return .fault
    }
}

/// In the process that is watched.
private func work(_ options: Options) async throws -> ExitCode {
    switch options.command {
    case .compile: try await compileCommand(options)
    case .residency: try await residencyCommand(options)
    case .parity: try await parityCommand(options)
    case .gate: try await gateCommand(options)
    case .why: try await whyCommand(options)
    case .clean: try cleanCommand(options)
    }
}

/// One process for each folder: all are gated, and the worst answer is the answer.
private func supervise(_ options: Options) throws -> ExitCode {
    if options.paths.count > 1 {
        try Machine.checkDisk(near: options.path, forPackages: options.paths.map(packageBytes).reduce(0, +))
    }
    let supervisor = Supervisor(
        patience: options.patience, memory: options.memory ?? (options.command == .why ? 16 << 30 : nil))
    var codes: [ExitCode] = []
    for (index, path) in options.paths.enumerated() {
        if options.paths.count > 1 { say("\(index + 1) of \(options.paths.count): \(path.path)") }
        let words = options.arguments(for: path)
        codes.append(
            try options.command == .why
                ? withFreshHome { try supervisor.run(words, $0) } : supervisor.run(words))
    }
    if codes.count > 1 {
        say("\(codes.filter { $0 == .yes }.count) of \(codes.count) folders pass")
    }
    return codes.max { $0.rawValue < $1.rawValue } ?? .fault
}

/// Every executable name gets a compiler cache of its own, tens of GB for a large model (ane-book, journal 111): keep one.
private func checkName() throws {
    let name = ProcessInfo.processInfo.processName
    guard name == toolName else {
        throw Failure.mistake(
            "this program must be called \(toolName), not \(name): each name gets a compiler cache of its own")
    }
}

/// Prints unbuffered, so that what was said before a crash of Core ML is not lost; to the terminal as it was at the start, not to where
/// Core ML is listened to.
func show(_ text: String) { Terminal.show(text + "\n") }

/// The same to standard error.
func say(_ line: String) { Terminal.say(line + "\n") }
