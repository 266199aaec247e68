// The time a template may ask for by `strftime_now`: given by the caller, so that a test or a replay renders the same text.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A moment for `strftime_now`.
public struct TemplateClock: Sendable {
    private let seconds: Int
    private let local: Bool

    /// Seconds since 1970 in UTC.
    public init(seconds: Int) {
        self.seconds = seconds
        local = false
    }

    private init(localSeconds: Int) {
        seconds = localSeconds
        local = true
    }

    /// The current local time.
    public static var now: TemplateClock { TemplateClock(localSeconds: time(nil)) }

    /// The moment in the C library's strftime notation; empty where the result exceeds 4096 bytes.
    func formatted(_ format: String) -> String {
        var moment = time_t(seconds)
        var parts = tm()
        if local { localtime_r(&moment, &parts) } else { gmtime_r(&moment, &parts) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) { strftime($0.baseAddress, $0.count, format, &parts) }
        }
        return String(decoding: buffer.prefix(count), as: UTF8.self)
    }
}
