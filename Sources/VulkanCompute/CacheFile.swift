// A small file under the XDG cache directory whose bytes are believed only if their checksum fits.
// Failing to read or write one is never an error: what it holds can be made again.

import Glibc

struct CacheFile {
    let path: String

    /// `<cache>/coolfusion/vulkan/<name>`; nil without a home. XDG Base Directory Specification: $XDG_CACHE_HOME if it is
    /// absolute, else $HOME/.cache.
    init?(name: String) {
        var root = getenv("XDG_CACHE_HOME").map { String(cString: $0) } ?? ""
        if !root.hasPrefix("/") {
            guard let home = getenv("HOME").map({ String(cString: $0) }), home.hasPrefix("/") else { return nil }
            root = home + "/.cache"
        }
        path = root + "/coolfusion/vulkan/" + name
    }

    init(path: String) { self.path = path }

    private static let checksumBytes = 16
    private static let mostBytes = 256 << 20

    /// The bytes as written, or nil if the file is absent, damaged or absurdly large.
    func read() -> [UInt8]? {
        guard let file = fopen(path, "rb") else { return nil }
        defer { fclose(file) }
        guard fseek(file, 0, SEEK_END) == 0 else { return nil }
        let size = ftell(file)
        guard size > CacheFile.checksumBytes, size <= CacheFile.mostBytes, fseek(file, 0, SEEK_SET) == 0 else {
            return nil
        }
        var bytes = [UInt8](repeating: 0, count: size)
        guard fread(&bytes, 1, size, file) == size else { return nil }
        let body = bytes.dropFirst(CacheFile.checksumBytes)
        return Array(checksum(of: body).utf8) == Array(bytes.prefix(CacheFile.checksumBytes)) ? Array(body) : nil
    }

    /// Replaces the file in one step, so that a reader never sees half of it.
    func write(_ body: some Collection<UInt8>) {
        makeDirectories()
        let temporary = "\(path).\(getpid())"
        guard let file = fopen(temporary, "wb") else { return }
        let bytes = Array(checksum(of: body).utf8) + Array(body)
        let isWritten = fwrite(bytes, 1, bytes.count, file) == bytes.count
        let isClosed = fclose(file) == 0
        if !isWritten || !isClosed || rename(temporary, path) != 0 { unlink(temporary) }
    }

    private func checksum(of body: some Collection<UInt8>) -> String {
        var hash = Fingerprint()
        hash.add(body)
        return hash.hex
    }

    private func makeDirectories() {
        for (i, byte) in path.utf8.enumerated() where byte == UInt8(ascii: "/") && i > 0 {
            mkdir(String(decoding: path.utf8.prefix(i), as: UTF8.self), 0o700)
        }
    }
}
