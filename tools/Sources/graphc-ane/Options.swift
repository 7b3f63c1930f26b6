/// The command line's words.
import Device
import Foundation
import Gate

enum Command: String { case compile, residency, parity, gate }

struct Options {
    var command = Command.gate
    var path = URL(fileURLWithPath: ".")
    var function: String?
    var units: Units?
    var out: URL?
    var into: URL?
    var json = false
    var help = false
    var version = false

    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        var words: [String] = []
        func value(of flag: String) throws -> String {
            guard let value = rest.popFirst(), !value.hasPrefix("--") else {
                throw Failure.mistake("\(flag) needs a value; see --help")
            }
            return value
        }
        while let word = rest.popFirst() {
            switch word {
            case "--help", "-h": help = true
            case "--version": version = true
            case "--json": json = true
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
                    ?? "say what to do: compile, residency, parity or gate; see --help")
        }
        guard words.count == 2 else { throw Failure.mistake("\(name) takes one path; see --help") }
        self.command = command
        // Absolute and without links: the on-device compiler wants absolute paths.
        path = URL(fileURLWithPath: words[1]).standardizedFileURL.resolvingSymlinksInPath()
        guard FileManager.default.fileExists(atPath: path.path) else {
            throw Failure.mistake("\(path.path) does not exist")
        }
        try refuse(
            function != nil && command != .residency, "--function",
            "residency; the fixtures name the function elsewhere")
        try refuse(
            units != nil && command != .residency && command != .parity, "--units",
            "residency and parity; the gate is for cpuAndNeuralEngine")
        try refuse(out != nil && command == .residency, "--out", "compile, parity and gate")
        try refuse(into != nil && command != .compile, "--into", "compile")
        try refuse(json && command == .gate, "--json", "the other commands; the gate writes evidence.json")
    }

    private func refuse(_ wrong: Bool, _ flag: String, _ allowed: String) throws {
        if wrong { throw Failure.mistake("\(flag) is for \(allowed)") }
    }
}

let usage = """
    graphc-ane: does on a Mac what only a Mac can do for a layer package. Public Core ML, macOS 15 or later.

      graphc-ane gate DIR                 compile, residency and parity in order; writes DIR/evidence.json
      graphc-ane compile X.mlpackage      compile with Core ML; prints the folder
      graphc-ane compile BUILD --into DIR compile every package of a whole model, to the names that its manifest holds
      graphc-ane residency X.mlmodelc     is every operation on the Neural Engine?
      graphc-ane parity DIR               block against steps, and both against the expected values

    DIR is what `graphc emit --fixtures` wrote: packages, fixtures, certificate; BUILD what `graphc build` wrote.

      --function NAME   residency: the function to look at (default: the only one, or main)
      --units UNITS     residency, parity: cpuAndNeuralEngine (default), all, cpuAndGPU, cpuOnly
      --out DIR         compile, parity, gate: where compiled models go (default: compiled/ beside the package)
      --into DIR        compile: put NAME.mlmodelc of each package there, for a runtime to load
      --json            compile, residency, parity: print the result as JSON
      --help, --version

    exit codes, as of graphc: 0 yes; 1 a measured no: an operation is not on the Neural Engine, or the numbers disagree;
    2 a mistake in the command line, the files or the choice of the machine; 3 a fault of the tool, of Core ML or of the
    device. After 2 and 3 nothing is shown, and nothing passes
    """
