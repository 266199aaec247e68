// A page of --report as tests see it: its source, the data inside, and what headless Chromium makes of it.
import Foundation
import Testing

/// A folder for pages that goes away with the value.
final class ReportFolder {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("coolfusion-report-\(UUID().uuidString)")

    init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(at: url) }

    func path(_ name: String) -> String { url.appendingPathComponent(name).path }

    var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: url.path))?.sorted() ?? [] }
}

struct ReportPage {
    let path: String
    let source: String

    init(_ path: String) throws {
        self.path = path
        source = try String(contentsOfFile: path, encoding: .utf8)
    }

    private static let opening = "<script type=\"application/json\" id=\"data\">"

    /// The data between its tags, as a browser delimits it.
    private var dataRange: Range<String.Index> {
        get throws {
            let start = try #require(source.range(of: Self.opening)).upperBound
            let end = try #require(
                source.range(of: "</script", options: .caseInsensitive, range: start..<source.endIndex))
            return start..<end.lowerBound
        }
    }

    func data() throws -> [String: Any] {
        let json = try source[dataRange]
        return try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
    }

    func result() throws -> [String: Any] { try #require(try data()["result"] as? [String: Any]) }

    /// Everything but the data.
    func frame() throws -> String { source.replacingCharacters(in: try dataRange, with: "") }
}

/// The browser of the tests that look at pages; they are skipped where it is absent.
enum Chromium {
    static let path = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    /// What `probe`, a script, finds in the page once it is drawn in a window of `width` pixels. A window of the browser
    /// itself is never narrower than 500 pixels, so the page stands in a frame.
    static func probe(_ page: ReportPage, _ probe: String, width: Int, isDark: Bool = false) throws -> [String: Any] {
        let folder = try ReportFolder()
        let script =
            "<script>addEventListener('load',()=>{parent.postMessage(JSON.stringify((()=>{\(probe)})()),'*')})</script>"
        try (page.source + script).write(toFile: folder.path("page.html"), atomically: true, encoding: .utf8)
        let frame = """
            <!doctype html><body style="margin:0"><script>
            onmessage = event => { document.body.textContent = "[[" + encodeURIComponent(event.data) + "]]" }
            </script><iframe src="page.html" style="border:0;width:\(width)px;height:800px"></iframe></body>
            """
        try frame.write(toFile: folder.path("frame.html"), atomically: true, encoding: .utf8)
        let arguments = ["--dump-dom"] + (isDark ? ["--blink-settings=preferredColorScheme=0"] : [])
        let document = String(decoding: try run(arguments, folder.path("frame.html"), folder), as: UTF8.self)
        let start = try #require(document.range(of: "[["), "\(document)").upperBound
        let end = try #require(document.range(of: "]]", range: start..<document.endIndex)).lowerBound
        let json = try #require(document[start..<end].removingPercentEncoding)
        return try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
    }

    /// A PNG of the page.
    static func screenshot(_ path: String) throws -> Data {
        let folder = try ReportFolder()
        _ = try run(["--screenshot=\(folder.path("shot.png"))"], path, folder)
        return try Data(contentsOf: URL(fileURLWithPath: folder.path("shot.png")))
    }

    private static func run(_ arguments: [String], _ path: String, _ folder: ReportFolder) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(Self.path))
        process.arguments =
            [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                "--no-first-run",
                "--user-data-dir=\(folder.path("profile"))",
                "--window-size=1000,800", "--virtual-time-budget=5000",
            ] + arguments + ["file://\(path)"]
        process.environment = ["PATH": "/usr/bin:/bin", "HOME": folder.url.path]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return data
    }
}
