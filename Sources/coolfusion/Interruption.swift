// Ctrl-C: before any text exists the program ends at once; while it writes, it finishes the token at hand, closes its
// output properly (so JSON stays JSON) and then ends. A second Ctrl-C does not wait. Exit code 130 in all cases.
import Glibc
import Synchronization

enum Interruption {
    private static let requested = Atomic<Bool>(false)
    private static let writing = Atomic<Bool>(false)

    /// Installs the handler and ignores SIGPIPE, which `StandardOutput` sees as EPIPE instead. A parent that starts
    /// programs from a worker thread hands down a mask that blocks SIGINT (Foundation does), so it is unblocked.
    static func install() {
        signal(SIGPIPE, SIG_IGN)
        var interrupt = sigset_t()
        sigemptyset(&interrupt)
        sigaddset(&interrupt, SIGINT)
        pthread_sigmask(SIG_UNBLOCK, &interrupt, nil)
        // Without SA_RESTART, so that a read that waits for a person returns.
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in
            let first = Interruption.requested.exchange(true, ordering: .relaxed) == false
            if first && Interruption.writing.load(ordering: .relaxed) { return }
            _exit(CommandExit.interrupted)
        }
        sigaction(SIGINT, &action, nil)
    }

    /// From here on the program stops at the next token instead of at once.
    static func beginWriting() { writing.store(true, ordering: .relaxed) }

    /// The Ctrl-C so far has been dealt with; the next one is a first one.
    static func clear() { requested.store(false, ordering: .relaxed) }

    static var isRequested: Bool { requested.load(ordering: .relaxed) }

    /// Throws `CommandError.interrupted` after the output was closed, if Ctrl-C was pressed.
    static func check() throws(CommandError) {
        if isRequested { throw .interrupted }
    }
}
