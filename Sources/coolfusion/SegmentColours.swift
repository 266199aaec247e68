// Whose words are whose: on a terminal that knows colours each model has one, and what all agreed on has none.
import Fusion
import Inference

struct SegmentColours {
    let names: [String]

    init(_ models: [Model]) { names = models.map(\.name) }

    /// One line that says which colour is whose; nil where colours are not shown.
    var legend: String? {
        guard Terminal.usesColours else { return nil }
        let coloured = names.indices.map { Terminal.coloured("■ \(names[$0])", $0) }
        return coloured.joined(separator: "  ") + (names.count > 1 ? "  ■ all agree" : "")
    }

    func coloured(_ text: String, _ segment: Segment) -> String {
        guard segment.how == .ranked, let proposer = segment.proposers.first else { return text }
        return names.firstIndex(of: proposer).map { Terminal.coloured(text, $0) } ?? text
    }
}
