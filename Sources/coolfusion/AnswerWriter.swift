// Writes an answer's text as it comes. On a terminal it ends with a line end; in a file it is the answer's bytes alone.
// Where the text does not show (JSON, a pipe), a progress line on a terminal's stderr says that something happens.
import Glibc

/// The text of an answer on its way to stdout.
struct AnswerWriter {
    private let showsText: Bool
    private var progress: ProgressLine
    private let start = ContinuousClock.now
    private var pieces = 0
    private(set) var failure: CommandError?

    init(showsText: Bool, quiet: Bool) {
        self.showsText = showsText
        progress = ProgressLine(quiet: quiet || (showsText && Terminal.outputIsTerminal))
    }

    /// Writes one JSON line; like `write`.
    mutating func write(line json: JSON) -> Bool {
        Interruption.beginWriting()
        do { try StandardOutput.line(json) } catch { failure = error }
        return write("")
    }

    /// Writes `text`, coloured for a terminal if `colour` says so. False: stop (Ctrl-C, or stdout does not take it).
    mutating func write(_ text: String, colour: ((String) -> String)? = nil) -> Bool {
        Interruption.beginWriting()
        pieces += 1
        if showsText && !text.isEmpty {
            do { try StandardOutput.write(colour?(text) ?? text) } catch { failure = error }
        }
        let (pieces, seconds) = (pieces, (ContinuousClock.now - start) / .seconds(1))
        progress.show("\(pieces) pieces in \(decimals(seconds, 1)) s")
        return failure == nil && !Interruption.isRequested
    }

    /// Ends the answer; throws what kept it from being written.
    mutating func finish() throws(CommandError) {
        ProgressLine.remove()
        if let failure { throw failure }
        if showsText && StandardOutput.isMidLine.load(ordering: .relaxed) { try StandardOutput.write("\n") }
    }
}

/// `value` with `places` decimals.
func decimals(_ value: Double, _ places: Int) -> String {
    var buffer = [CChar](repeating: 0, count: 64)
    let count = withVaList([Int32(places), value]) { vsnprintf(&buffer, buffer.count, "%.*f", $0) }
    return String(decoding: buffer.prefix(Int(max(0, min(count, 63)))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
