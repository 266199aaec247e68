// Several jobs run as if at once, and their forward passes of one model share batches.
//
// One idea: a baton. Every job has a thread, but only the one with the baton runs; a job that needs a pass hands in its
// runs and passes the baton on. When no job can go on without an answer, the passes that wait for one model become one
// batch. Jobs never run at the same moment, so they may share what is not thread-safe, and the order is always the same.
// A batch has at most `Session.exactRows` rows, for which each row's bits do not depend on the others: a job's results
// are those it would have alone. A longer pass, such as a prompt's, stays alone.

import Glibc
import Transformer

/// Runs `job(0)`, ..., `job(count - 1)` as if at once and returns when all have ended. May be called from within a job.
public func interleave(_ count: Int, _ job: (Int) -> Void) {
    if count == 1 { return job(0) }
    (Interleaver.current ?? Interleaver()).run(count, job)
}

final class Interleaver: @unchecked Sendable {
    /// The one whose jobs run on this thread; `Session` hands its passes to it.
    @TaskLocal static var current: Interleaver?

    private final class Job {
        let parent: Job?
        /// Jobs begun within this one that have not ended.
        var children = 0
        /// The pass it waits for.
        var decoder: Decoder?
        var runs: [Run] = []
        var outcome: Result<Pass, TransformerError>?
        private let baton = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

        init(parent: Job?) {
            self.parent = parent
            sem_init(baton, 0, 0)
        }

        deinit {
            sem_destroy(baton)
            baton.deallocate()
        }

        var rows: Int { runs.reduce(0) { $0 + $1.tokens.count } }
        func giveBaton() { sem_post(baton) }
        func awaitBaton() { while sem_wait(baton) != 0 {} }
    }

    /// A job's part of a batch; of the batch's time it has the share of its rows.
    struct Pass {
        var outputs: [RunOutput]
        var seconds: Double
        var cpuSeconds: Double
    }

    // Touched only by the thread that holds the baton.
    private var running = Job(parent: nil)
    private var ready: [Job] = []
    private var waiting: [Job] = []

    /// Jobs for which the system has no thread run at the end on this one, one after the other.
    func run(_ count: Int, _ job: (Int) -> Void) {
        let parent = running
        withoutActuallyEscaping(job) { job in
            let body = Unchecked(job)
            var threads: [pthread_t] = []
            while threads.count < count {
                let child = Unchecked(Job(parent: parent))
                let index = threads.count
                let thread = startThread {
                    child.value.awaitBaton()
                    Interleaver.$current.withValue(self) { body.value(index) }
                    self.end(child.value)
                }
                guard let thread else { break }
                threads.append(thread)
                ready.append(child.value)
            }
            parent.children = threads.count
            if !threads.isEmpty { passBaton(from: parent) }
            for thread in threads { pthread_join(thread, nil) }
            Interleaver.$current.withValue(self) { for index in threads.count..<count { body.value(index) } }
        }
    }

    /// The outputs of `runs`, computed together with what other jobs wait for.
    func forward(_ decoder: Decoder, _ runs: [Run]) throws(TransformerError) -> Pass {
        let job = running
        (job.decoder, job.runs, job.outcome) = (decoder, runs, nil)
        waiting.append(job)
        passBaton(from: job)
        guard let outcome = job.outcome else { preconditionFailure("a job goes on only once its pass is done") }
        return try outcome.get()
    }

    private func end(_ job: Job) {
        if let parent = job.parent {
            parent.children -= 1
            if parent.children == 0 { ready.append(parent) }
        }
        let next = nextReady()
        running = next
        next.giveBaton()
    }

    /// Lets the next job run, and comes back when it is this one's turn.
    private func passBaton(from job: Job) {
        let next = nextReady()
        running = next
        if next === job { return }
        next.giveBaton()
        job.awaitBaton()
    }

    private func nextReady() -> Job {
        while ready.isEmpty { evaluateWaiting() }
        return ready.removeFirst()
    }

    /// One batch: the model that most jobs wait for, as many of them as fit.
    private func evaluateWaiting() {
        let decoders = waiting.compactMap(\.decoder)
        let counts = decoders.map { decoder in decoders.count { $0 === decoder } }
        guard let most = counts.max(), let place = counts.firstIndex(of: most) else {
            preconditionFailure("jobs wait for each other")
        }
        let decoder = decoders[place]
        var batch: [Job] = []
        var rows = 0
        for job in waiting where job.decoder === decoder && (batch.isEmpty || rows + job.rows <= Session.exactRows) {
            batch.append(job)
            rows += job.rows
        }
        waiting.removeAll { job in batch.contains { $0 === job } }
        evaluate(batch, with: decoder)
        ready += batch
    }

    private func evaluate(_ batch: [Job], with decoder: Decoder) {
        let watch = Stopwatch()
        let outputs: [RunOutput]
        do throws(TransformerError) {
            outputs = try decoder.forward(batch.flatMap(\.runs))
        } catch {
            // Nothing was evaluated: each alone finds out whose fault it was.
            if batch.count == 1 {
                batch[0].outcome = .failure(error)
            } else {
                for job in batch { evaluate([job], with: decoder) }
            }
            return
        }
        let (seconds, cpuSeconds) = (watch.seconds, watch.cpuSeconds)
        let rows = batch.reduce(0) { $0 + $1.rows }
        var first = 0
        for job in batch {
            let share = Double(job.rows) / Double(max(rows, 1))
            job.outcome = .success(
                Pass(
                    outputs: Array(outputs[first..<first + job.runs.count]), seconds: seconds * share,
                    cpuSeconds: cpuSeconds * share))
            first += job.runs.count
            job.runs = []
        }
    }
}

/// What the baton or a hand-over protects.
package struct Unchecked<Value>: @unchecked Sendable {
    package let value: Value
    package init(_ value: Value) { self.value = value }
}

/// Starts a thread with a stack of 8 MB that runs `body`; to be joined or detached. nil: the system has none to give.
package func startThread(_ body: @escaping @Sendable () -> Void) -> pthread_t? {
    final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
    var thread = pthread_t()
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setstacksize(&attributes, 8 << 20)
    defer { pthread_attr_destroy(&attributes) }
    let argument = Unmanaged.passRetained(Body(body))
    let code = pthread_create(
        &thread, &attributes,
        { argument in
            guard let argument else { return nil }
            Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
            return nil
        }, argument.toOpaque())
    if code == 0 { return thread }
    argument.release()
    return nil
}
