// A fusion as an asynchronous sequence of its segments: for callers that live in tasks.
//
// The engine computes for seconds without a pause, so it has a thread of its own and no thread of the cooperative pool
// ever waits for it. The sources move to that thread and nobody else touches them again.

import Glibc
import Inference
import Synchronization

/// Several models write one text: `for try await segment in Fusion(sources: sources, options: options)`.
///
/// A sequence is written once, from its first iteration on. Cancelling the task that reads it or waits for its `result`, or
/// ending the loop early, stops the writing after the segment at hand; `result` then has the stop reason `cancelled`.
public struct Fusion: AsyncSequence, Sendable {
    public typealias Element = Segment
    public typealias Failure = FusionError

    private let writing: Writing

    /// A fusion of `sources`, whose order breaks ties. Nothing is computed yet; wrong options are reported by the iteration.
    public init(sources: sending [any SourceModel], options: FusionOptions = .init()) {
        writing = Writing(sources, options)
    }

    public func makeAsyncIterator() -> Iterator {
        writing.start()
        return Iterator(segments: writing.segments.makeAsyncIterator(), reader: Reader(writing))
    }

    /// The whole answer with its events and counters, once it is written; starts the writing where nobody has.
    public var result: FusionResult {
        get async throws(FusionError) {
            writing.start()
            let writing = writing
            return try await withTaskCancellationHandler {
                await writing.outcome()
            } onCancel: {
                writing.cancel()
            }.get()
        }
    }

    public struct Iterator: AsyncIteratorProtocol {
        fileprivate var segments: AsyncThrowingStream<Segment, any Error>.Iterator
        fileprivate let reader: Reader

        public mutating func next() async throws(FusionError) -> Segment? {
            do { return try await segments.next() } catch {
                if let error = error as? FusionError { throw error }
                return nil
            }
        }
    }
}

/// Somebody who reads; when nobody does any more, the writing stops.
private final class Reader: Sendable {
    private let writing: Writing
    init(_ writing: Writing) { self.writing = writing }
    deinit { writing.cancel() }
}

/// The thread's side of a fusion.
private final class Writing: Sendable {
    let segments: AsyncThrowingStream<Segment, any Error>
    private let sink: AsyncThrowingStream<Segment, any Error>.Continuation
    private let options: FusionOptions
    private let state: Mutex<State>
    private let isCancelled = Atomic<Bool>(false)

    private struct State: ~Copyable {
        /// nil once the thread has them.
        var sources: [any SourceModel]?
        var outcome: Result<FusionResult, FusionError>?
        var waiting: [CheckedContinuation<Result<FusionResult, FusionError>, Never>] = []
    }

    init(_ sources: sending [any SourceModel], _ options: FusionOptions) {
        (segments, sink) = AsyncThrowingStream.makeStream()
        self.options = options
        state = Mutex(State(sources: sources))
        sink.onTermination = { [weak self] _ in self?.cancel() }
    }

    func cancel() { isCancelled.store(true, ordering: .relaxed) }

    /// Begins to write, the first time.
    func start() {
        let sources = state.withLock { state in state.sources.take().map(Unchecked.init) }
        guard let sources else { return }
        if let thread = startThread({ self.write(sources.value) }) {
            pthread_detach(thread)
        } else {
            end(.failure(.noThread))
        }
    }

    private func write(_ sources: [any SourceModel]) {
        let isCancelled = { @Sendable in self.isCancelled.load(ordering: .relaxed) }
        do throws(FusionError) {
            let write = { (segment: Segment) in
                self.sink.yield(segment)
                return !isCancelled()
            }
            end(.success(try fuse(sources, options: options, onSegment: write, isCancelled: isCancelled)))
        } catch {
            end(.failure(error))
        }
    }

    private func end(_ outcome: Result<FusionResult, FusionError>) {
        switch outcome {
        case .success: sink.finish()
        case .failure(let error): sink.finish(throwing: error)
        }
        let waiting = state.withLock { state in
            state.outcome = outcome
            return state.waiting
        }
        for reader in waiting { reader.resume(returning: outcome) }
    }

    func outcome() async -> Result<FusionResult, FusionError> {
        await withCheckedContinuation { reader in
            let known = state.withLock { state in
                if state.outcome == nil { state.waiting.append(reader) }
                return state.outcome
            }
            if let known { reader.resume(returning: known) }
        }
    }
}
