// Which type each tensor of a model becomes: the names users know from llama.cpp (Q4_K_M and the like) as data.
// One idea: a recipe is a type for the body and a few upgrades where errors cost most (values of attention, ffn_down,
// output). Source of the mixes: llama.cpp's quantisation for dense models; its special cases for very large models and
// mixtures of eight experts are not followed.
import GGUF

/// A named mix of tensor types.
public struct QuantizationRecipe: Sendable {
    /// As users write it, and as it stands in file names.
    public let name: String
    /// The number in general.file_type.
    let fileType: UInt32
    /// What most matrices become.
    let body: String
    var upgrades: [Upgrade] = []

    /// Tensors of one role in some blocks get another type.
    struct Upgrade: Sendable {
        enum Blocks: Sendable {
            case all, firstTwo, firstFour
            /// The first eighth, where mistakes spread furthest.
            case firstEighth
            /// The first and last eighth, and every third between.
            case moreBits
        }
        var role: String
        var type: String
        var blocks = Blocks.all

        func applies(to block: Int, of count: Int) -> Bool {
            switch blocks {
            case .all: true
            case .firstTwo: block < 2
            case .firstFour: block < 4
            case .firstEighth: block < count / 8
            case .moreBits: block < count / 8 || block >= 7 * count / 8 || (block - count / 8) % 3 == 2
            }
        }
    }

    public static let all: [QuantizationRecipe] = [
        .init(name: "F32", fileType: 0, body: "F32"),
        .init(name: "F16", fileType: 1, body: "F16"),
        .init(name: "BF16", fileType: 32, body: "BF16"),
        .init(name: "Q8_0", fileType: 7, body: "Q8_0"),
        .init(name: "Q6_K", fileType: 18, body: "Q6_K"),
        .init(name: "Q5_K_M", fileType: 17, body: "Q5_K", upgrades: moreBits(fused: "Q6_K")),
        .init(name: "Q5_K_S", fileType: 16, body: "Q5_K"),
        .init(name: "Q4_K_M", fileType: 15, body: "Q4_K", upgrades: moreBits(fused: "Q5_K")),
        .init(
            name: "Q4_K_S", fileType: 14, body: "Q4_K",
            upgrades: [
                Upgrade(role: "attn_v", type: "Q5_K", blocks: .firstFour),
                Upgrade(role: "ffn_down", type: "Q5_K", blocks: .firstEighth),
            ]),
        .init(
            name: "Q3_K_L", fileType: 13, body: "Q3_K",
            upgrades: ["attn_v", "attn_output", "ffn_down"].map { Upgrade(role: $0, type: "Q5_K") }
                + [Upgrade(role: "attn_qkv", type: "Q4_K")]),
        .init(
            name: "Q3_K_M", fileType: 12, body: "Q3_K",
            upgrades: [Upgrade(role: "attn_v", type: "Q5_K", blocks: .firstTwo)]
                + ["attn_v", "attn_output", "ffn_down", "attn_qkv"].map { Upgrade(role: $0, type: "Q4_K") }),
        .init(name: "Q3_K_S", fileType: 11, body: "Q3_K"),
        .init(
            name: "Q2_K", fileType: 10, body: "Q2_K",
            upgrades: ["attn_v", "attn_output", "ffn_down"].map { Upgrade(role: $0, type: "Q3_K") }),
        .init(name: "IQ4_XS", fileType: 30, body: "IQ4_XS", upgrades: firstEighth("Q5_K")),
        .init(name: "IQ4_NL", fileType: 25, body: "IQ4_NL", upgrades: firstEighth("Q5_K")),
        .init(name: "Q5_1", fileType: 9, body: "Q5_1"),
        .init(name: "Q5_0", fileType: 8, body: "Q5_0"),
        .init(name: "Q4_1", fileType: 3, body: "Q4_1"),
        .init(name: "Q4_0", fileType: 2, body: "Q4_0"),
        .init(name: "MXFP4", fileType: 38, body: "MXFP4"),
        .init(name: "TQ2_0", fileType: 37, body: "TQ2_0"),
        .init(name: "TQ1_0", fileType: 36, body: "TQ1_0"),
    ]

    private static func moreBits(fused: String) -> [Upgrade] {
        ["attn_v", "ffn_down"].map { Upgrade(role: $0, type: "Q6_K", blocks: .moreBits) }
            + [Upgrade(role: "attn_qkv", type: fused)]
    }

    private static func firstEighth(_ type: String) -> [Upgrade] {
        [Upgrade(role: "ffn_down", type: type, blocks: .firstEighth)]
    }

    /// The recipe users write as `name`, upper or lower case; Q4_K, Q5_K and Q3_K mean their _M. Throws unknownRecipe,
    /// or noQuantizer for types that are known but not made here.
    public static func named(_ name: String) throws(QuantizationError) -> QuantizationRecipe {
        let wanted = name.uppercased()
        let full = ["Q3_K", "Q4_K", "Q5_K"].contains(wanted) ? wanted + "_M" : wanted
        if let found = all.first(where: { $0.name == full }) { return found }
        guard TensorType(label: wanted) == nil else {
            throw .noQuantizer(type: wanted, available: all.map(\.name))
        }
        throw .unknownRecipe(name: name, known: all.map(\.name))
    }

    /// What a matrix that stands in a block becomes.
    func label(role: String, block: Int, of count: Int) -> String {
        upgrades.first { role.hasPrefix($0.role) && $0.applies(to: block, of: count) }?.type ?? body
    }

    /// What the output matrix becomes: it decides every token, so it gets at least six bits.
    var outputLabel: String { ["F32", "F16", "BF16", "Q8_0"].contains(body) ? body : "Q6_K" }

    /// What the table of embeddings becomes: three values would not tell tokens apart.
    var embeddingLabel: String { body.hasPrefix("TQ") ? "Q4_K" : body }

    /// What a matrix becomes whose rows are no whole blocks of the type; nil: no type of blocks of 32 would do either.
    static func fallback(for type: TensorType, columns: Int) -> TensorType {
        let substitutes = ["Q4_K": "Q5_0", "Q5_K": "Q5_1", "Q6_K": "Q8_0", "TQ1_0": "Q4_0", "TQ2_0": "Q4_0"]
        let substitute = type.blockSize > 32 ? TensorType(label: substitutes[type.label] ?? "IQ4_NL") : nil
        guard let substitute, columns % substitute.blockSize == 0 else { return .f16 }
        return substitute
    }
}
