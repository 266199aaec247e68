// Wall and CPU time since a moment, in seconds. CPU time is the whole process's, all threads.

import Glibc

public struct Stopwatch: Sendable {
    private let wall = Self.read(CLOCK_MONOTONIC)
    private let cpu = Self.read(CLOCK_PROCESS_CPUTIME_ID)

    public init() {}

    public var seconds: Double { Self.read(CLOCK_MONOTONIC) - wall }
    public var cpuSeconds: Double { Self.read(CLOCK_PROCESS_CPUTIME_ID) - cpu }

    private static func read(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}

/// Work done so far: passes over the weights, token rows evaluated, wall and CPU seconds.
public struct Work: Hashable, Sendable {
    public var passes = 0
    public var rows = 0
    public var seconds = 0.0
    public var cpuSeconds = 0.0

    public init() {}
}
