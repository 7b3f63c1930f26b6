/// The proof certificate: that block = steps is proven, and which preconditions the proof leans on.
import Foundation

public struct Certificate: Sendable {
    public let digest: String
    /// Ids such as P1, in the file's order.
    public let preconditions: [String]

    private struct File: Decodable {
        let verdict: String
        let preconditions: [Entry]
        struct Entry: Decodable {
            let id: String
            init(from decoder: any Decoder) throws {
                struct Object: Decodable { let id: String }
                if let object = try? Object(from: decoder) {
                    id = object.id
                } else {
                    id = try decoder.singleValueContainer().decode(String.self)
                }
            }
        }
    }

    /// Reads the certificate that the fixtures name and checks that it is that very file.
    public static func read(_ reference: Manifest.FileReference, in folder: URL) throws -> Certificate {
        guard let data = try? Data(contentsOf: inside(folder, reference.file)) else {
            throw Failure.mistake("the certificate \(reference.file) is missing; write it with graphc emit --fixtures")
        }
        let digest = sha256(data)
        guard digest == reference.sha256 else {
            throw Failure.mistake("\(reference.file) is not the certificate that the fixtures were written with")
        }
        let file: File
        do { file = try JSONDecoder().decode(File.self, from: data) } catch {
            throw Failure.mistake("\(reference.file) is not a certificate: \(explain(error))")
        }
        guard file.verdict == "PROVEN" else {
            throw Failure.mistake("\(reference.file) says \(file.verdict): there is nothing to confirm on a device")
        }
        return Certificate(digest: digest, preconditions: file.preconditions.map(\.id))
    }
}
