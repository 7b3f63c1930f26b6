/// compile, to plain names.
import Foundation
import Gate
import Support
import Testing

/// A toy folder as a whole model: a shard beside the manifest, a head one folder deeper.
private func wholeModel() throws -> Toy {
    let toy = try Toy()
    try toy.write()
    let heads = toy.folder.appendingPathComponent("lm_head_shards")
    try FileManager.default.createDirectory(at: heads, withIntermediateDirectories: true)
    for name in ["toy.T1.mlpackage", "scripted-engine.json", "toy.fixtures.json"] {
        try FileManager.default.copyItem(
            at: toy.folder.appendingPathComponent(name), to: heads.appendingPathComponent(name))
    }
    return toy
}

private func files(below folder: URL) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".mlmodelc") }.sorted()
}

@Test func everyPackageOfABuildGetsItsPlainName() throws {
    // The folder goes with the toy.
    let toy = try wholeModel()
    defer { withExtendedLifetime(toy) {} }
    let build = toy.folder
    let into = build.appendingPathComponent("for-the-runtime")
    let run = try graphcANE("compile", build.path, "--into", into.path)
    #expect(run.code == 0, "\(run.err)")
    let names = ["lm_head_shards/toy.T1.mlmodelc", "toy.T1.mlmodelc", "toy.T4.mlmodelc"]
    #expect(try files(below: into) == names)
    #expect(run.out.split(separator: "\n").map(String.init).sorted() == names.map { "\(into.path)/\($0)" })
    #expect(run.err.contains("compiling 3 of 3"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: into.path).filter { $0.contains(".part-") }.isEmpty)

    // A model that was tampered with is replaced, whole.
    let model = into.appendingPathComponent("toy.T4.mlmodelc")
    let before = try digest(ofFolder: model)
    try Data("stale".utf8).write(to: model.appendingPathComponent("stray.bin"))
    let again = try graphcANE("compile", build.appendingPathComponent("toy.T4.mlpackage").path, "--into", into.path)
    #expect(again.code == 0 && again.out == "\(model.path)\n")
    #expect(try digest(ofFolder: model) == before)
}

@Test func whatCannotBeCompiledToPlainNames() throws {
    // The folder goes with the toy.
    let toy = try wholeModel()
    defer { withExtendedLifetime(toy) {} }
    let build = toy.folder
    let bare = try graphcANE("compile", build.path)
    #expect(bare.code == 2 && bare.err.contains("say --into DIR too"))
    let empty = build.appendingPathComponent("empty")
    try FileManager.default.createDirectory(at: empty, withIntermediateDirectories: true)
    let none = try graphcANE("compile", empty.path, "--into", build.path)
    #expect(none.code == 2 && none.err.contains("holds no .mlpackage"))
    let file = build.appendingPathComponent("file")
    try Data().write(to: file)
    let package = build.appendingPathComponent("toy.T1.mlpackage").path
    let blocked = try graphcANE("compile", package, "--into", file.path)
    #expect(blocked.code == 2 && blocked.err.contains("cannot write \(file.path)/toy.T1.mlmodelc"))
    #expect(try graphcANE("gate", build.path, "--into", build.path).err.contains("--into is for compile"))
}
