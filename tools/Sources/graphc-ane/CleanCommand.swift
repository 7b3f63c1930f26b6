/// clean: removes what compile left.
import Foundation
import Gate

/// Removes the folder of compiled models of each build, if it is one: it must hold nothing that this tool did not put there.
func cleanCommand(_ options: Options) throws -> ExitCode {
    var removed: [[String: String]] = []
    for path in options.paths {
        let folder = options.out ?? path.appendingPathComponent("compiled")
        guard FileManager.default.fileExists(atPath: folder.path) else { continue }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        if let stranger = names.sorted().first(where: { !isOurs($0, in: folder) }) {
            throw Failure.mistake(
                "\(folder.path) holds \(stranger), which this tool did not put there; nothing was removed")
        }
        let bytes = size(ofFolder: folder)
        do { try FileManager.default.removeItem(at: folder) } catch {
            throw Failure.mistake("cannot remove \(folder.path): \(error.localizedDescription)")
        }
        removed.append(["folder": folder.path, "bytes": "\(bytes)"])
    }
    if options.json {
        try printJSON(removed)
    } else {
        for one in removed { show("removed \(one["folder"]!) (\((Int64(one["bytes"]!) ?? 0) >> 20) MiB)") }
        if removed.isEmpty { show("there is nothing to remove") }
    }
    return .yes
}

/// A log, or a folder under a key, finished or not.
private func isOurs(_ name: String, in folder: URL) -> Bool {
    if name.hasPrefix("run.log") { return true }
    let key = name.prefix { $0 != "." }
    guard key.count == 16, key.allSatisfy(\.isHexDigit) else { return false }
    let inside = folder.appendingPathComponent(name).appendingPathComponent("compiled.json")
    return name.contains(".part-") || FileManager.default.fileExists(atPath: inside.path)
}
