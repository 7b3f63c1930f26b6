/// compile: one package or every package of a build, into folders named after contents or under the plain names that a runtime loads.
import Device
import Foundation
import Gate

func compileCommand(_ options: Options) async throws -> ExitCode {
    let packages = try packagesToCompile(options)
    let machine = try Machine.probe(near: packages[0].url.deletingLastPathComponent(), units: nil)
    try Machine.checkDisk(
        near: packages[0].url.deletingLastPathComponent(),
        forPackages: packages.map { size(ofFolder: $0.url) }.reduce(0, +))
    let steps = Steps()
    var made: [[String: String]] = []
    for (index, package) in packages.enumerated() {
        let listener = Listener(log: try logFile(in: compiledFolder(of: package.url, out: options.out)))
        steps.begin("compiling \(index + 1) of \(packages.count): \(package.url.path)", log: listener.log)
        let compiled = try await compilePackage(
            package.url, identity: try digest(ofFolder: package.url), machine: machine, out: options.out,
            cleansed: true, listener: listener)
        let model = try options.into.map { try place(compiled, in: $0.appendingPathComponent(package.inside)) }
        made.append([
            "model": (model ?? compiled.model).path, "sha256": compiled.digest.sha256, "log": compiled.log.path,
            "reused": compiled.reused ? "yes" : "no",
        ])
    }
    if !options.json {
        for one in made { show(one["model"] ?? "") }
    } else if options.path.pathExtension == "mlpackage" {
        try printJSON(made[0])
    } else {
        try printJSON(made)
    }
    return .yes
}

/// A package, and the folder of the build that it is in, relative to the build's own.
private struct PackageToCompile {
    let url: URL
    let inside: String
}

/// The one that is named, or all of a build: those of its folder, then those one folder deeper, each by name.
private func packagesToCompile(_ options: Options) throws -> [PackageToCompile] {
    let path = options.path
    if path.pathExtension == "mlpackage" { return [PackageToCompile(url: path, inside: "")] }
    let name = path.lastPathComponent
    guard options.into != nil else {
        throw Failure.mistake("\(name) is not an .mlpackage; for all packages of a build say --into DIR too")
    }
    let found = try ([""] + folders(in: path)).flatMap { inside in
        try names(in: path.appendingPathComponent(inside), ending: "mlpackage").map {
            PackageToCompile(url: path.appendingPathComponent(inside).appendingPathComponent($0), inside: inside)
        }
    }
    guard !found.isEmpty else { throw Failure.mistake("\(path.path) holds no .mlpackage") }
    return found
}

/// Names of the plain folders in `folder`, sorted.
private func folders(in folder: URL) throws -> [String] {
    try names(in: folder, ending: "").filter {
        var isFolder: ObjCBool = false
        let path = folder.appendingPathComponent($0).path
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }
}

private func names(in folder: URL, ending: String) throws -> [String] {
    guard let all = try? FileManager.default.contentsOfDirectory(atPath: folder.path) else {
        throw Failure.mistake("\(folder.path) is not a folder that can be read")
    }
    return all.filter { ($0 as NSString).pathExtension == ending }.sorted()
}

/// Copies a compiled model to its plain name. What stood there is replaced once the copy is whole and has the same bytes.
private func place(_ compiled: Compiled, in folder: URL) throws -> URL {
    let manager = FileManager.default
    let name = compiled.model.lastPathComponent
    let model = folder.appendingPathComponent(name)
    let part = folder.appendingPathComponent(".\(name).part-\(ProcessInfo.processInfo.processIdentifier)")
    do {
        defer { try? manager.removeItem(at: part) }
        try manager.createDirectory(at: folder, withIntermediateDirectories: true)
        try? manager.removeItem(at: part)
        try manager.copyItem(at: compiled.model, to: part)
        if let why = compiled.digest.difference(from: try digest(ofFolder: part)) {
            throw Failure.fault("the copy of \(name) is not what was compiled: \(why)")
        }
        if manager.fileExists(atPath: model.path) { try manager.removeItem(at: model) }
        try manager.moveItem(at: part, to: model)
    } catch let failure as Failure { throw failure } catch {
        throw Failure.mistake("cannot write \(model.path): \(error.localizedDescription)")
    }
    return model
}

/// The one way to compile: the disk is checked first, for this package anew.
func compilePackage(
    _ package: URL, identity: FolderDigest, machine: Machine, out: URL?, cleansed: Bool, listener: Listener
) async throws -> Compiled {
    guard package.pathExtension == "mlpackage" else {
        throw Failure.mistake("\(package.lastPathComponent) is not an .mlpackage")
    }
    try Machine.checkDisk(near: package.deletingLastPathComponent(), forPackages: size(ofFolder: package))
    return try await compile(
        package, identity: identity, osBuild: machine.system.osBuild, tool: toolVersion,
        into: compiledFolder(of: package, out: out), cleansed: cleansed, listener: listener)
}

func compiledFolder(of package: URL, out: URL?) -> URL {
    out ?? package.deletingLastPathComponent().appendingPathComponent("compiled")
}

/// What Core ML says, in every run; new words come last.
func logFile(in compiled: URL) throws -> URL {
    do { try FileManager.default.createDirectory(at: compiled, withIntermediateDirectories: true) } catch {
        throw Failure.mistake("cannot write \(compiled.path): \(error.localizedDescription)")
    }
    return compiled.appendingPathComponent("run.log")
}

func size(ofFolder folder: URL) -> Int64 {
    let files = FileManager.default.enumerator(atPath: folder.path)
    var sum: Int64 = 0
    while files?.nextObject() != nil { sum += (files?.fileAttributes?[.size] as? NSNumber)?.int64Value ?? 0 }
    return sum
}

/// All packages of a folder.
func packageBytes(_ folder: URL) -> Int64 {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.hasSuffix(".mlpackage") }.map { size(ofFolder: folder.appendingPathComponent($0)) }.reduce(
        0, +)
}
