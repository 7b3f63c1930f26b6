/// The whole command line against the scripted engine: for every way a device or a file can fail, the exact exit code and message.
import Foundation
import Gate
import Support
import Testing

struct Scenario: CustomTestStringConvertible, Sendable {
    let name: String
    let code: Int32
    /// What standard error ends with, after "graphc-ane: "; nil when it stays empty.
    let message: String?
    let arrange: @Sendable (Toy) throws -> Void
    /// Done after the files are written.
    var disturb: @Sendable (Toy) throws -> Void = { _ in }
    var testDescription: String { name }
}

private func operation(
    _ name: String, _ value: String, _ device: String?, _ cost: Double?, blocks: [[[String: Any]]]? = nil
) -> [String: Any] {
    var result: [String: Any] = ["name": name, "outputs": [value]]
    result["device"] = device
    result["cost"] = cost
    result["blocks"] = blocks
    return result
}

private func fault(_ kind: String, _ model: String, _ prediction: Int) -> @Sendable (Toy) -> Void {
    { $0.script["faults"] = [["kind": kind, "model": model, "prediction": prediction] as [String: Any]] }
}

private func plan(_ operations: @escaping @Sendable () -> [[String: Any]]) -> @Sendable (Toy) -> Void {
    { $0.script["functions"] = ["main": operations()] }
}

private func system(_ key: String, _ value: some Sendable) -> @Sendable (Toy) -> Void {
    { toy in
        var system = toy.script["system"] as? [String: Any] ?? [:]
        system[key] = value
        toy.script["system"] = system
    }
}

private func set(_ tensor: String, _ index: Int, to value: Double) -> @Sendable (Toy) -> Void {
    { toy in
        let old = toy.tensors[tensor]!
        var halves = old.halves!
        halves[index] = Float16(value).bitPattern
        toy.tensors[tensor] = .init(shape: old.shape, elements: .half(halves))
    }
}

let scenarios: [Scenario] = [
    Scenario(name: "an honest device", code: 0, message: nil) { _ in },
    Scenario(name: "no certificate", code: 0, message: nil) { $0.preconditions = nil },

    // Residency: 1.
    Scenario(
        name: "one op on the CPU", code: 1,
        message:
            "residency: toy.T4.mlpackage: 1 of 2 operations are not on the Neural Engine; first by cost: ios18.softmax weights at main.block.operations[1] is on the CPU",
        arrange: plan { [operation("ios18.conv", "q", "ane", 0.9), operation("ios18.softmax", "weights", "cpu", 0.1)] }),
    Scenario(
        name: "one op on the GPU, in a nested block", code: 1,
        message:
            "residency: toy.T4.mlpackage: 1 of 2 operations are not on the Neural Engine; first by cost: ios18.mul y at main.block.operations[0].blocks[1].operations[0] is on the GPU",
        arrange: plan {
            [operation("ios18.cond", "c", "ane", 0.9, blocks: [[], [operation("ios18.mul", "y", "gpu", 0.1)]])]
        }),
    Scenario(
        name: "missing usage of a real op", code: 1,
        message:
            "residency: toy.T4.mlpackage: 1 of 2 operations are not on the Neural Engine; first by cost: ios18.gather row at main.block.operations[1] is undetermined",
        arrange: plan { [operation("ios18.conv", "q", "ane", 0.9), operation("ios18.gather", "row", nil, nil)] }),
    Scenario(
        name: "an op whose name only looks like a constant's", code: 1,
        message:
            "residency: toy.T4.mlpackage: 1 of 2 operations are not on the Neural Engine; first by cost: ios18.constant_pad p at main.block.operations[1] is undetermined",
        arrange: plan { [operation("ios18.conv", "q", "ane", 0.9), operation("ios18.constant_pad", "p", nil, nil)] }),
    Scenario(
        name: "nothing but constants", code: 1,
        message: "residency: toy.T4.mlpackage: the plan lists no compute operations, so it shows nothing",
        arrange: plan {
            [operation("const", "eps", nil, nil), operation("ios16.constexpr_affine_dequantize", "w", nil, nil)]
        }),
    Scenario(
        name: "the on-device compiler complains", code: 1,
        message:
            "residency: the on-device compiler complained: E5RT: MILCompilerForANE error: failed to compile ANE model using ANEF"
    ) {
        $0.script["planComplaint"] = "E5RT: MILCompilerForANE error: failed to compile ANE model using ANEF"
    },
    Scenario(
        name: "the on-device compiler complains when the model is loaded", code: 1,
        message: "parity: the on-device compiler complained: ANECCompile() FAILED"
    ) { $0.script["complaint"] = "ANECCompile() FAILED" },

    // Faults of Core ML or the device, 3, and packages that are not what they should be, 2.
    Scenario(name: "compile failure", code: 2, message: "compile: toy.T4.mlpackage does not compile: no such op") {
        $0.script["compileError"] = "no such op"
    },
    Scenario(
        name: "the plan does not load", code: 3,
        message: "residency: the compute plan of toy.T4.mlmodelc does not load: -14"
    ) { $0.script["planError"] = "-14" },
    Scenario(
        name: "no ML program", code: 2,
        message: "residency: toy.T4.mlmodelc is not an ML program, so its plan lists no operations"
    ) {
        $0.script["structure"] = "pipeline"
    },
    Scenario(
        name: "no such function", code: 2,
        message: "residency: toy.T4.mlmodelc has no function main; it has decode, prefill"
    ) {
        $0.script["functions"] = ["decode": [[String: Any]](), "prefill": []]
    },
    Scenario(name: "load failure", code: 3, message: "parity: toy.T4.mlmodelc does not load: error code -14") {
        $0.script["loadError"] = "error code -14"
    },
    Scenario(
        name: "plan green but prediction failing", code: 3,
        message:
            "parity: call 1 (dead column), block: the prediction failed: Error Domain=com.apple.CoreML Code=0 \"Unable to compute the prediction: status=0x1d\"",
        arrange: fault("error", "block", 1)),
    Scenario(
        name: "wrong strides", code: 3,
        message:
            "parity: call 0 (rejection), step of token 2: output hidden: cannot be read, the stride of axis 1 makes elements overlap (shape [1, 8, 1, 1], strides [0, 0, 0, 0])",
        arrange: fault("zeroStrides", "step", 2)),
    Scenario(
        name: "missing output", code: 3,
        message: "parity: call 0 (rejection), block: the model returned [], not [\"hidden\"]",
        arrange: fault("missingOutput", "block", 0)),
    Scenario(
        name: "package changed during the run", code: 2,
        message: "same bytes: toy.T1.mlpackage changed while the gate ran: Manifest.json has other bytes",
        arrange: fault("touchPackage", "step", 3)),

    // Parity: 1.
    Scenario(
        name: "NaN", code: 1, message: "parity: call 2 (scattered), block: hidden is not finite",
        arrange: fault("nan", "block", 2)),
    Scenario(
        name: "drifted block", code: 1,
        message:
            "parity: 6 of 135 rows are out of bounds; first: call 1 token 0 (row 5), hidden - x, block against fp64: relative L2 0.0507, 1-cos 1.57e-07, worst/rms 0.106",
        arrange: fault("drift", "block", 1)),
    Scenario(
        name: "swapped rows", code: 1,
        message: "it looks like the row of token 1", arrange: fault("swapRows", "block", 0)),
    Scenario(
        name: "corrupt state", code: 1,
        message:
            "parity: call 0 (rejection), step of token 1: state k changed in row 0, which the call does not write (and 1 more)",
        arrange: fault("corruptState", "step", 1)),
    Scenario(
        name: "unchanged state", code: 1,
        message: "parity: call 3 (last block), block: state k did not change: the write was lost (and 1 more)",
        arrange: fault("unchangedState", "block", 3)),

    // No system to run on: 2.
    Scenario(
        name: "an older macOS", code: 4,
        message: "macOS 14.7.1 is too old: states and functions need macOS 15 or later",
        arrange: system("osVersion", [14, 7, 1])),
    Scenario(
        name: "no Neural Engine", code: 2, message: "Apple M4 Max has no Neural Engine that Core ML offers",
        arrange: system("neuralEngine", false)),
    Scenario(
        name: "no Core ML at all", code: 2, message: "this is not macOS: Core ML and the Neural Engine are only there",
        arrange: { _ in },
        disturb: { try FileManager.default.removeItem(at: $0.folder.appendingPathComponent("scripted-engine.json")) }),

    // Files that do not belong together: 2.
    Scenario(
        name: "full disk", code: 2, message: "compile: the disk has 1 MiB free; 1024 MiB are needed to compile safely",
        arrange: system("freeBytes", 1 << 20)),
    Scenario(
        name: "fixtures of another package", code: 2,
        message:
            "toy.T1.mlpackage is not the package that the fixtures were written with: Data/model.mlmodel has other bytes",
        arrange: { _ in },
        disturb: {
            try Data("other".utf8).write(to: $0.folder.appendingPathComponent("toy.T1.mlpackage/Data/model.mlmodel"))
        }),
    Scenario(
        name: "a stray file in a package", code: 2,
        message:
            "toy.T4.mlpackage is not the package that the fixtures were written with: .DS_Store does not belong to it",
        arrange: { _ in },
        disturb: { try Data().write(to: $0.folder.appendingPathComponent("toy.T4.mlpackage/.DS_Store")) }),
    Scenario(
        name: "a digest that is not of the files listed", code: 2,
        message: "the fixtures' digest of toy.T4.mlpackage is not that of the files they list", arrange: { _ in },
        disturb: {
            let path = $0.folder.appendingPathComponent("toy.fixtures.json")
            let actual = try digest(ofFolder: $0.folder.appendingPathComponent("toy.T4.mlpackage")).sha256
            let text = try String(contentsOf: path, encoding: .utf8)
            try Data(text.replacing(actual, with: String(repeating: "0", count: 64)).utf8).write(to: path)
        }),
    Scenario(
        name: "another certificate", code: 2,
        message: "toy.certificate.json is not the certificate that the fixtures were written with", arrange: { _ in },
        disturb: { try Data("{}".utf8).write(to: $0.folder.appendingPathComponent("toy.certificate.json")) }),
    Scenario(
        name: "other fixture data", code: 2,
        message: "toy.fixtures.safetensors is not the file that toy.fixtures.json was written with", arrange: { _ in },
        disturb: { try Data("x".utf8).write(to: $0.folder.appendingPathComponent("toy.fixtures.safetensors")) }),
    Scenario(
        name: "an unknown precondition", code: 2,
        message: "preconditions: the certificate names precondition P99, which this tool cannot check"
    ) {
        $0.preconditions = ["P1", "P99"]
    },
    Scenario(
        name: "a certificate that proves nothing", code: 2,
        message: "toy.certificate.json says NOT PROVEN: there is nothing to confirm on a device"
    ) {
        $0.verdict = "NOT PROVEN"
    },
    Scenario(
        name: "a position of another row", code: 2,
        message:
            "preconditions: P2 does not hold in call 0 (rejection): position is [3.0, 4.0, 5.0, 9.0], the rows are [\"3\", \"4\", \"5\", \"6\"]"
    ) { $0.tensors["calls/0/block/in/position"] = .init(shape: [4], elements: .int32([3, 4, 5, 9])) },
    Scenario(
        name: "a step's position of another row", code: 2,
        message:
            "preconditions: P2 does not hold in call 0 (rejection): position is [9.0], the rows are [\"5\"]"
    ) { $0.tensors["calls/0/steps/2/in/position"] = .init(shape: [1], elements: .int32([9])) },
    Scenario(
        name: "two tokens of one row", code: 2,
        message: "preconditions: P2 does not hold in call 0 (rejection): two tokens write the same row"
    ) { $0.calls[0].rows = [3, 4, 5, 5] },
    Scenario(
        name: "an input with too few tokens", code: 2,
        message: "preconditions: call 0: rope_cos is fp16 [2,4], without 4 tokens on axis 0",
        arrange: {
            $0.tensors["calls/0/block/in/rope_cos"] = .init(
                shape: [2, 4], elements: .half(.init(repeating: 0, count: 8)))
        }),
    Scenario(
        name: "write mask not one-hot", code: 2,
        message: "preconditions: P1 does not hold in call 0 (rejection): kv_write_mask of token 1 is 1.0 at row 9",
        arrange: set("calls/0/block/in/kv_write_mask", 9 * 4 + 1, to: 1)),
    Scenario(
        name: "dead column that writes", code: 2,
        message: "preconditions: P1 does not hold in call 1 (dead column): kv_write_mask of token 3 is 1.0 at row 0",
        arrange: set("calls/1/block/in/kv_write_mask", 3, to: 1)),
    Scenario(
        name: "mask open to a later token", code: 2,
        message:
            "preconditions: P3 does not hold in call 0 (rejection): attn_mask of token 1 is 0.0 at row 5 of a later token",
        arrange: set("calls/0/block/in/attn_mask", 16 + 5, to: 0)),
    Scenario(
        name: "mask closed to the own row", code: 2,
        message:
            "preconditions: P4 does not hold in call 2 (scattered): attn_mask of token 0 is -10000.0 at its own row 11",
        arrange: set("calls/2/block/in/attn_mask", 11, to: -10000)),
    Scenario(
        name: "steps fed something else", code: 2,
        message: "preconditions: P6 does not hold in call 0 (rejection): x of token 2 differs between block and step",
        arrange: set("calls/0/steps/2/in/x", 0, to: 3)),
    Scenario(
        name: "infinite input", code: 2,
        message: "preconditions: P7 does not hold in call 3 (last block): x is not finite",
        arrange: set("calls/3/block/in/x", 5, to: .infinity)),
    Scenario(
        name: "infinite cache", code: 2, message: "preconditions: P7 does not hold: the initial state v is not finite",
        arrange: set("initial/v", 5, to: .nan)),
    Scenario(
        name: "rows not consecutive", code: 2,
        message: "preconditions: P2' does not hold in call 2 (scattered): the rows [11, 8, 10, 9] are not consecutive"
    ) {
        $0.preconditions = ["P2'"]
    },
]

@Test(arguments: scenarios) func gate(_ scenario: Scenario) throws {
    let toy = try Toy()
    try scenario.arrange(toy)
    try toy.write()
    try scenario.disturb(toy)
    let run = try graphcANE("gate", toy.folder.path)
    #expect(run.code == scenario.code, "\(run.err)")
    let lines = run.err.split(separator: "\n").filter { $0.hasPrefix("graphc-ane: ") }
    if let message = scenario.message {
        let last = lines.last ?? ""
        #expect(scenario.name == "swapped rows" ? last.hasSuffix(message) : last == "graphc-ane: \(message)", "\(last)")
    } else {
        #expect(lines.isEmpty)
    }
    // Only a pass leaves evidence of one.
    let file = toy.folder.appendingPathComponent("evidence.json")
    if FileManager.default.fileExists(atPath: file.path) {
        let all = try verdicts(in: toy.folder)
        #expect(all.values.allSatisfy { $0 == "pass" } == (scenario.code == 0))
        #expect(!all.values.contains("running"))
    } else {
        #expect(scenario.code != 0)
    }
}
