// The page of --report: one HTML file with style, script and data inside (Sources/ReportPages). Its place is found to be
// writable before the run; the file appears there whole or not at all.
import GGUF
import Glibc
import ReportPages

/// A page to be written when there is something to show.
struct HTMLReport {
    /// What draws the page from its data.
    enum Script: String {
        case fusion = "fusion.js"
        case headroom = "headroom.js"
    }

    let path: String

    /// Checks that a file can be put at `path`: an existing regular file is replaced, through a link where it is one.
    init(_ path: String) throws(CommandError) {
        // A forgotten argument must not cost a model file.
        guard [".html", ".htm"].contains(where: path.hasSuffix) else {
            throw .usage("--report writes an HTML page: its name must end in .html, found '\(path)'")
        }
        var status = stat()
        if stat(path, &status) == 0 {
            let kind = status.st_mode & S_IFMT
            if kind == S_IFDIR { throw .output("'\(path)'", EISDIR) }
            // Renaming a page over a device or a pipe would replace it.
            guard kind == S_IFREG else { throw .output("'\(path)', which is no regular file", EINVAL) }
            guard access(path, W_OK) == 0 else { throw .output("'\(path)'", errno) }
            guard let real = realpath(path, nil) else { throw .output("'\(path)'", errno) }
            defer { free(real) }
            self.path = String(cString: real)
        } else if errno == ENOENT {
            self.path = path
        } else {
            throw .output("'\(path)'", errno)
        }
        // Made and, not being committed, removed at once.
        _ = try file(byteCount: 0)
    }

    /// Writes the page that shows `data`.
    func write(_ script: Script, _ data: JSON) throws(CommandError) {
        let page = Array(HTMLReport.page(script, data).utf8)
        let file = try file(byteCount: page.count)
        do {
            try page.withUnsafeBytes { try file.write($0) }
            try file.commit()
        } catch {
            throw failure(error)
        }
    }

    private func file(byteCount: Int) throws(CommandError) -> OutputFile {
        do { return try OutputFile(path: path, count: byteCount) } catch { throw failure(error) }
    }

    private func failure(_ error: any Error) -> CommandError {
        if case GGUFError.io(_, _, let code) = error { .output("'\(path)'", code) } else { .model(path, error) }
    }

    private static func page(_ script: Script, _ data: JSON) -> String {
        let values = [
            "{{style}}": part("page.css"), "{{data}}": data.scriptText,
            "{{script}}": part("page.js") + part(script.rawValue),
        ]
        // Places are looked for in the template only, never in what was put there.
        var rest = part("page.html")[...]
        var page = ""
        while let start = rest.firstRange(of: "{{"), let end = rest[start.upperBound...].firstRange(of: "}}") {
            page += rest[..<start.lowerBound] + (values[String(rest[start.lowerBound..<end.upperBound])] ?? "")
            rest = rest[end.upperBound...]
        }
        return page + rest
    }

    private static func part(_ name: String) -> String {
        for index in 0..<report_part_count() {
            guard let part = report_part_at(index)?.pointee, String(cString: part.name) == name else { continue }
            return String(decoding: UnsafeRawBufferPointer(start: part.bytes, count: part.byte_count), as: UTF8.self)
        }
        preconditionFailure("Sources/ReportPages has no \(name)")
    }
}

extension JSON {
    /// The text for a script element: the same values, but nothing in it can end the element, begin a comment, or change
    /// how a reader of the source sees it. `<` and unsafe characters occur in strings only, where they have escapes.
    var scriptText: String {
        var result = ""
        for scalar in text.unicodeScalars {
            if scalar == "<" || Terminal.isUnsafe(scalar) {
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
