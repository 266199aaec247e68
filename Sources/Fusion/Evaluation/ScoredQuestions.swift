// Problems that are scored instead of written: the right one of several continuations, and the information of a text.
// One idea: every model says what each given text is worth, once; the contenders only differ in what they make of that.

import Inference

#if canImport(Glibc)
    import Glibc
#endif

extension Contest {
    /// Contenders by name that can take part where texts are given, or nil for all.
    public static func scoring(_ question: Question, _ contenders: [Contender]) -> [Contender] {
        contenders.filter { contender in
            switch question {
            case .open: true
            case .choices: contender.only == nil && contender.options.strategy != .primary
            case .text: contender.options.strategy == .solo || contender.name == "cool:pool"
            }
        }
    }

    /// Each model's likelihood of the texts after its prompt, in one batch where they are short.
    private func evaluate(_ texts: [[UInt8]], by source: any SourceModel) -> (scores: [TextScore?], usage: Usage) {
        let member = Member(source: source, name: source.name, index: 0, weight: 1)
        var scores: [TextScore?] = []
        for text in texts {
            let spelling = member.spelling(of: text, after: .init(), words: 1)
            var score: TextScore?
            if spelling.isExact {
                do throws(SourceFailure) {
                    try member.start()
                    score = TextScore(ends: spelling.ends, logprobs: try member.scoreWhole(spelling.tokens, stop: nil))
                } catch {
                    told(.left(model: source.name, reason: error))
                }
            }
            scores.append(score)
        }
        if let device = member.takeLoss() { told(.moved(model: source.name, lost: device)) }
        return (scores, member.usage)
    }

    /// A text's tokens by one model: where each ends, and its log-probability in nats.
    private struct TextScore {
        var ends: [Int]
        var logprobs: [Double]

        func evaluation(_ text: [UInt8]) -> Evaluation {
            Evaluation(nll: -logprobs.reduce(0, +), tokens: logprobs.count, bytes: text.count)
        }
    }

    /// The choice of least bits per byte, by one model, by the ranking rule of whole answers over all of them, by the
    /// contender's own rule, or by the models' majority. What nobody could score is not picked.
    func picks(_ sources: [any SourceModel], _ choices: [String], right: Int) throws(FusionError) -> [Attempt] {
        let texts = choices.map { Array($0.utf8) }
        let evaluated = sources.map { evaluate(texts, by: $0) }
        var attempts: [Attempt] = []
        for contender in contenders {
            let options = contender.options
            let voters = options.strategy == .solo ? [options.primary] : Array(sources.indices)
            let names = options.strategy == .cool && contender.name != "default" ? options.rank : options.ruleOfAnswers
            let reranker = Reranker(rule: try RankRule(named: names))
            func pick(_ voters: [Int]) -> [Int] {
                let ranking = reranker.rank(
                    texts.indices.map { place in
                        let votes = voters.compactMap { voter -> RankRule.Vote? in
                            evaluated[voter].scores[place].map { (voter, $0.evaluation(texts[place]), 1) }
                        }
                        return Reranker.Entry(votes: votes, proposers: 0)
                    })
                return ranking.order.filter { ranking.scores[$0] != nil }
            }
            var best = pick(voters)
            if options.strategy == .vote {
                let favourites = voters.compactMap { pick([$0]).first }
                func votes(_ choice: Int) -> Int { favourites.count { $0 == choice } }
                let most = best.map(votes).max()
                best = best.filter { votes($0) == most }
            }
            let usage = voters.reduce(Usage()) { $0 + evaluated[$1].usage }
            guard let chosen = best.first else {
                attempts.append(.none)
                continue
            }
            attempts.append(
                Attempt(
                    text: choices[chosen], parsed: String(chosen), isCorrect: chosen == right, tokens: usage.scored,
                    seconds: usage.seconds))
        }
        return attempts
    }

    /// The text's information by each model, and by the pool of all: between two offsets at which every model has a token
    /// end, the pool's probability is the mean of theirs.
    func predictions(_ sources: [any SourceModel], _ text: String) throws(FusionError) -> [Attempt] {
        let bytes = Array(text.utf8)
        let evaluated = sources.map { evaluate([bytes], by: $0) }
        return contenders.map { contender in
            let voters = contender.options.strategy == .solo ? [contender.options.primary] : Array(sources.indices)
            let scores = voters.compactMap { evaluated[$0].scores[0] }
            let usage = voters.reduce(Usage()) { $0 + evaluated[$1].usage }
            let bits = scores.isEmpty ? nil : pooledBits(scores)
            return Attempt(
                text: "", parsed: nil, isCorrect: false, tokens: usage.scored, seconds: usage.seconds,
                bits: bits.flatMap { $0.isFinite ? $0 : nil })
        }
    }

    private func pooledBits(_ scores: [TextScore]) -> Double {
        let common = scores.dropFirst().reduce(Set(scores[0].ends)) { $0.intersection($1.ends) }
        var sums = scores.map { _ in 0.0 }
        var places = scores.map { _ in 0 }
        var bits = 0.0
        for cut in common.sorted() {
            for (model, score) in scores.enumerated() {
                sums[model] = 0
                while places[model] < score.ends.count, score.ends[places[model]] <= cut {
                    sums[model] += score.logprobs[places[model]]
                    places[model] += 1
                }
            }
            let largest = sums.max() ?? 0
            let mean = sums.reduce(0) { $0 + exp($1 - largest) } / Double(sums.count)
            bits -= (largest + log(mean)) / log(2)
        }
        return bits
    }
}
