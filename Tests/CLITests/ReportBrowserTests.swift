// The pages of `--report` in headless Chromium: drawn from their data, narrow, dark, by keyboard and by tap.
import Foundation
import Testing

@Suite(.enabled(if: Chromium.path != nil)) struct ReportBrowserTests {
    private static let fixtures = ["tiny-llama", "tiny-qwen2", "tiny-gpt2", "tiny-qwen3"]

    /// A fused text of ten models, some of them the same, one with a hostile name and a hostile prompt.
    private func fusionPage(_ folder: ReportFolder) throws -> ReportPage {
        let models = (0..<10).flatMap { index in
            let name = index == 3 ? "<img>" : "a-model-with-a-rather-long-name-\(index)-Q4_K_M"
            return ["-m", "\(name)=\(Executable.fixture(Self.fixtures[index % 4]))"]
        }
        let path = folder.path("fusion.html")
        let outcome = try Executable.run(
            ["fuse"] + models + [
                "-p", "</script><script>document.title = 'owned'</script> \u{202E}x", "--raw", "-n", "40",
                "--max-segment-tokens", "4", "-q", "--report", path,
            ])
        try #require(outcome.code == 0, "\(outcome.error)")
        return try ReportPage(path)
    }

    private static let look = """
        const options = [...document.querySelectorAll('.text [role=option]')];
        const panel = document.querySelector('.panel');
        const chosen = () => options.findIndex(option => option.getAttribute('aria-selected') === 'true');
        const first = { chosen: chosen(), panel: panel.innerText };
        options[first.chosen].dispatchEvent(new KeyboardEvent('keydown', { key: 'Home', bubbles: true }));
        options[0].dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }));
        const byKey = { chosen: chosen(), isFocused: document.activeElement === options[1], panel: panel.innerText };
        options[2].click();
        const marks = [...document.querySelectorAll('.text .ranked > .mark')].map(mark => getComputedStyle(mark));
        return {
          width: document.documentElement.scrollWidth, window: innerWidth, title: document.title,
          scripts: document.scripts.length, images: document.images.length,
          text: options.map(option => option.textContent).join(''), shown: document.querySelector('.text').innerText,
          first, byKey, tapped: chosen(), isPicked: document.body.classList.contains('picked'),
          sheet: getComputedStyle(panel).position, marked: new Set(marks.map(mark => mark.backgroundColor)).size,
          underlined: marks.every(mark => mark.textDecorationLine === 'underline'),
          dots: document.querySelectorAll('.timeline circle').length, tables: document.querySelectorAll('table').length,
          ink: getComputedStyle(document.body).color, paper: getComputedStyle(document.body).backgroundColor,
        };
        """

    @Test func aFusionIsDrawnOnAPhone() throws {
        let folder = try ReportFolder()
        let page = try fusionPage(folder)
        let segments = try #require(try page.result()["segments"] as? [[String: Any]])
        let ranked = segments.filter { $0["how"] as? String == "ranked" }
        try #require(ranked.count > 3 && segments.count > 3)
        let seen = try Chromium.probe(page, Self.look, width: 360)
        #expect(seen["window"] as? Int == 360 && seen["width"] as? Int == 360)
        let text = try #require(try page.result()["text"] as? String)
        // Characters that are written out aside, the segments are the text.
        if !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control && $0 != "\n" }) {
            #expect(seen["text"] as? String == text)
        }
        #expect(seen["dots"] as? Int == ranked.count)
        #expect((seen["marked"] as? Int ?? 0) > 1 && seen["underlined"] as? Bool == true)
        #expect((seen["tables"] as? Int ?? 0) >= 5)
        #expect(
            seen["tapped"] as? Int == 2 && seen["isPicked"] as? Bool == true && seen["sheet"] as? String == "sticky")
        // Nothing of the prompt or a name became markup: data, script and probe are all there is.
        #expect(seen["scripts"] as? Int == 3 && seen["images"] as? Int == 0)
        #expect((seen["title"] as? String)?.hasSuffix("coolfusion") == true)
        #expect(
            (seen["shown"] as? String)?.hasPrefix("</script><script>document.title = 'owned'</script> 202Ex") == true)
    }

    @Test func theKeyboardGoesFromSegmentToSegment() throws {
        let folder = try ReportFolder()
        let page = try fusionPage(folder)
        let segments = try #require(try page.result()["segments"] as? [[String: Any]])
        let seen = try Chromium.probe(page, Self.look, width: 1000)
        // Chosen first: the closest decision.
        let first = try #require(seen["first"] as? [String: Any])
        let margins = segments.map {
            $0["how"] as? String == "ranked" ? $0["margin"] as? Double ?? .infinity : .infinity
        }
        #expect(first["chosen"] as? Int == margins.firstIndex(of: margins.min() ?? 0))
        let byKey = try #require(seen["byKey"] as? [String: Any])
        #expect(byKey["chosen"] as? Int == 1 && byKey["isFocused"] as? Bool == true)
        let panel = try #require(byKey["panel"] as? String)
        #expect(panel.contains("segment 2 of \(segments.count)"))
        // Every candidate with its proposers and the score of every model.
        for candidate in try #require(segments[1]["candidates"] as? [[String: Any]]) {
            for name in try #require(candidate["proposers"] as? [String]) { #expect(panel.contains(name)) }
            if let score = candidate["score"] as? Double, abs(score) >= 10, abs(score) < 100 {
                #expect(panel.contains("score −\(String(format: "%.1f", abs(score)))"), "\(panel)")
            }
        }
    }

    @Test func darkModeTurnsThePaperDark() throws {
        let folder = try ReportFolder()
        let page = try fusionPage(folder)
        func brightness(_ colour: Any?) throws -> Int {
            let digits = try #require(colour as? String).split { !$0.isNumber }.compactMap { Int($0) }
            return digits.prefix(3).reduce(0, +)
        }
        for isDark in [false, true] {
            let seen = try Chromium.probe(page, Self.look, width: 1000, isDark: isDark)
            let (ink, paper) = (try brightness(seen["ink"]), try brightness(seen["paper"]))
            #expect(isDark ? ink > paper + 400 : paper > ink + 400)
            #expect((seen["width"] as? Int ?? .max) <= 1000)
        }
    }

    @Test func theHeadroomReportIsDrawnOnAPhone() throws {
        let folder = try ReportFolder()
        let outcome = try Executable.run([
            "eval", "demo", "--limit", "6", "--strategies", "all", "-n", "24", "-q", "--report",
            folder.path("page.html"),
        ])
        try #require(outcome.code == 0, "\(outcome.error)")
        let page = try ReportPage(folder.path("page.html"))
        let seen = try Chromium.probe(
            page,
            """
            return { width: document.documentElement.scrollWidth, answer: document.querySelector('h1').innerText,
              dots: [...document.querySelectorAll('figure')].map(figure => figure.querySelectorAll('circle').length),
              tests: [...document.querySelectorAll('section')].find(s => s.innerText.includes('McNemar')).querySelectorAll('tbody tr').length,
              kinds: document.querySelectorAll('.heat tbody tr').length, text: document.body.innerText };
            """, width: 360)
        let result = try page.result()
        let names = try #require(result["strategies"] as? [String: Any]).keys
        #expect(seen["width"] as? Int == 360)
        #expect(seen["answer"] as? String == (result["verdict"] as? String)?.replacing("solo:", with: ""))
        #expect(seen["dots"] as? [Int] == [names.count, names.count])
        #expect(seen["tests"] as? Int == (result["mcnemar"] as? [String: Any])?.count)
        #expect(seen["kinds"] as? Int == (result["labels"] as? [Any])?.count)
        let text = try #require(seen["text"] as? String)
        for name in names { #expect(text.contains(name.replacing("solo:", with: ""))) }
    }

    /// An empty page compresses to a few kilobytes.
    @Test func theScreenshotShowsSomething() throws {
        let folder = try ReportFolder()
        try "<!doctype html>".write(toFile: folder.path("blank.html"), atomically: true, encoding: .utf8)
        let blank = try Chromium.screenshot(folder.path("blank.html")).count
        #expect(try Chromium.screenshot(fusionPage(folder).path).count > 8 * blank)
    }
}
