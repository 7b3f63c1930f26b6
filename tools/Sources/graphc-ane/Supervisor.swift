/// Runs the tool's work in a process of its own and watches it: some models end the process at their first prediction, and some loads never
/// return (apple/coremltools issue 2758).
import Device
import Foundation
import Gate

struct Supervisor {
    /// How long one step may take, in seconds; and how much memory, in bytes.
    let patience: Double
    let memory: Int64?

    /// The exit code of the work; a fault, told with the last step, when it does not end by itself.
    func run(_ arguments: [String], _ environment: [String: String] = [:]) throws -> ExitCode {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent(
            "\(toolName)-\(UUID().uuidString).note")
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        process.executableURL = Bundle.main.executableURL
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
            .merging([noteVariable: file.path]) { $1 }
        do { try process.run() } catch {
            throw Failure.fault("\(toolName) cannot start itself: \(error.localizedDescription)")
        }
        let signals = forwardSignals(to: process)
        defer { for source in signals { source.cancel() } }
        let why = watch(process, file)
        process.waitUntilExit()
        if let why {
            report(why, note(in: file))
            return .fault
        }
        if process.terminationReason == .uncaughtSignal {
            report("Core ML ended the process (signal \(process.terminationStatus))", note(in: file))
            return .fault
        }
        guard let code = ExitCode(rawValue: process.terminationStatus) else {
            report("the process ended with code \(process.terminationStatus)", note(in: file))
            return .fault
        }
        return code
    }

    /// Waits for the end; why it had to be ended, if it had to.
    private func watch(_ process: Process, _ file: URL) -> String? {
        var seen: StepNote?, since = Date()
        while process.isRunning {
            usleep(10_000)
            let now = note(in: file)
            if now != seen { (seen, since) = (now, Date()) }
            if Date().timeIntervalSince(since) > patience {
                kill(process.processIdentifier, SIGKILL)
                return "nothing came back for \(short(patience)) s (--patience), so that the process was ended"
            }
            if let memory, let used = residentBytes(of: process.processIdentifier), used > memory {
                kill(process.processIdentifier, SIGKILL)
                return "the process took \(used >> 20) MiB of memory and was ended (--memory)"
            }
        }
        return nil
    }

    private func note(in file: URL) -> StepNote? {
        (try? Data(contentsOf: file)).flatMap { try? JSONDecoder().decode(StepNote.self, from: $0) }
    }

    /// Names the last step to the user and in the evidence, and keeps what Core ML had said.
    private func report(_ why: String, _ note: StepNote?) {
        let step = note?.what ?? "starting"
        var message = "\(why); the last step was: \(step)"
        if let log = note?.log.map({ URL(fileURLWithPath: $0) }) {
            let said = (try? salvage(log: log)) ?? []
            if let first = said.first { message += "; the on-device compiler complained: \(first.line)" }
            message += "; what Core ML said is in \(log.path)"
        }
        say("\(toolName): \(message)")
        guard let path = note?.evidence else { return }
        let url = URL(fileURLWithPath: path)
        guard var evidence = try? Evidence.read(url) else { return }
        for gate in evidence.gates where gate.verdict == .running { evidence.set(gate.gate, .fault, message) }
        evidence.finished = Date()
        try? evidence.write(to: url)
    }
}

/// The child does not hear a Ctrl-C that reaches its parent alone.
private func forwardSignals(to process: Process) -> [any DispatchSourceSignal] {
    let pid = process.processIdentifier
    return [SIGINT, SIGTERM].map { number in
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler {
            kill(pid, SIGKILL)
            exit(128 + number)
        }
        source.resume()
        return source
    }
}
