// stdout and stderr as byte streams without a buffer: what was written is out, whatever ends the process next.
// A reader that went away (EPIPE) ends the program quietly, once it has put its things in order; any other failure is an
// I/O error.
import Glibc
import Synchronization

enum StandardOutput {
    /// On a terminal: the cursor stands behind text that has not ended its line.
    static let isMidLine = Atomic<Bool>(false)

    /// Writes all of `text`; throws `CommandError.output` if stdout cannot take it.
    static func write(_ text: String) throws(CommandError) {
        var text = text
        if Terminal.outputIsTerminal, let last = text.utf8.last { isMidLine.store(last != 0x0A, ordering: .relaxed) }
        let code = text.withUTF8 { writeAll(STDOUT_FILENO, UnsafeRawBufferPointer($0)) }
        if code != 0 { throw .output("standard output", code) }
    }

    static func line(_ json: JSON) throws(CommandError) { try write(json.text + "\n") }
}

enum StandardError {
    /// Messages are a courtesy: a closed stderr is no reason to stop.
    static func write(_ text: String) {
        var text = text
        _ = text.withUTF8 { writeAll(STDERR_FILENO, UnsafeRawBufferPointer($0)) }
    }

    /// Writes a message on a line of its own, also where a progress line or the answer's text stands on the terminal.
    static func line(_ text: String) {
        ProgressLine.remove()
        let breaks = Terminal.errorIsTerminal && StandardOutput.isMidLine.exchange(false, ordering: .relaxed)
        write((breaks ? "\n" : "") + text + "\n")
    }
}

/// Writes the bytes to a descriptor; 0 or the errno that stopped it.
func writeAll(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int32 {
    var rest = bytes[...]
    while !rest.isEmpty {
        let count = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count > 0 {
            rest = rest.dropFirst(count)
        } else if errno != EINTR {
            return errno
        }
    }
    return 0
}
