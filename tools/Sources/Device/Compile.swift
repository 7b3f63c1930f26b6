/// Compiles a package into a folder named after its contents.
import CoreML
import Foundation
import Gate

public struct Compiled: Sendable {
    public let model: URL
    public let digest: FolderDigest
    public let log: URL
    public let reused: Bool
    /// What an earlier run heard of it; nothing of one that was just compiled.
    public let complaints: [Complaint]
}

/// Written last into a compiled folder: what it was made from.
private struct Marker: Codable, Equatable {
    let package: String
    let osBuild: String
    let tool: String
    let compiled: String
}

/// The digest of the package that a compiled model was made from, where its folder tells.
public func compiledFrom(_ model: URL) -> String? {
    let file = model.deletingLastPathComponent().appendingPathComponent("compiled.json")
    return (try? Data(contentsOf: file)).flatMap { try? JSONDecoder().decode(Marker.self, from: $0) }?.package
}

/// Compiles `package`, whose digest is `identity`, below `folder`. An earlier result is used again only if package, OS build,
/// tool and the compiled bytes are the same: an OS update invalidates compiled models (ane-book, exp 35). With `cleansed` one that
/// a complaint marks is compiled anew; otherwise it is returned with the complaints.
public func compile(
    _ package: URL, identity: FolderDigest, osBuild: String, tool: String, into folder: URL, cleansed: Bool,
    listener: Listener
) async throws -> Compiled {
    let key = String(sha256(Data("\(identity.sha256) \(osBuild) \(tool)".utf8)).prefix(16))
    let home = folder.appendingPathComponent(key)
    let name = package.deletingPathExtension().lastPathComponent + ".mlmodelc"
    func marker(_ digest: FolderDigest) -> Marker {
        Marker(package: identity.sha256, osBuild: osBuild, tool: tool, compiled: digest.sha256)
    }

    if let data = try? Data(contentsOf: home.appendingPathComponent("compiled.json")),
        let found = try? JSONDecoder().decode(Marker.self, from: data),
        let digest = try? digest(ofFolder: home.appendingPathComponent(name)), found == marker(digest)
    {
        let model = home.appendingPathComponent(name)
        let complaints = earlierComplaints(of: model)
        if complaints.isEmpty || !cleansed {
            return Compiled(model: model, digest: digest, log: listener.log, reused: true, complaints: complaints)
        }
    }

    let manager = FileManager.default
    do {
        try? manager.removeItem(at: home)
        let part = folder.appendingPathComponent("\(key).part-\(ProcessInfo.processInfo.processIdentifier)")
        defer { try? manager.removeItem(at: part) }
        try manager.createDirectory(at: part, withIntermediateDirectories: true)
        let made = try await listener.listen(of: []) {
            do { return try await MLModel.compileModel(at: package) } catch {
                throw Failure.mistake("\(package.lastPathComponent) does not compile: \(error.localizedDescription)")
            }
        }
        try manager.moveItem(at: made, to: part.appendingPathComponent(name))
        let digest = try digest(ofFolder: part.appendingPathComponent(name))
        try JSONEncoder().encode(marker(digest)).write(to: part.appendingPathComponent("compiled.json"))
        try manager.moveItem(at: part, to: home)
        return Compiled(
            model: home.appendingPathComponent(name), digest: digest, log: listener.log, reused: false, complaints: [])
    } catch let failure as Failure { throw failure } catch {
        throw Failure.mistake("cannot write below \(folder.path): \(error.localizedDescription)")
    }
}
