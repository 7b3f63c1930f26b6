/// why: what the planner left, in the form that was seen, in another, and nothing.
import Foundation
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
