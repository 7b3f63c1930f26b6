/// graphc-ane: compile, strict residency, device parity, and the gate that runs them in order.
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
        switch options.command {
        case .compile: return try await compileCommand(options)
        case .residency: return try await residencyCommand(options)
        case .parity: return try await parityCommand(options)
        case .gate: return try await gateCommand(options)
        }
    } catch let failure as Failure {
        say("\(toolName): \(failure.message)")
        return failure.code
    } catch {
        say("\(toolName): \(error.localizedDescription)")
        return .fault
    }
}

/// Every executable name gets a compiler cache of its own, tens of GB for a large model (ane-book, journal 111): keep one.
private func checkName() throws {
    let name = ProcessInfo.processInfo.processName
    guard name == toolName else {
        throw Failure.mistake(
            "this program must be called \(toolName), not \(name): each name gets a compiler cache of its own")
    }
}

/// Prints unbuffered, so that what was said before a crash of Core ML is not lost.
func show(_ text: String) { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }

/// The same to standard error.
func say(_ line: String) { FileHandle.standardError.write(Data((line + "\n").utf8)) }
