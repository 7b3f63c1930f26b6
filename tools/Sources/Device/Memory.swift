/// Memory of a process.
import Foundation

#if os(Linux)
    /// Of another process, in bytes; nil when it is gone.
    public func residentBytes(of process: Int32) -> Int64? { status("/proc/\(process)/status", "VmRSS") }

    /// The most that this process took so far.
    public func peakBytes() -> Int64 { status("/proc/self/status", "VmHWM") ?? 0 }

    private func status(_ path: String, _ key: String) -> Int64? {
        let lines = (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: "\n") ?? []
        let words = lines.first { $0.hasPrefix(key) }?.split(whereSeparator: \.isWhitespace) ?? []
        return words.count > 1 ? Int64(words[1]).map { $0 * 1024 } : nil
    }
#else
    public func residentBytes(of process: Int32) -> Int64? { usage(process).map { Int64($0.ri_phys_footprint) } }

    public func peakBytes() -> Int64 {
        usage(getpid()).map { Int64($0.ri_lifetime_max_phys_footprint) } ?? 0
    }

    private func usage(_ process: Int32) -> rusage_info_v4? {
        var info = rusage_info_v4()
        let result = withUnsafeMutablePointer(to: &info) { pointer in
            pointer.withMemoryRebound(to: rusage_info_t?.self, capacity: 1) {
                proc_pid_rusage(process, RUSAGE_INFO_V4, $0)
            }
        }
        return result == 0 ? info : nil
    }
#endif
