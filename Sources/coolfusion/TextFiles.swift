// Reading what users name on the command line: whole files and lines of standard input, as bytes that must be UTF-8.
import Glibc

/// The bytes of a file or, for "-", of standard input.
func readBytes(_ path: String) throws(CommandError) -> [UInt8] {
    let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw errno == ENOENT ? .missingFile(path) : .io(path, errno) }
    defer { if path != "-" { close(descriptor) } }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = read(descriptor, &chunk, chunk.count)
        if count == 0 { return bytes }
        if count > 0 {
            bytes += chunk[..<count]
        } else if errno != EINTR {
            throw .io(path, errno)
        }
    }
}

/// The text of a file or, for "-", of standard input; refuses what is not UTF-8.
func readText(_ path: String) throws(CommandError) -> String {
    let bytes = try readBytes(path)
    guard let text = String(validating: bytes, as: UTF8.self) else {
        let name = path == "-" ? "standard input" : "'\(path)'"
        throw .badData("\(name) is not valid UTF-8 (first wrong byte at offset \(validUTF8Prefix(bytes)))")
    }
    return text
}

/// How many bytes at the start are valid UTF-8.
func validUTF8Prefix(_ bytes: [UInt8]) -> Int {
    var decoder = UTF8()
    var iterator = bytes.makeIterator()
    var offset = 0
    while case .scalarValue(let scalar) = decoder.decode(&iterator) { offset += UTF8.width(scalar) }
    return offset
}

/// The lines of standard input, each as soon as it is there.
struct InputLines {
    /// Of the line returned last, from 1.
    private(set) var number = 0
    private var buffer: [UInt8] = []
    private var start = 0
    private var isAtEnd = false
    /// Called when a signal interrupts the waiting.
    var onInterrupt: () -> Void = {}

    mutating func next() throws(CommandError) -> [UInt8]? {
        var searched = start
        while true {
            if let end = buffer[searched...].firstIndex(of: 0x0A) {
                defer { start = end + 1 }
                number += 1
                return Array(buffer[start..<end])
            }
            if isAtEnd {
                guard start < buffer.count else { return nil }
                defer { start = buffer.count }
                number += 1
                return Array(buffer[start...])
            }
            buffer.removeFirst(start)
            start = 0
            searched = buffer.count
            try fill()
        }
    }

    private mutating func fill() throws(CommandError) {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(STDIN_FILENO, &chunk, chunk.count)
        if count > 0 {
            buffer += chunk[..<count]
        } else if count == 0 {
            isAtEnd = true
        } else if errno == EINTR {
            onInterrupt()
        } else {
            throw .io("standard input", errno)
        }
    }
}
