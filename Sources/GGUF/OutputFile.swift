// A file being written under a temporary name beside its place, which it takes only when complete.
// One idea: a crash, a full disk or an abandoned writer never leaves half a file under the final name.
import Glibc

package final class OutputFile {
    let path: String
    let temporaryPath: String
    private var descriptor: Int32

    /// Creates the temporary file with `count` bytes, all zero.
    package init(path: String, count: Int) throws(GGUFError) {
        self.path = path
        temporaryPath = "\(path).partial-\(getpid())"
        descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw .io(file: temporaryPath, operation: "create", code: errno) }
        guard ftruncate(descriptor, count) == 0 else {
            let code = errno
            discard()
            throw .io(file: temporaryPath, operation: "reserve \(count) bytes for", code: code)
        }
    }

    deinit { discard() }

    package func write(_ bytes: UnsafeRawBufferPointer) throws(GGUFError) {
        var rest = bytes
        while !rest.isEmpty {
            let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else { throw .io(file: temporaryPath, operation: "write", code: errno) }
            rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
    }

    /// Steps over `count` bytes, which stay zero.
    func skip(_ count: Int) throws(GGUFError) {
        guard lseek(descriptor, count, SEEK_CUR) >= 0 else {
            throw .io(file: temporaryPath, operation: "write", code: errno)
        }
    }

    /// Makes the bytes durable and gives the file its name, replacing what bore it.
    package func commit() throws(GGUFError) {
        guard fsync(descriptor) == 0 else { throw .io(file: temporaryPath, operation: "write", code: errno) }
        guard rename(temporaryPath, path) == 0 else { throw .io(file: path, operation: "rename to", code: errno) }
        close(descriptor)
        descriptor = -1
    }

    private func discard() {
        guard descriptor >= 0 else { return }
        close(descriptor)
        unlink(temporaryPath)
        descriptor = -1
    }
}
