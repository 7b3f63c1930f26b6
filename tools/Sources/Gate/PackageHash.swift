/// The identity of a package on disk: the digest of every file in it.
import Foundation

/// What a folder holds, byte for byte.
public struct FolderDigest: Codable, Equatable, Sendable {
    /// SHA-256 over one line `<file digest>  ./<path>\n` for each file, sorted by the bytes of its path: what
    /// `find . -type f | LC_ALL=C sort | xargs sha256sum | sha256sum` prints, and `graphc emit` calls the package's digest.
    public let sha256: String
    /// SHA-256 by path inside the folder, with forward slashes.
    public let files: [String: String]

    public init(files: [String: String]) {
        let sorted = files.sorted { Array($0.key.utf8).lexicographicallyPrecedes(Array($1.key.utf8)) }
        self.sha256 = Gate.sha256(Data(sorted.map { "\($0.value)  ./\($0.key)\n" }.joined().utf8))
        self.files = files
    }

    /// How `actual` differs from this, for a message; nil when equal.
    public func difference(from actual: FolderDigest) -> String? {
        for path in Set(files.keys).union(actual.files.keys).sorted() where files[path] != actual.files[path] {
            if files[path] == nil { return "\(path) does not belong to it" }
            return actual.files[path] == nil ? "\(path) is missing" : "\(path) has other bytes"
        }
        return sha256 == actual.sha256 ? nil : "its digest is not that of its files"
    }
}

/// Hashes every file below `folder`. A link or special file is a fault: it could change without a trace.
public func digest(ofFolder folder: URL) throws -> FolderDigest {
    var files: [String: String] = [:]
    try visit(folder, path: "", into: &files)
    guard !files.isEmpty else { throw Failure.mistake("\(folder.path) holds no files") }
    return FolderDigest(files: files)
}

private func visit(_ folder: URL, path: String, into files: inout [String: String]) throws {
    let manager = FileManager.default
    guard let names = try? manager.contentsOfDirectory(atPath: folder.path) else {
        throw Failure.mistake("\(folder.path) is not a folder that can be read")
    }
    for name in names {
        let url = folder.appendingPathComponent(name)
        let inside = path.isEmpty ? name : "\(path)/\(name)"
        switch try manager.attributesOfItem(atPath: url.path)[.type] as? FileAttributeType {
        case .typeDirectory?: try visit(url, path: inside, into: &files)
        case .typeRegular?: files[inside] = try sha256(fileAt: url)
        default: throw Failure.mistake("\(url.path) is neither a file nor a folder; a package holds nothing else")
        }
    }
}
