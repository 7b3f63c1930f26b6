/// Wall time, and the CPU time of the whole process: who waits for the Neural Engine burns little of the second.
import Foundation
import Gate

struct Stopwatch {
    private let wall = nanoseconds(CLOCK_MONOTONIC)
    private let cpu = nanoseconds(CLOCK_PROCESS_CPUTIME_ID)

    func read() -> Time {
        Time(
            wallMs: Double(nanoseconds(CLOCK_MONOTONIC) - wall) / 1e6,
            cpuMs: Double(nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu) / 1e6)
    }
}

private func nanoseconds(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
