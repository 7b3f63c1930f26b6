/// The command line's words.
import Device
import Foundation
import Gate

enum Command: String, CaseIterable { case compile, residency, parity, gate, why, clean }

struct Options {
    var command = Command.gate
    /// One, or several for gate and clean.
    var paths: [URL] = []
    var path: URL { paths[0] }
    var function: String?
    var units: Units?
    var out: URL?
    var into: URL?
    var json = false
    /// How long one step may take, in seconds: compiling a large shard, or loading it, takes minutes.
    var patience = 1800.0
    /// How many calls of each function the gate measures; none with 0.
    var calls = 200
    /// In bytes; none unless asked for.
    var memory: Int64?
    var help = false
    var version = false

    /// The words of the command line that are no path.
    private var flags: [String] = []

    /// The command line for one folder of several.
    func arguments(for path: URL) -> [String] { [command.rawValue, path.path] + flags }

    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        var words: [String] = []
        func value(of flag: String) throws -> String {
            guard let value = rest.popFirst(), !value.hasPrefix("--") else {
                throw Failure.mistake("\(flag) needs a value; see --help")
            }
            flags += [flag, value]
            return value
        }
        func number(of flag: String) throws -> Double {
            let text = try value(of: flag)
            guard let number = Double(text), number > 0, number.isFinite, number < 1e6 else {
                throw Failure.mistake("\(flag) \(text) is not a number above 0")
            }
            return number
        }
        while let word = rest.popFirst() {
            switch word {
            case "--help", "-h": help = true
            case "--version": version = true
            case "--json":
                json = true
                flags.append(word)
            case "--patience": patience = try number(of: word)
            case "--calls":
                let text = try value(of: word)
                guard let number = Int(text), number == 0 || (2...100_000).contains(number) else {
                    throw Failure.mistake("--calls \(text) is not 0 and not a number from 2 to 100000")
                }
                calls = number
            case "--memory": memory = Int64(try number(of: word) * Double(1 << 30))
            case "--function": function = try value(of: word)
            case "--out": out = URL(fileURLWithPath: try value(of: word))
            case "--into": into = URL(fileURLWithPath: try value(of: word)).standardizedFileURL
            case "--units":
                let name = try value(of: word)
                guard let known = Units(rawValue: name) else {
                    throw Failure.mistake(
                        "--units \(name) is unknown; one of \(Units.allCases.map(\.rawValue).joined(separator: ", "))")
                }
                units = known
            case _ where word.hasPrefix("-"): throw Failure.mistake("\(word) is unknown; see --help")
            default: words.append(word)
            }
        }
        if help || version { return }
        guard let name = words.first, let command = Command(rawValue: name) else {
            throw Failure.mistake(
                words.first.map { "\($0) is no command; see --help" }
                    ?? "say what to do: \(Command.allCases.map(\.rawValue).joined(separator: ", ")); see --help")
        }
        self.command = command
        let several = command == .gate || command == .clean
        guard words.count == 2 || words.count > 2 && several else {
            throw Failure.mistake("\(name) takes \(several ? "one path or more" : "one path"); see --help")
        }
        // Absolute and without links: the on-device compiler wants absolute paths.
        paths = words.dropFirst().map { URL(fileURLWithPath: $0).standardizedFileURL.resolvingSymlinksInPath() }
        for path in paths where !FileManager.default.fileExists(atPath: path.path) {
            throw Failure.mistake("\(path.path) does not exist")
        }
        guard Set(paths.map(\.path)).count == paths.count else {
            throw Failure.mistake("\(name) is given one path twice")
        }
        try refuse(
            function != nil && command != .residency && command != .why, "--function",
            "residency and why; the fixtures name the function elsewhere")
        try refuse(
            units != nil && command != .residency && command != .parity && command != .why, "--units",
            "residency, parity and why; the gate is for cpuAndNeuralEngine")
        try refuse(out != nil && (command == .residency || command == .why), "--out", "compile, parity, gate and clean")
        try refuse(out != nil && paths.count > 1, "--out", "one path")
        try refuse(into != nil && command != .compile, "--into", "compile")
        try refuse(
            json && command == .gate && paths.count > 1, "--json", "one path; each folder gets its evidence.json")
    }

    private func refuse(_ wrong: Bool, _ flag: String, _ allowed: String) throws {
        if wrong { throw Failure.mistake("\(flag) is for \(allowed)") }
    }
}

let usage = """
    graphc-ane: does on a Mac what only a Mac can do for a layer package. Public Core ML, macOS 15 or later.

      graphc-ane gate DIR...              compile, residency, parity and cross-check in order; writes DIR/evidence.json
      graphc-ane compile X.mlpackage      compile with Core ML; prints the folder
      graphc-ane compile BUILD --into DIR compile every package of a whole model, to the names that its manifest holds
      graphc-ane residency X.mlmodelc     is every operation on the Neural Engine?
      graphc-ane parity DIR               block against steps, and both against the expected values
      graphc-ane why X.mlmodelc           what Core ML's planner says of the operations that are not on the Neural Engine
      graphc-ane clean DIR...             remove the compiled models

    DIR is what `graphc emit --fixtures` wrote: packages, fixtures, certificate; BUILD what `graphc build` wrote.

      --function NAME   residency, why: the function to look at (default: the only one, or main)
      --units UNITS     residency, parity, why: cpuAndNeuralEngine (default), all, cpuAndGPU, cpuOnly
      --out DIR         compile, parity, gate, clean: where compiled models go (default: compiled/ beside the package)
      --into DIR        compile: put NAME.mlmodelc of each package there, for a runtime to load
      --calls N         gate: how many calls of each function are measured (default: 200; 0: none)
      --patience SECS   end a step that takes longer, such as a load that never returns (default: 1800)
      --memory GIB      end the work when it takes more memory
      --json            print the result as JSON
      --help, --version

    exit codes, as of graphc: 0 yes; 1 a measured no: an operation is not on the Neural Engine, the numbers disagree, or
    the run cannot be told from one on the CPU; 2 a mistake in the command line, the files or the choice of the machine;
    3 a fault of the tool, of Core ML or of the device; 4 this macOS is too old. Nothing but 0 is a pass
    """
