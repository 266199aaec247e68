// The fork-join pool: every chunk once, worker numbers in range, sums seen by the caller, sleeping and waking, many callers.
import CKernels
import Glibc
import Testing

/// What the tasks write: how often each chunk ran, and the highest worker number.
private struct Counters {
    var runs: UnsafeMutablePointer<Int32>
    var highestWorker: UnsafeMutablePointer<Int32>
}

private let count: thread_pool_task = { context, chunk, worker in
    guard let counters = context?.assumingMemoryBound(to: Counters.self).pointee else { return }
    counters.runs[chunk] += 1
    if worker >= counters.highestWorker.pointee { counters.highestWorker.pointee = Int32(worker) }
}

struct ThreadPoolTests {
    private func withCounters(chunks: Int, _ body: (inout Counters) -> Void) -> (runs: [Int32], worker: Int) {
        var runs = [Int32](repeating: 0, count: chunks)
        var worker: Int32 = 0
        runs.withUnsafeMutableBufferPointer { runs in
            withUnsafeMutablePointer(to: &worker) { worker in
                guard let base = runs.baseAddress else { return }
                var counters = Counters(runs: base, highestWorker: worker)
                body(&counters)
            }
        }
        return (runs, Int(worker))
    }

    @Test(arguments: [1, 2, 3, 5])
    func everyChunkRunsOnce(threads: Int) throws {
        let pool = try #require(thread_pool_create(threads))
        defer { thread_pool_destroy(pool) }
        #expect(thread_pool_size(pool) == threads)
        for round in 0..<2000 {
            let chunks = 1 + round % 23
            let result = withCounters(chunks: chunks) { thread_pool_run(pool, chunks, count, &$0) }
            try #require(result.runs.allSatisfy { $0 == 1 })
            try #require(result.worker < threads)
        }
    }

    @Test func noChunksIsNoWork() throws {
        let pool = try #require(thread_pool_create(2))
        defer { thread_pool_destroy(pool) }
        let result = withCounters(chunks: 1) { thread_pool_run(pool, 0, count, &$0) }
        #expect(result.runs == [0])
    }

    @Test func parkedThreadsWakeUp() throws {
        let pool = try #require(thread_pool_create(3))
        defer { thread_pool_destroy(pool) }
        for _ in 0..<20 {
            usleep(2000)
            let result = withCounters(chunks: 50) { thread_pool_run(pool, 50, count, &$0) }
            #expect(result.runs.allSatisfy { $0 == 1 })
        }
    }

    @Test func aSlowChunkParksTheCaller() throws {
        let pool = try #require(thread_pool_create(2))
        defer { thread_pool_destroy(pool) }
        let slow: thread_pool_task = { context, chunk, worker in
            if worker == 1 { usleep(1000) }
            count(context, chunk, worker)
        }
        for _ in 0..<50 {
            let result = withCounters(chunks: 8) { thread_pool_run(pool, 8, slow, &$0) }
            #expect(result.runs.allSatisfy { $0 == 1 })
        }
    }

    @Test func concurrentCallersTakeTurns() async throws {
        struct Shared: @unchecked Sendable { let pool: OpaquePointer }
        let shared = Shared(pool: try #require(thread_pool_create(2)))
        defer { thread_pool_destroy(shared.pool) }
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    (0..<200).allSatisfy { _ in
                        withCounters(chunks: 9) { thread_pool_run(shared.pool, 9, count, &$0) }.runs.allSatisfy {
                            $0 == 1
                        }
                    }
                }
            }
            for await good in group { #expect(good) }
        }
    }

    @Test func poolsComeAndGo() {
        for threads in 1...4 {
            for _ in 0..<20 { thread_pool_destroy(thread_pool_create(threads)) }
        }
        #expect(thread_pool_create(0) == nil)
        thread_pool_destroy(nil)
    }
}
