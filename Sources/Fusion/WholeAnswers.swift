// Strategies that choose among whole answers: every model writes its own, or draws several side by side, all models
// score all of them, the best by the ranking rule or by majority is taken.

import Inference

struct WholeAnswers {
    let sources: [any SourceModel]
    let options: FusionOptions
    private let names: [String]
    private let weights: [Double]
    private let reranker: Reranker
    private let memory: AnswerMemory?
    private let isCancelled: () -> Bool

    init(
        _ sources: [any SourceModel], options: FusionOptions, memory: AnswerMemory? = nil,
        isCancelled: @escaping () -> Bool = { false }
    ) throws(FusionError) {
        (self.memory, self.isCancelled) = (memory, isCancelled)
        // The loop checks everything that could be wrong with the options.
        let members = try CoolFusion(sources, options: options).members
        self.sources = sources
        self.options = options
        names = members.map(\.name)
        weights = members.map(\.weight)
        reranker = Reranker(rule: try RankRule(named: options.ruleOfAnswers))
    }

    /// One model's answer, with its authors and what the models say about it.
    private struct Answer {
        var result: FusionResult
        var text: [UInt8]
        var authors: [Int]
        /// The tokens in which a model wrote it, by source index.
        var tokens: [Int: [Int32]]
        var evaluations: [Int: Evaluation] = [:]
        var endsText: Bool { result.stop == .eos }
    }

    /// The loop with one model: plain greedy. The limit counts the first model's tokens for every answer, else
    /// answers of different length would be compared; alone with strategy `solo`, a model counts its own.
    func solo(_ writer: Writer) throws(FusionError) -> CoolFusion {
        var alone = options
        alone.strategy = .cool
        alone.weights = nil
        alone.primary = 0
        alone.sampling = options.sampling?.seeded(model: writer.model, sample: writer.sample)
        let counter = options.strategy == .solo ? writer.source : sources[0]
        return try CoolFusion([writer.source], options: alone, counting: counter)
    }

    /// Who writes an answer alone: a model, which of its samples, and the source that writes it.
    struct Writer {
        var model: Int
        var sample = 0
        var source: any SourceModel
    }

    /// One model's answer alone, its tokens and what it cost; from memory where it is known.
    func alone(_ writer: Writer, _ onSegment: (Segment) -> Bool = { _ in true }) throws(FusionError) -> SoloAnswer {
        // A limit is counted in one model's tokens; an answer it cut is only good for the same count.
        let countsOwn = options.strategy == .solo || writer.model == 0
        let key = AnswerMemory.Key(model: writer.model, sample: writer.sample)
        if let known = memory?.answers[key], known.result.stop != .length || known.countsOwn == countsOwn {
            for segment in known.result.segments where !onSegment(segment) { break }
            return known
        }
        let fusion = try solo(writer)
        let result = try fusion.run(onSegment)
        let answer = SoloAnswer(
            result: result, tokens: fusion.members[0].tokens, usage: fusion.members[0].usage, countsOwn: countsOwn)
        if result.stop != .cancelled { memory?.answers[key] = answer }
        return answer
    }

    /// A model's answers alone: as many as are asked for, side by side where it can have copies.
    private func samples(of index: Int) -> [Result<SoloAnswer, FusionError>] {
        let source = sources[index]
        let count = options.sampling == nil ? 1 : max(options.samples, 1)
        // A model that has no copies, or no room for them, writes one answer after the other.
        let copies = count > 1 ? (try? source.copies(count - 1)) ?? [] : []
        var answers: [Result<SoloAnswer, FusionError>?] = Array(repeating: nil, count: count)
        func write(_ sample: Int, _ source: any SourceModel) {
            let writer = Writer(model: index, sample: sample, source: source)
            do throws(FusionError) { answers[sample] = .success(try alone(writer, { _ in !isCancelled() })) } catch {
                answers[sample] = .failure(error)
            }
        }
        if copies.count == count - 1 {
            let writers = [source] + copies
            interleave(count) { write($0, writers[$0]) }
        } else {
            for sample in 0..<count where !isCancelled() { write(sample, source) }
        }
        return answers.compactMap { $0 }
    }

    /// Writes all answers and takes the best.
    func best() throws(FusionError) -> FusionResult {
        let clock = Stopwatch()
        var usage = [Usage](repeating: Usage(), count: sources.count)
        var events: [FusionEvent] = []
        var answers = try write(&usage, &events)
        for index in sources.indices { usage[index] = usage[index] + evaluate(&answers, by: index, &events) }
        if isCancelled() { return cancelled(usage, events, clock) }
        let ranked = reranker.rank(
            answers.map { answer in
                Reranker.Entry(
                    votes: answer.evaluations.sorted { $0.key < $1.key }.map { ($0, $1, weights[$0]) },
                    proposers: answer.authors.count)
            })
        let parsed = answers.map {
            options.strategy == .vote ? options.parse(String(decoding: $0.text, as: UTF8.self)) : nil
        }
        let winner = majority(answers, parsed, order: ranked.order) ?? ranked.winner
        var result = answers[winner].result
        result.answers = answers.indices.map { place in
            AnswerReport(
                text: answers[place].result.text, authors: answers[place].authors.map { names[$0] },
                stop: answers[place].result.stop, score: ranked.scores[place],
                models: Dictionary(
                    uniqueKeysWithValues: answers[place].evaluations.map { (names[$0], $1) }),
                parsed: parsed[place])
        }
        result.events = events
        result.usage = Array(zip(names, usage)).map { (model: $0, usage: $1) }
        result.weights = Array(zip(names, weights)).map { (model: $0, weight: $1) }
        (result.seconds, result.cpuSeconds) = (clock.seconds, clock.cpuSeconds)
        return result
    }

    /// Nothing was chosen: no text, only what it cost.
    private func cancelled(_ usage: [Usage], _ events: [FusionEvent], _ clock: Stopwatch) -> FusionResult {
        FusionResult(
            text: "", stop: .cancelled, segments: [], events: events, heldBack: "",
            usage: Array(zip(names, usage)).map { (model: $0, usage: $1) },
            weights: Array(zip(names, weights)).map { (model: $0, weight: $1) }, answers: [], seconds: clock.seconds,
            cpuSeconds: clock.cpuSeconds)
    }

    /// The solo answers in model order, and the fused one; equal answers are one with several authors.
    private func write(_ usage: inout [Usage], _ events: inout [FusionEvent]) throws(FusionError) -> [Answer] {
        var answers: [Answer] = []
        var failures: [FusionEvent] = []
        func written(_ index: Int) -> [(Int, Result<SoloAnswer, FusionError>)] {
            isCancelled() ? [] : samples(of: index).map { (index, $0) }
        }
        for (index, own) in sources.indices.flatMap(written) {
            do {
                let own = try own.get()
                usage[index] = usage[index] + own.usage
                add(
                    Answer(
                        result: named(own.result, names[index]), text: Array(own.result.text.utf8), authors: [index],
                        tokens: [index: own.tokens]), to: &answers)
            } catch FusionError.allFailed(let reasons) {
                failures += reasons
            }
        }
        events += failures
        if options.strategy == .coolRerank && !isCancelled() {
            let fusion = try CoolFusion(sources, options: options)
            let result = try fusion.run { _ in !isCancelled() }
            for member in fusion.members { usage[member.index] = usage[member.index] + member.usage }
            events += result.events
            let tokens = Dictionary(uniqueKeysWithValues: fusion.members.map { ($0.index, $0.tokens) })
            add(Answer(result: result, text: Array(result.text.utf8), authors: [], tokens: tokens), to: &answers)
        }
        if answers.isEmpty && !isCancelled() { throw .allFailed(failures) }
        return answers
    }

    private func add(_ answer: Answer, to answers: inout [Answer]) {
        let known = answers.firstIndex { $0.text == answer.text && $0.endsText == answer.endsText }
        guard let known else { return answers.append(answer) }
        answers[known].authors += answer.authors
        answers[known].tokens.merge(answer.tokens) { own, _ in own }
    }

    /// A solo result under the name that tells equal models apart.
    private func named(_ result: FusionResult, _ name: String) -> FusionResult {
        var result = result
        result.usage = result.usage.map { (name, $0.usage) }
        return result
    }

    /// One model's likelihood of every answer, from its prompt's end.
    private func evaluate(_ answers: inout [Answer], by index: Int, _ events: inout [FusionEvent]) -> Usage {
        let member = Member(source: sources[index], name: names[index], index: index, weight: weights[index])
        for place in answers.indices where !isCancelled() {
            let answer = answers[place]
            let stop = answer.endsText ? sources[index].mainStop : nil
            guard let tokens = spelled(answer, by: member), !answer.endsText || stop != nil else {
                let reason = answer.endsText && stop == nil ? FusionEvent.Reason.noStopToken : .unspellable
                events.append(.unscored(model: names[index], text: answer.result.text, reason: reason))
                continue
            }
            do {
                try member.start()
                let logprobs = try member.scoreWhole(tokens, stop: stop)
                let evaluation = Evaluation(
                    nll: -logprobs.reduce(0, +), tokens: logprobs.count,
                    bytes: answer.text.count + (stop == nil ? 0 : 1))
                if evaluation.isUsable {
                    answers[place].evaluations[index] = evaluation
                } else {
                    events.append(.unscored(model: names[index], text: answer.result.text, reason: .notFinite))
                }
            } catch {
                events.append(.left(model: names[index], reason: error))
                break
            }
        }
        var usage = member.usage
        usage.wasted = 0
        return usage
    }

    /// The answer in a model's tokens: as it wrote it, else as its tokenizer would.
    private func spelled(_ answer: Answer, by member: Member) -> [Int32]? {
        if let own = answer.tokens[member.index], own.flatMap(member.source.bytes(of:)) == answer.text { return own }
        let spelling = member.spelling(of: answer.text, after: .init(), words: options.tailWords)
        return spelling.isExact ? spelling.tokens : nil
    }

    /// The best-ranked answer of the reading that most authors share; nil without strategy `vote` or any reading.
    private func majority(_ answers: [Answer], _ parsed: [String?], order: [Int]) -> Int? {
        var votes: [String: Int] = [:]
        for (answer, reading) in zip(answers, parsed) {
            if let reading { votes[reading, default: 0] += answer.authors.count }
        }
        guard let most = votes.values.max() else { return nil }
        return order.first { parsed[$0].map { votes[$0] == most } ?? false }
    }
}

/// A model's answer alone.
struct SoloAnswer {
    var result: FusionResult
    var tokens: [Int32]
    var usage: Usage
    /// The limit was counted in its own tokens.
    var countsOwn: Bool
}

/// Answers of single models to one prompt under one set of limits, shared by strategies that choose among them.
final class AnswerMemory {
    struct Key: Hashable {
        var model: Int
        var sample: Int
    }

    var answers: [Key: SoloAnswer] = [:]
}

extension Member {
    /// Log-probabilities of a whole answer, a part at a time, so that its length is bounded by the context alone.
    func scoreWhole(_ tokens: [Int32], stop: Int32?) throws(SourceFailure) -> [Double] {
        var logprobs: [Double] = []
        var start = 0
        repeat {
            let end = min(start + 256, tokens.count)
            let isLast = end == tokens.count
            logprobs += try score([Continuation(tokens: Array(tokens[start..<end]), stop: isLast ? stop : nil)])[0]
            if !isLast { try source.append(scored: 0) }
            start = end
        } while start < tokens.count
        return logprobs
    }
}
