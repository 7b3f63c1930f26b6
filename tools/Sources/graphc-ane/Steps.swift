/// What is being done: said as it begins, and noted in a file, so that whoever watches this process can name it when Core ML ends it.
import Device
import Foundation

/// The last thing that began.
struct StepNote: Codable, Equatable {
    var what: String
    /// Where Core ML's words go, and the evidence that says `running`.
    var log: String?
    var evidence: String?
    /// Rises with every note, so that the same words twice are progress too.
    var number: Int
}

/// The environment's word for the file of the note; who has it is watched.
let noteVariable = "GRAPHC_ANE_NOTE"

final class Steps {
    private let file = ProcessInfo.processInfo.environment[noteVariable].map { URL(fileURLWithPath: $0) }
    private var note = StepNote(what: "starting", number: 0)
    private var began = Date()
    private var lastSaid = Date()

    /// Something new begins.
    func begin(_ what: String, log: URL? = nil, evidence: URL? = nil) {
        (began, lastSaid) = (Date(), Date())
        if let log { note.log = log.path }
        if let evidence { note.evidence = evidence.path }
        keep(what)
        say(what)
    }

    /// One of many equal things begins; said every few seconds only, with the time that the rest takes at this rate.
    func count(_ what: String, _ done: Int, of all: Int) {
        if done == 0 { began = Date() }
        keep("\(what) \(done + 1) of \(all)")
        guard done > 0, Date().timeIntervalSince(lastSaid) >= 3 else { return }
        lastSaid = Date()
        let left = Date().timeIntervalSince(began) / Double(done) * Double(all - done)
        say("\(what) \(done + 1) of \(all), about \(Int(left.rounded(.up))) s left")
    }

    private func keep(_ what: String) {
        note.what = what
        note.number += 1
        guard let file, let data = try? JSONEncoder().encode(note) else { return }
        try? data.write(to: file, options: .atomic)
    }
}
