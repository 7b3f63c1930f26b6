/// What the on-device compiler and the runtime below Core ML print when they give up a model. Core ML then goes on with the CPU and throws
/// nothing, so that a line of text is all there is to see.

/// Words of a line that mean a failure, and where they were seen.
public struct Phrase: Sendable {
    public let text: String
    public let source: String
}

/// Every phrase that is looked for; docs/evidence.md lists the same ones, and its judge asks for each.
public let complaintPhrases: [Phrase] = [
    Phrase(text: "ANECCompile", source: "apple/coremltools issue 1548"),
    Phrase(text: "MILCompilerForANE", source: "apple/coremltools issue 2758"),
    Phrase(text: "MILCompileForANE", source: "apple/ml-stable-diffusion issue 254"),
    Phrase(text: "ANE model load has failed", source: "FluidInference/FluidAudio issue 121"),
    Phrase(text: "ANECF error", source: "apple/coremltools issue 1106"),
    Phrase(text: "Program load failure", source: "apple/ml-stable-diffusion issue 26"),
    Phrase(text: "E5RT encountered", source: "apple/coremltools issue 2247"),
]

/// Where something was said.
public enum Stream: String, Codable, CaseIterable, Sendable {
    case standardOutput = "standard output", standardError = "standard error", unifiedLog = "unified log"
}

/// A line that holds one of the phrases.
public struct Complaint: Codable, Equatable, Sendable {
    public let stream: Stream
    public let line: String

    public init(stream: Stream, line: String) { (self.stream, self.line) = (stream, line) }
}

/// The lines of `text` that hold a phrase, whatever its case. Bytes that are no UTF-8 do not hide a line.
public func complaints(in text: String, from stream: Stream) -> [Complaint] {
    text.split(whereSeparator: \.isNewline).filter { line in
        complaintPhrases.contains { line.lowercased().contains($0.text.lowercased()) }
    }.map { Complaint(stream: stream, line: String($0)) }
}
