/// A folder that `graphc emit --fixtures` wrote, checked to be one whole: fixtures, certificate and the very packages.
import Foundation
import Gate

struct Build {
    struct Package {
        let role: String
        let reference: Manifest.PackageReference
        let url: URL
        let digest: FolderDigest
    }

    let folder: URL
    let fixtures: Fixtures
    /// The block's package, then the step's.
    let packages: [Package]
    let certificate: Certificate?

    init(_ folder: URL) throws {
        self.folder = folder
        fixtures = try Fixtures.open(folder)
        let manifest = fixtures.manifest
        packages = try [("block", manifest.block), ("step", manifest.step)].map { [fixtures] role, reference in
            let url = try fixtures.url(of: reference)
            guard FileManager.default.fileExists(atPath: url.path) else {
                throw Failure.mistake("\(reference.package), which the fixtures name, is not in \(folder.path)")
            }
            let actual = try digest(ofFolder: url)
            let expected = FolderDigest(files: reference.files)
            if let why = expected.difference(from: actual) {
                throw Failure.mistake(
                    "\(reference.package) is not the package that the fixtures were written with: \(why)")
            }
            guard actual.sha256 == reference.sha256 else {
                throw Failure.mistake("the fixtures' digest of \(reference.package) is not that of the files they list")
            }
            return Package(role: role, reference: reference, url: url, digest: actual)
        }
        certificate = try manifest.certificate.map { try Certificate.read($0, in: folder) }
    }

    /// With no certificate everything that can be asserted is; the evidence then says that nothing was proven.
    func assertPreconditions() throws -> [PreconditionCheck] {
        try Gate.assertPreconditions(certificate?.preconditions ?? ["P1", "P2", "P3", "P4", "P6", "P7"], on: fixtures)
    }

    /// The author's lines, where there are any of this very package; no verdict depends on them.
    func lines(of package: Package, function: String) -> AuthorLines? {
        try? AuthorLines.find(
            in: [folder], package: package.reference.package, function: function, digest: package.digest.sha256)
    }

    func log(_ out: URL?) throws -> URL { try logFile(in: out ?? folder.appendingPathComponent("compiled")) }

    /// - Throws: a mistake when a package is no longer what it was when this was read.
    func checkUnchanged() throws {
        for package in packages {
            if let why = package.digest.difference(from: try digest(ofFolder: package.url)) {
                throw Failure.mistake("\(package.reference.package) changed while the gate ran: \(why)")
            }
        }
    }
}
