/// What can go wrong, and the exit code that says so.

/// The exit codes of the tool; those of `graphc` mean the same. Anything but `yes` is never a pass.
public enum ExitCode: Int32, Sendable {
    case yes = 0
    /// A no that was measured: an operation off the Neural Engine, or numbers that disagree. The message and the report
    /// say which.
    case no = 1
    /// A mistake in the command line, the files or the choice of the machine: nothing was measured.
    case mistake = 2
    /// A fault of the tool, of Core ML or of the device: what was begun could not be measured.
    case fault = 3
    /// This macOS cannot run the tool at all.
    case tooOld = 4
}

/// A run that stopped: one clear sentence, and the exit code it ends with.
public struct Failure: Error, CustomStringConvertible, Sendable {
    public let code: ExitCode
    public let message: String

    public init(_ code: ExitCode, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Something that the user can put right.
    public static func mistake(_ message: String) -> Failure { Failure(.mistake, message) }

    /// Something that nobody should see.
    public static func fault(_ message: String) -> Failure { Failure(.fault, message) }

    public var description: String { message }
}
