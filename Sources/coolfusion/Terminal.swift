// What is drawn only for a person at a terminal: the progress line on stderr and the colours of stdout.
import Glibc

enum Terminal {
    static let errorIsTerminal = isatty(STDERR_FILENO) == 1
    /// Colours only on a terminal that knows them, and not with NO_COLOR (https://no-color.org: set and not empty).
    static let usesColours: Bool = {
        if let value = getenv("NO_COLOR"), value[0] != 0 { return false }
        if let term = getenv("TERM"), String(cString: term) == "dumb" { return false }
        return isatty(STDOUT_FILENO) == 1
    }()

    /// Foreground colours that stay readable on light and dark backgrounds.
    private static let palette = [36, 33, 35, 32, 34, 31]

    /// `text` in the colour of the model at `index`; nil is dim: all agreed.
    static func coloured(_ text: String, _ index: Int?) -> String {
        guard usesColours else { return text }
        return "\u{1B}[\(index.map { palette[$0 % palette.count] } ?? 2)m\(text)\u{1B}[0m"
    }
}

/// One line on stderr that is overwritten while something takes time; nothing where stderr is no terminal.
struct ProgressLine {
    private let isShown: Bool
    private var last: ContinuousClock.Instant?

    init(quiet: Bool) { isShown = !quiet && Terminal.errorIsTerminal }

    /// Shows `text`, at most ten times a second unless `always`.
    mutating func show(_ text: @autoclosure () -> String, always: Bool = false) {
        guard isShown else { return }
        let now = ContinuousClock.now
        if !always, let last, now - last < .milliseconds(100) { return }
        last = now
        StandardError.write("\r\u{1B}[K\(text())")
    }

    /// Removes the line, so that other output starts on a clean one.
    mutating func clear() {
        guard isShown, last != nil else { return }
        last = nil
        StandardError.write("\r\u{1B}[K")
    }
}
