// The list of pre-tokenizers by the names that `tokenizer.ggml.pre` gives them.
// Facts (names, patterns, which add BOS or ignore merges) from the models' tokenizer files as gathered in llama.cpp's
// llama-vocab.cpp; each pattern stands quoted at its scanner. A new kind is a row here.

extension PreTokenizer {
    /// The kind of that name, or nil.
    static func named(_ name: String) -> PreTokenizer? {
        known.first { $0.names.contains(name) }
    }

    /// Every name the list knows, sorted, for messages.
    static var knownNames: [String] { known.flatMap(\.names).sorted() }

    /// What files without a usable name get when the caller insists.
    static let fallback = PreTokenizer(
        names: ["default"],
        stages: [
            scanRun(of: .punctuation, or: "$+<=>^~|"), scanGPT2, scanRun(of: .number), scanThreeDigits,
        ])

    /// The pattern whose piece starts stand in for models that have no pre-tokenizer.
    static let gpt2 = PreTokenizer(
        names: [
            "gpt-2", "phi-2", "jina-es", "jina-de", "jina-v2-es", "jina-v2-de", "gigachat", "a.x-4.0", "mellum",
            "modern-bert", "exaone4", "jina-v1-en", "jina-v2-code", "roberta-bpe", "mpt", "olmo", "jais", "trillion",
            "granite-docling",
        ],
        stages: [scanGPT2])

    static let lines = PreTokenizer(names: ["gemma4"], stages: [scanLines])

    static let known: [PreTokenizer] =
        [fallback, gpt2] + llama3Family + caseFamily + deepSeekFamily + digitFamily + others

    private static let llama3Family = [
        PreTokenizer(
            names: [
                "llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2",
                "jina-v5-nano",
            ],
            ignoresMerges: true, addsBOS: true, stages: [WordPattern().scanner]),
        PreTokenizer(names: ["chatglm-bpe", "glm4", "dbrx", "smaug-bpe"], stages: [WordPattern().scanner]),
        PreTokenizer(
            names: [
                "qwen2", "deepseek-r1-qwen", "megrez", "kormo", "openpangu", "f2llmv2", "stablelm2", "hunyuan",
                "solar-open", "grok-2",
            ],
            stages: [WordPattern(digits: 1).scanner]),
        PreTokenizer(names: ["ufakzeka"], stages: [WordPattern(contractions: .none, digits: 1).scanner]),
        PreTokenizer(names: ["qwen35"], stages: [WordPattern(word: [.letter, .mark], digits: 1).scanner]),
        PreTokenizer(names: ["seed-coder"], stages: [WordPattern(digits: 1, tail: .none).scanner]),
        PreTokenizer(
            names: ["bailingmoe", "bailingmoe2", "llada-moe"], stages: [WordPattern(digits: 1).scanner]),
        PreTokenizer(
            names: ["exaone-moe"],
            stages: [WordPattern(digits: 1, tail: .oneLineEndOrSlash, spacesInWords: true).scanner]),
        PreTokenizer(names: ["jais-2"], stages: [WordPattern(cascadesWhiteSpace: true).scanner]),
        PreTokenizer(names: ["laguna"], stages: [scanLines, WordPattern(digits: 1).scanner]),
    ]

    /// Words split where upper case follows lower case.
    private static let caseFamily = [
        PreTokenizer(
            names: ["tekken"], ignoresMerges: true, addsBOS: true,
            stages: [
                WordPattern(contractions: .none, splitsCase: true, digits: 1, tail: .lineEndsAndSlash).scanner
            ]),
        PreTokenizer(
            names: ["gpt-4o", "llama4", "kanana2", "minimax-m2"],
            stages: [WordPattern(contractions: .suffix, splitsCase: true, tail: .lineEndsAndSlash).scanner]),
        PreTokenizer(
            names: ["tiny_aya"],
            stages: [
                scanBoundedDigitGroups,
                WordPattern(contractions: .suffix, splitsCase: true, tail: .lineEndsAndSlash).scanner,
            ]),
        PreTokenizer(
            names: ["youtu"], ignoresMerges: true,
            stages: [
                scanRanges(anyOf: [
                    [0xAC00...0xD7A3, 0x3131...0x318E],
                    [
                        0xFF01...0xFF01, 0x2026...0x2026, 0x201C...0x201D, 0x2018...0x2019, 0x2014...0x2014,
                        0xFF1A...0xFF1B, 0xFF0C...0xFF0C, 0x3001...0x303F, 0xFE30...0xFE4F,
                    ],
                    [0x3105...0x312F],
                    [0x4E00...0x9FA5, 0x3040...0x30FF],
                ]),
                WordPattern(contractions: .suffix, splitsCase: true, digits: 1, tail: .lineEndsAndSlash).scanner,
            ]),
        PreTokenizer(
            names: ["kimi-k2"],
            stages: [
                scanRanges(hanRanges),
                WordPattern(contractions: .suffix, splitsCase: true).scanner,
            ]),
    ]

    private static let deepSeekFamily = [
        PreTokenizer(
            names: ["deepseek-llm"],
            stages: [
                scanLineEnd, scanScalars(spaced: true, isDeepSeekLetter),
                scanRanges(
                    [
                        0x21...0x2F, 0x3A...0x7E, 0xFF01...0xFF0F, 0xFF1A...0xFF5E, 0x2018...0x201F, 0x3000...0x3002,
                    ], spaced: true),
                scanTrailingWhiteSpace, scanRanges(deepSeekCJK), scanRun(of: .number, limit: 1),
            ]),
        PreTokenizer(
            names: ["deepseek-coder"],
            stages: [
                scanLineEnd, scanSpaced(.letter), scanSpaced(.punctuation), scanRanges(deepSeekCJK),
                scanRun(of: .number, limit: 1),
            ]),
        PreTokenizer(
            names: ["deepseek-v3", "hunyuan-dense", "joyai-llm"],
            stages: [
                scanRun(of: .number, limit: 3), scanRanges([0x4E00...0x9FA5, 0x3040...0x30FF]), scanDeepSeek3,
            ]),
        PreTokenizer(
            names: ["afmoe"], ignoresMerges: true,
            stages: [
                scanDigitGroups,
                scanRanges([
                    0x4E00...0x9FFF, 0x3400...0x4DBF, 0xF900...0xFAFF, 0x3040...0x30FF, 0xFF65...0xFF9F,
                    0x2F00...0x2FDF, 0x0E40...0x0E7F, 0x0E80...0x0EFF, 0x1780...0x17FF, 0x1000...0x109F,
                    0xAA60...0xAA7F, 0xA9E0...0xA9FF, 0xAC00...0xD7AF, 0x1100...0x11FF,
                ]),
                scanDeepSeek3,
            ]),
    ]

    private static let digitFamily = [
        PreTokenizer(
            names: [
                "starcoder", "refact", "command-r", "smollm", "codeshell", "exaone", "minerva-7b", "mellum2",
            ],
            stages: [scanRun(of: .number, limit: 1), scanGPT2]),
        PreTokenizer(
            names: ["falcon"],
            stages: [scanRun(of: .punctuation, or: "$+<=>^~|`"), scanGPT2, scanThreeDigits]),
        PreTokenizer(
            names: ["chameleon"], addsBOS: true,
            stages: [
                scanIndentation, scanRun(of: .number, limit: 1),
                scanRun(of: .punctuation, limit: 1, or: "$+<=>^`|~"), scanGPT2,
            ]),
    ]

    private static let others = [
        PreTokenizer(names: ["poro-chat", "bloom", "gpt3-finnish"], stages: [scanBloom]),
        PreTokenizer(names: ["viking"], stages: [scanBloom, scanRun(of: .number, limit: 1)]),
        PreTokenizer(names: ["superbpe"], stages: [scanRun(of: .number), scanDigitGroups]),
        lines,
    ]
}

private let deepSeekCJK: [ClosedRange<UInt32>] = [0x0800...0x9FA5, 0xAC00...0xD7FF]

/// Scripts.txt, Script=Han.
private let hanRanges: [ClosedRange<UInt32>] = [
    0x2E80...0x2E99, 0x2E9B...0x2EF3, 0x2F00...0x2FD5, 0x3005...0x3005, 0x3007...0x3007, 0x3021...0x3029,
    0x3038...0x303B, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFA6D, 0xFA70...0xFAD9, 0x16FE2...0x16FE3,
    0x16FF0...0x16FF1, 0x20000...0x2A6DF, 0x2A700...0x2EBE0, 0x2EBF0...0x2EE5D, 0x2F800...0x2FA1D,
    0x30000...0x323AF,
]

/// DeepSeek LLM lists letters by range: those with case, as of the Unicode version its authors had, less some blocks.
@Sendable private func isDeepSeekLetter(_ scalar: UInt32) -> Bool {
    let found = CharacterClass(of: scalar)
    guard found.meets(.letter), !found.isSuperset(of: .letter) else { return false }
    switch scalar {
    case 0x560...0x588, 0x10C7, 0x10CD, 0x10D0...0x10FF, 0x1C80...0x1C88, 0x2D00...0x2D2D, 0xA790...0xA7FA,
        0xAB30...0xAB68, 0x10570...0x105BC, 0x16E40...0x16E7F, 0x1D400...0x1DF2A:
        return false
    default: return true
    }
}
