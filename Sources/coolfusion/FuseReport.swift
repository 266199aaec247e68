// What a fusion reports about itself, as the JSON of the contract.
import ChatTemplates
import Fusion
import Inference

/// The JSON of `fuse`: segments as they come, then the result.
struct FuseReport {
    var models: [Model]
    var options: FusionOptions

    /// A line of --jsonl.
    func segmentEvent(_ segment: Segment) -> JSON { .object([("event", "segment")] + segmentMembers(segment)) }

    /// The last line of --jsonl.
    func resultEvent(_ result: FusionResult) -> JSON {
        .object([("event", "result")] + resultMembers(result, withSegments: false))
    }

    /// What the page of --report shows. `continues`: the text goes on from the prompt itself, not from a template.
    func page(_ result: FusionResult, _ messages: [Message], continues: Bool) -> JSON {
        [
            "version": .string(Coolfusion.version), "messages": MessagesFile.json(messages),
            "continues": .bool(continues), "result": self.result(result),
        ]
    }

    func result(_ result: FusionResult) -> JSON { .object(resultMembers(result, withSegments: true)) }

    private func segmentMembers(_ segment: Segment) -> [(String, JSON)] {
        var members: [(String, JSON)] = [
            ("text", .string(segment.text)), ("offset", .integer(segment.offset)),
            ("proposers", .strings(segment.proposers)),
            ("how", .string(segment.how.rawValue)), ("candidates", .array(segment.candidates.map(candidate))),
        ]
        if let margin = segment.margin { members.append(("margin", .number(margin))) }
        if !segment.events.isEmpty { members.append(("events", .strings(segment.events.map(\.description)))) }
        return members + [("seconds", .number(segment.seconds))]
    }

    private func resultMembers(_ result: FusionResult, withSegments: Bool) -> [(String, JSON)] {
        var members: [(String, JSON)] = [
            ("text", .string(result.text)), ("stop", .string(result.stop.rawValue)),
            ("strategy", .string(options.strategy.rawValue)), ("rank", .string(options.rank)),
            ("models", .array(models.map(Self.model))),
        ]
        if withSegments { members.append(("segments", .array(result.segments.map { .object(segmentMembers($0)) }))) }
        if !result.answers.isEmpty { members.append(("answers", .array(result.answers.map(answer)))) }
        if !result.events.isEmpty { members.append(("events", .strings(result.events.map(\.description)))) }
        return members + [
            ("weights", .object(result.weights.map { ($0.model, .number($0.weight)) })),
            ("usage", .object(result.usage.map { ($0.model, Self.usage($0.usage)) })),
            ("seconds", .number(result.seconds)), ("cpu_seconds", .number(result.cpuSeconds)),
        ]
    }

    static func model(_ model: Model) -> JSON {
        [
            "name": .string(model.name), "path": .string(model.path),
            "architecture": .string(model.config.architecture),
            "parameters": .integer(model.parameterCount), "quantization": .string(model.quantization),
            "device": .string(model.device),
        ]
    }

    private static func usage(_ usage: Usage) -> JSON {
        [
            "generated": .integer(usage.generated), "scored": .integer(usage.scored),
            "verified": .integer(usage.verified),
            "proposed": .integer(usage.proposed), "shared": .integer(usage.shared),
            "wasted": .integer(usage.wasted), "passes": .integer(usage.passes), "rows": .integer(usage.rows),
            "seconds": .number(usage.seconds), "cpu_seconds": .number(usage.cpuSeconds),
            "drafts": .array(
                usage.drafts.sorted { ($0.isLookup ? 1 : 0, $0.length) < ($1.isLookup ? 1 : 0, $1.length) }.map {
                    count in
                    [
                        "length": .integer(count.length), "lookup": .bool(count.isLookup),
                        "offered": .integer(count.offered), "whole": .integer(count.whole),
                        "confirmed": .integer(count.confirmed),
                    ]
                }),
        ]
    }

    private func candidate(_ candidate: CandidateReport) -> JSON {
        var members: [(String, JSON)] = [
            ("text", .string(candidate.text)), ("eos", .bool(candidate.eos)),
            ("proposers", .strings(candidate.proposers)),
        ]
        if let score = candidate.score { members.append(("score", .number(score))) }
        members.append(("models", evaluations(candidate.models)))
        return .object(members)
    }

    private func answer(_ answer: AnswerReport) -> JSON {
        var members: [(String, JSON)] = [
            ("text", .string(answer.text)), ("authors", .strings(answer.authors)),
            ("stop", .string(answer.stop.rawValue)),
        ]
        if let score = answer.score { members.append(("score", .number(score))) }
        if let parsed = answer.parsed { members.append(("parsed", .string(parsed))) }
        members.append(("models", evaluations(answer.models)))
        return .object(members)
    }

    /// In model order.
    private func evaluations(_ evaluations: [String: Evaluation]) -> JSON {
        .object(
            models.compactMap { model in
                evaluations[model.name].map { evaluation in
                    (
                        model.name,
                        [
                            "nll": .number(evaluation.nll), "tokens": .integer(evaluation.tokens),
                            "bytes": .integer(evaluation.bytes), "perplexity": .number(evaluation.perplexity),
                        ]
                    )
                }
            })
    }
}
