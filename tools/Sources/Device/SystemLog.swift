/// The unified log of this process. What Core ML's services say in processes of their own is not in it.
import Foundation

#if canImport(OSLog)
    import OSLog

    /// Messages since then; nil where the log cannot be read.
    func systemLog(since begun: Date) -> [String]? {
        guard let store = try? OSLogStore(scope: .currentProcessIdentifier),
            let entries = try? store.getEntries(at: store.position(date: begun))
        else { return nil }
        return entries.map(\.composedMessage)
    }
#else
    import CoreML

    func systemLog(since begun: Date) -> [String]? { scriptedLog() }
#endif
