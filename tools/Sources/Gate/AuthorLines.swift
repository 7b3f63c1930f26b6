/// The author's lines: `NAME.lines.json`, which `graphc emit --fixtures` writes beside the packages of a graph file (docs/fixtures.md).
import Foundation

/// Where the values of one function of one package were made.
public struct AuthorLines: Equatable, Sendable {
    /// The name of the file that says it.
    public let file: String
    private let values: [String: String]

    /// `FILE:LINE:COLUMN` of the first of these values that has one.
    public func place(of values: [String]) -> String? { values.lazy.compactMap { self.values[$0] }.first }

    private struct File: Decodable {
        let format: String
        let version: Int
        let functions: [Function]

        struct Function: Decodable {
            let package: String
            let function: String?
            let sha256: String
            let values: [String: String]
        }
    }

    /// Looks for a file that names the package, in these folders in this order. `digest` is that of the package: lines of another one of the
    /// same name are none. Nil where no file names it.
    /// - Throws: a mistake that says why what was found is of no use
    public static func find(in folders: [URL], package: String, function: String, digest: String?) throws
        -> AuthorLines?
    {
        for folder in folders {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
            for name in names.filter({ $0.hasSuffix(".lines.json") }).sorted() {
                let file = try read(folder.appendingPathComponent(name))
                let own = file.functions.filter { $0.package == package }
                guard let found = own.first(where: { ($0.function ?? "main") == function }) else { continue }
                guard found.sha256 == digest else {
                    throw Failure.mistake("\(name) is of another \(package)")
                }
                return AuthorLines(file: name, values: found.values)
            }
        }
        return nil
    }

    private static func read(_ url: URL) throws -> File {
        guard let data = try? Data(contentsOf: url), let file = try? JSONDecoder().decode(File.self, from: data),
            file.format == "graphc-lines", file.version == 1
        else { throw Failure.mistake("\(url.lastPathComponent) is not graphc-lines of version 1") }
        return file
    }
}
