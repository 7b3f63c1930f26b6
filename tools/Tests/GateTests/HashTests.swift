/// SHA-256 against published vectors; digests of folders.
import Foundation
import Gate
import Testing

// FIPS 180-4 examples, and the empty message.
@Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
]) func sha256Vectors(_ text: String, _ digest: String) { #expect(sha256(Data(text.utf8)) == digest) }

@Test func sha256OfAMillionInPieces() {
    var hash = SHA256()
    let text = Data(repeating: UInt8(ascii: "a"), count: 1_000_000)
    var start = 0
    for size in 1... where start < text.count {
        let end = min(start + size, text.count)
        hash.update(text[start..<end])
        start = end
        if start == text.count { break }
    }
    #expect(hash.finish() == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
}

@Test func folderDigest() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(
        at: folder.appendingPathComponent("Data"), withIntermediateDirectories: true)
    try Data("a".utf8).write(to: folder.appendingPathComponent("Data/w"))
    try Data("b".utf8).write(to: folder.appendingPathComponent("m"))
    let digest = try digest(ofFolder: folder)
    let (a, b) = (sha256(Data("a".utf8)), sha256(Data("b".utf8)))
    #expect(digest.files == ["Data/w": a, "m": b])
    #expect(digest.sha256 == sha256(Data("\(a)  ./Data/w\n\(b)  ./m\n".utf8)))
    #expect(digest.difference(from: FolderDigest(files: ["m": b])) == "Data/w is missing")
    #expect(digest.difference(from: FolderDigest(files: ["Data/w": b, "m": b])) == "Data/w has other bytes")
    #expect(digest.difference(from: digest) == nil)
    try FileManager.default.createSymbolicLink(
        atPath: folder.appendingPathComponent("l").path, withDestinationPath: "m")
    #expect(throws: Failure.self) { try Gate.digest(ofFolder: folder) }
}
