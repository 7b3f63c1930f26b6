/// What can go wrong, and the exit code that says so.

/// The exit codes of the tool. A fault is never a pass.
public enum ExitCode: Int32, Sendable {
    case pass = 0
    case residency = 1
    case fault = 2
    case parity = 3
    case unsupported = 4
}

/// A run that stopped: one clear sentence, and the exit code it ends with.
public struct Failure: Error, CustomStringConvertible, Sendable {
    public let code: ExitCode
    public let message: String

    public init(_ code: ExitCode, _ message: String) {
        self.code = code
        self.message = message
    }

    /// A fault of the tool, of a file or of the plan: nothing was measured.
    public static func fault(_ message: String) -> Failure { Failure(.fault, message) }

    public var description: String { message }
}
