// What is drawn only for a person at a terminal: the progress line on stderr and the colours of stdout.
import Glibc
import Synchronization

enum Terminal {
    static let errorIsTerminal = isatty(STDERR_FILENO) == 1
    static let outputIsTerminal = isatty(STDOUT_FILENO) == 1
    /// Colours only on a terminal that knows them, and not with NO_COLOR (https://no-color.org: set and not empty).
    static let usesColours: Bool = {
        if let value = getenv("NO_COLOR"), value[0] != 0 { return false }
        if let term = getenv("TERM"), String(cString: term) == "dumb" { return false }
        return outputIsTerminal
    }()

    /// Foreground colours that stay readable on light and dark backgrounds.
    private static let palette = [36, 33, 35, 32, 34, 31]

    /// `text` with everything that could move the cursor, hide text or change its direction written out: strings from files
    /// are not to be trusted. Line ends stay where `keepsLines`.
    static func safe(_ text: String, keepsLines: Bool = false) -> String {
        guard text.unicodeScalars.contains(where: isUnsafe) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            if isUnsafe(scalar), !(keepsLines && scalar == "\n") {
                result += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// Controls, line and paragraph separators, and marks that override or isolate direction or have no width.
    static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F...0x9F, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF, 0xE0000...0xE007F: true
        default: false
        }
    }

    /// `text` in the colour of the model at `index`.
    static func coloured(_ text: String, _ index: Int) -> String {
        guard usesColours else { return text }
        return "\u{1B}[\(palette[index % palette.count])m\(text)\u{1B}[0m"
    }
}

/// One line on stderr that is overwritten while something takes time; nothing where stderr is no terminal.
struct ProgressLine {
    private let isShown: Bool
    private var last: ContinuousClock.Instant?

    init(quiet: Bool) { isShown = !quiet && Terminal.errorIsTerminal }

    /// Whether the cursor stands behind such a line.
    private static let isDrawn = Atomic<Bool>(false)

    /// Shows `text`, at most ten times a second unless `always`.
    mutating func show(_ text: @autoclosure () -> String, always: Bool = false) {
        guard isShown else { return }
        let now = ContinuousClock.now
        if !always, let last, now - last < .milliseconds(100) { return }
        last = now
        Self.remove()
        StandardError.write(text())
        Self.isDrawn.store(true, ordering: .relaxed)
    }

    /// Removes the line, so that other output starts on a clean one.
    static func remove() {
        if isDrawn.exchange(false, ordering: .relaxed) { StandardError.write("\r\u{1B}[K") }
    }
}
