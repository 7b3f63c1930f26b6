/// why: what the planner left, in the form that was seen, in another, and nothing.
import Foundation
import Gate
import Support
import Testing

private let analytics = """
    program(1.3)
    {
        func main<ios18>(tensor<fp16, [1, 8, 1, 4]> x) [Launch_ane_ms = fp64(0x1p-3), Src_ane_Dest_bnns_ms = fp64(0x1p-3)] {
            tensor<fp16, [1, 8, 1, 4]> x_4D454D5F4F5054 = tensor_buffer_to_tensor(input = x)[BackendSupport = list<string, 5>(["ane", "bnns", "classic_cpu", "unsupported", "unsupported"]), milId = uint64(0), name = string("x")];
            tensor<fp16, [1, 8, 1, 4]> q = conv(weight = w, x = x_4D454D5F4F5054)[BackendSupport = list<string, 5>(["ane", "bnns", "classic_cpu", "unsupported", "unsupported"]), EstimatedRuntime = dict<string, fp64>({{"ane", 0x1p-10}, {"bnns", 0.5}, {"classic_cpu", 1}}), SelectedBackend = string("ane"), milId = uint64(1), name = string("q")];
            tensor<fp16, [1, 8]> row, tensor<int32, [1]> at_4D454D5F4F5054 = gather(indices = i, x = q)[BackendSupport = list<string, 5>(["unsupported", "bnns", "classic_cpu", "unsupported", "unsupported"]), EstimatedRuntime = dict<string, fp64>({{"bnns", 0x1.8p-3}}), SelectedBackend = string("bnns"), ValidationMessages = dict<string, string>({{"ane", "indices = [int32]; are not fp16"}}), milId = uint64(2), name = string("row")];
        } -> (row);
    }
    """

private func compiled(_ toy: Toy) throws -> String {
    let conv: [String: Any] = ["name": "ios18.conv", "outputs": ["q"], "device": "ane", "cost": 0.9]
    let gather: [String: Any] = ["name": "ios18.gather", "outputs": ["row", "at"], "device": "cpu", "cost": 0.1]
    toy.script["functions"] = ["main": [conv, gather]]
    try toy.write()
    let model = try graphcANE("compile", toy.folder.appendingPathComponent("toy.T4.mlpackage").path).out
        .trimmingCharacters(in: .whitespacesAndNewlines)
    let home = URL(fileURLWithPath: model).deletingLastPathComponent()
    try FileManager.default.copyItem(
        at: toy.folder.appendingPathComponent("scripted-engine.json"),
        to: home.appendingPathComponent("scripted-engine.json"))
    return model
}

@Test func thePlannerTellsWhy() throws {
    let toy = try Toy()
    toy.script["analytics"] = analytics
    let run = try graphcANE("why", try compiled(toy))
    #expect(run.code == 1, "\(run.err)")
    #expect(
        run.out == """
            analytics.mil

            value    op      goes to  can run on         estimated      reason
            -------  ------  -------  -----------------  -------------  --------------------------------------------------------
            row, at  gather  bnns     bnns, classic_cpu  bnns 0.188 ms  ValidationMessages: ane; indices = [int32]; are not fp16

            """, "\(run.out)")
}

private let older =
    "program(1.0) { func main<ios16>() { tensor<fp16, [1]> q = conv(x = x)[Backends = string(\"ane\")]; } }"

@Test(arguments: [
    ("", "the planner left 0 files analytics.mil"),
    (older, "analytics.mil is of a form that this tool does not know: no operation has BackendSupport"),
]) func withoutItThePlanHasToDo(_ text: String, _ missing: String) throws {
    let toy = try Toy()
    if !text.isEmpty { toy.script["analytics"] = text }
    let run = try graphcANE("why", try compiled(toy), "--json")
    #expect(run.code == 1, "\(run.err)")
    let said = try #require(try JSONSerialization.jsonObject(with: Data(run.out.utf8)) as? [String: Any])
    #expect(said["source"] as? String == "compute plan")
    #expect(said["missing"] as? String == missing)
    let operations = try #require(said["operations"] as? [[String: Any]])
    #expect(operations.map { $0["device"] as? String } == ["Neural Engine", "CPU"])
    #expect(operations.contains { ($0["supported"] as? [String])?.contains("Neural Engine") == true })
}

/// The author's lines of the toy's block as `graphc emit --fixtures` writes them.
private func writeLines(_ toy: Toy, function: String? = nil, edit: (inout [String: Any]) -> Void = { _ in }) throws {
    let package = toy.folder.appendingPathComponent("toy.T4.mlpackage")
    var own: [String: Any] = [
        "package": "toy.T4.mlpackage", "sha256": try digest(ofFolder: package).sha256,
        "values": ["q": "toy.ts:3:7", "at": "lib/top.ts:20:5"],
    ]
    own["function"] = function
    let other: [String: Any] = ["package": "toy.T1.mlpackage", "sha256": "", "values": ["at": "step.ts:1:1"]]
    var file: [String: Any] = ["format": "graphc-lines", "version": 1, "functions": [other, own]]
    edit(&file)
    try JSONSerialization.data(withJSONObject: file).write(to: toy.folder.appendingPathComponent("toy.lines.json"))
}

@Test func theAuthorsLineIsTold() throws {
    let toy = try Toy()
    toy.script["analytics"] = analytics
    let model = try compiled(toy)
    try writeLines(toy)
    let run = try graphcANE("why", model)
    #expect(run.code == 1, "\(run.err)")
    let lines = run.out.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.prefix(2) == ["analytics.mil", "lines: toy.lines.json"], "\(run.out)")
    #expect(lines[3].split(separator: " ").prefix(4) == ["value", "made", "at", "op"], "\(run.out)")
    #expect(lines[5].hasPrefix("row, at  lib/top.ts:20:5  gather  bnns"), "\(run.out)")

    let said = try #require(
        try JSONSerialization.jsonObject(with: Data(try graphcANE("why", model, "--json").out.utf8)) as? [String: Any])
    #expect(said["lines"] as? String == "toy.lines.json")
    let operations = try #require(said["operations"] as? [[String: Any]])
    #expect(operations.map { $0["at"] as? String } == ["toy.ts:3:7", "lib/top.ts:20:5"])
}

@Test(arguments: ["of another package", "of another function", "another version", "no JSON"])
func linesThatAreOfNoUseAreSaidSo(_ what: String) throws {
    let toy = try Toy()
    let model = try compiled(toy)
    let file = toy.folder.appendingPathComponent("toy.lines.json")
    switch what {
    case "of another package":
        try writeLines(toy) { file in
            var functions = file["functions"] as? [[String: Any]] ?? []
            functions[1]["sha256"] = String(repeating: "0", count: 64)
            file["functions"] = functions
        }
    case "of another function": try writeLines(toy, function: "verify4")
    case "another version": try writeLines(toy) { $0["version"] = 2 }
    default: try Data("{".utf8).write(to: file)
    }
    let run = try graphcANE("why", model)
    #expect(run.code == 1, "\(run.err)")
    #expect(!run.out.contains("made at") && !run.out.contains(".ts:"), "\(run.out)")
    let says: [String: String] = [
        "of another package": "lines: toy.lines.json is of another toy.T4.mlpackage",
        "another version": "lines: toy.lines.json is not graphc-lines of version 1",
        "no JSON": "lines: toy.lines.json is not graphc-lines of version 1",
    ]
    #expect(says[what].map(run.out.contains) ?? !run.out.contains("lines"), "\(run.out)")
}

@Test func whatIsNotResidentIsToldWithItsLine() throws {
    let toy = try Toy()
    let model = try compiled(toy)
    try writeLines(toy)
    let residency = try graphcANE("residency", model)
    #expect(
        residency.code == 1 && residency.out.contains("row, at  lib/top.ts:20:5  ios18.gather  CPU"), "\(residency)")
    let gate = try graphcANE("gate", toy.folder.path)
    #expect(gate.code == 1 && gate.out.contains("row, at  lib/top.ts:20:5  ios18.gather  CPU"), "\(gate)")
    // Where they are of another package nobody is told of them.
    try writeLines(toy) { $0["functions"] = [] as [Any] }
    let bare = try graphcANE("gate", toy.folder.path)
    #expect(bare.code == 1 && bare.out.contains("row, at  ios18.gather  CPU"), "\(bare)")
}
