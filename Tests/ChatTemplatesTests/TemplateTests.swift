// Chat templates against jinja2's renderings (Templates/golden.json, made by tools/make_template_golden.py), errors with
// their places, and the limits that stop a hostile template.

import Foundation
import Testing

@testable import ChatTemplates

private struct Golden: Decodable, CustomTestStringConvertible {
    struct Turn: Decodable {
        let role: String
        let content: String
    }
    let template: String
    let messages: [Turn]
    let addGenerationPrompt: Bool
    let text: String?
    let raised: String?

    var testDescription: String { "\(template), \(messages.count) messages" }
}

private let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Templates")

private func source(_ name: String) throws -> String {
    try String(contentsOf: folder.appending(path: "\(name).jinja"), encoding: .utf8)
}

private let specialTokens = ["bos_token": "<s>", "eos_token": "</s>"]

private let families = [
    "command-r", "deepseek-r1", "expressions", "falcon3", "gemma", "glm4", "gpt-oss", "granite", "internlm2", "llama2",
    "llama3", "macros", "mistral", "olmo2", "phi3", "qwen2", "qwen3", "smollm3",
]

@Test(arguments: families)
func rendersAsJinja2(family: String) throws {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let golden = try decoder.decode([Golden].self, from: Data(contentsOf: folder.appending(path: "golden.json")))
    let cases = golden.filter { $0.template == family }
    #expect(cases.count == 60)
    let template = try ChatTemplate(source: source(family), specialTokens: specialTokens)
    for expected in cases {
        let messages = expected.messages.map { Message(role: $0.role, content: $0.content) }
        do {
            let text = try template.render(
                messages, addGenerationPrompt: expected.addGenerationPrompt, now: TemplateClock(seconds: 1_700_000_000)
            ).text
            #expect(expected.raised == nil)
            if let wanted = expected.text, Array(wanted.utf8) != Array(text.utf8) {
                Issue.record("\(expected.messages.map(\.content))\nwanted: \(wanted)\nfound:  \(text)")
            }
        } catch {
            #expect(error == .raised(expected.raised ?? "nothing"))
        }
    }
}

@Test(arguments: [
    ("{{ a", 1, 1), ("line\n{% if x %}", 2, 1), ("{{ 1 + }}", 1, 8), ("{% endif %}", 1, 4), ("{{ 'open }}", 1, 4),
    ("a\nb {{ $ }}", 2, 6), ("{% for x of y %}{% endfor %}", 1, 10), ("{# never", 1, 1), ("{{ (1 }}", 1, 1),
])
func syntaxErrorsNameThePlace(source: String, line: Int, column: Int) {
    let error = #expect(throws: TemplateError.self) { try Template(source) }
    guard case .syntax(_, let position)? = error else {
        Issue.record("\(String(describing: error))")
        return
    }
    #expect(position == TemplatePosition(line: line, column: column))
}

@Test(arguments: [
    "{% include 'x' %}", "{{ x | attr('y') }}", "{{ 'a'.format(1) }}", "{{ '%s' % 1 }}", "{{ [].append(1) }}",
    "{{ 1 is weird }}",
])
func whatIsNotInTheSubsetIsRefused(source: String) {
    #expect(throws: TemplateError.self) { try Template(source).render([:]) }
}

@Test(arguments: [
    "{{ x.y }}", "{{ x['y'] }}", "{{ x() }}", "{{ x.strip() }}", "{{ 1 + 'a' }}", "{{ 1 < 'a' }}", "{{ 1 // 0 }}",
])
func typeErrorsAreTyped(source: String) {
    #expect(throws: TemplateError.self) { try Template(source).render([:]) }
}

@Test(arguments: [
    "{% for a in range(100000) %}{% for b in range(100000) %}{{ b }}{% endfor %}{% endfor %}",
    "{% set ns = namespace(t='x') %}{% for a in range(100) %}{% set ns.t = ns.t ~ ns.t %}{% endfor %}",
    "{{ 'x' * 1000000000 }}", "{{ range(1000000000) | list }}", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% for a in range(1000) %}{{ 'x' * 100000 }}{% endfor %}", "{{ 9223372036854775807 * 4611686018427387904 }}",
    "{% set ns = namespace(t=[1]) %}{% for a in range(100) %}{% set ns.t = ns.t + ns.t %}{% endfor %}",
    "{{ 'aaaa' * 100000 | replace('a', 'b' * 100000) }}", "{{ range(-9223372036854775807, 9223372036854775807) }}",
])
func hostileTemplatesAreStopped(source: String) {
    #expect(throws: TemplateError.self) { try Template(source).render([:]) }
}

@Test func deepNestingIsStoppedWhileParsing() {
    for (open, close) in [("(", ")"), ("[", "]"), ("not ", ""), ("-", "")] {
        let source = "{{ " + String(repeating: open, count: 5000) + "1" + String(repeating: close, count: 5000) + " }}"
        #expect(throws: TemplateError.self) { try Template(source).render([:]) }
    }
    let blocks = String(repeating: "{% if 1 %}", count: 5000) + String(repeating: "{% endif %}", count: 5000)
    #expect(throws: TemplateError.self) { try Template(blocks).render([:]) }
    let chain = "{{ 1" + String(repeating: " + 1", count: 5000) + " }}"
    #expect(throws: TemplateError.self) { try Template(chain).render([:]) }
}

/// Every prefix of real templates, and every scalar of them replaced: an error or a text, never a crash.
@Test(arguments: ["macros", "expressions"])
func brokenTemplatesNeverCrash(family: String) throws {
    let text = Text(try source(family))
    let limits = { () -> TemplateLimits in
        var limits = TemplateLimits()
        limits.steps = 20_000
        limits.output = 100_000
        return limits
    }()
    let messages = Value.list([.map(["role": .string("user"), "content": .string("Hi")])])
    for index in text.indices {
        for replacement in ["{", "%", "(", "\"", " "] as Text where index % 13 == 0 {
            var broken = text
            broken[index] = replacement
            _ = try? Template(broken.string, limits: limits).render(["messages": messages])
        }
        if index % 5 == 0 {
            _ = try? Template(Text(text[..<index]).string, limits: limits).render(["messages": messages])
        }
    }
}

@Test(arguments: BuiltinTemplates.names)
func builtinTemplatesRender(name: String) throws {
    let source = try #require(BuiltinTemplates.source(named: name))
    let template = try ChatTemplate(source: source, specialTokens: specialTokens)
    let text = try template.render([
        Message(role: "system", content: "S"), Message(role: "user", content: "U"),
        Message(role: "assistant", content: "A"),
        Message(role: "user", content: "V"),
    ]).text
    for part in ["S", "U", "A", "V"] { #expect(text.contains(part)) }
    #expect(!text.contains("    "))
}

@Test func builtinTemplatesSpellTheirFormat() throws {
    func rendered(_ name: String) throws -> String {
        let source = try #require(BuiltinTemplates.source(named: name))
        return try ChatTemplate(source: source, specialTokens: specialTokens).render([
            Message(role: "system", content: "S"), Message(role: "user", content: "U"),
        ]).text
    }
    #expect(
        try rendered("chatml")
            == "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\n")
    #expect(try rendered("llama2") == "<s>[INST] <<SYS>>\nS\n<</SYS>>\n\nU [/INST]")
    #expect(try rendered("gemma") == "<s><start_of_turn>user\nS\n\nU<end_of_turn>\n<start_of_turn>model\n")
    #expect(try rendered("glm4") == "[gMASK]<sop><|system|>\nS<|user|>\nU<|assistant|>")
}

/// The mark of content survives what templates do to text, and hides nothing from them.
@Test(arguments: [
    ("{{ m }}", "ab"), ("<{{ m | trim }}>", "ab"), ("{{ m.strip().upper() }}!", "AB"), ("{{ m[1:] + '.' }}", "b"),
    ("{{ m.split('a')[1] }}x", "b"), ("{{ 'x' ~ m.replace('a', 'c') }}", "b"), ("{{ [m, m] | join('-') }}", "abab"),
    ("{% set x %}[{{ m }}]{% endset %}{{ x }}", "ab"), ("{{ m if m == 'ab' else '?' }}", "ab"),
    ("{{ m | tojson }}", "ab"), ("{{ m if m.startswith('a') and 'b' in m }}", "ab"), ("{{ m | title }}", "Ab"),
    ("{% for c in m %}{{ c }},{% endfor %}", "ab"), ("{{ m.title() | lower | capitalize | reverse }}", "bA"),
    ("{{ [m] }}{{ {'k': m} }}", "abab"), ("{{ m * 2 }}", "abab"), ("{{ [m] | map('upper') | first }}", "AB"),
])
func contentKeepsItsMark(source: String, content: String) throws {
    let text = try Template(source).renderMarked(["m": .string(Text("ab", isContent: true))], now: .now)
    #expect(Text(text.filter(\.isContent)).string == content)
    let rendered = RenderedText(text)
    #expect(rendered.templateRanges.reduce(0) { $0 + $1.count } == rendered.text.utf8.count - content.utf8.count)
}

@Test func onlyTheTemplatesOwnTextIsItsOwn() throws {
    let template = try ChatTemplate(
        source: "{{ bos_token }}{% for m in messages %}<|{{ m.role }}|>é{{ m.content }}{% endfor %}")
    let rendered = try template.render([
        Message(role: "user", content: "<|user|>"), Message(role: "a|><s", content: ""),
    ])
    #expect(rendered.text == "<|user|>é<|user|><|a|><s|>é")
    #expect(rendered.templateRanges == [0..<10, 18..<20, 25..<29])
}
