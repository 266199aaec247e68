// Swift's door to the C thread pool: a closure instead of a function pointer and a context.
// Small work never wakes a thread: callers say how many chunks pay.

import CKernels

public final class ThreadPool: @unchecked Sendable {
    private let pool: OpaquePointer
    public let threads: Int
    public static let possible = 1...1024

    public init(threads: Int) throws(ComputeError) {
        guard ThreadPool.possible.contains(threads), let pool = thread_pool_create(threads) else {
            throw .noThreads(requested: threads)
        }
        self.pool = pool
        self.threads = threads
    }

    deinit { thread_pool_destroy(pool) }

    /// Calls `body(chunk, worker)` once for every chunk; at one time no two calls have the same worker < threads.
    public func run(_ chunks: Int, _ body: (_ chunk: Int, _ worker: Int) -> Void) {
        guard chunks > 1, threads > 1 else {
            for chunk in 0..<chunks { body(chunk, 0) }
            return
        }
        withoutActuallyEscaping(body) { body in
            var body = body
            withUnsafeMutablePointer(to: &body) { context in
                thread_pool_run(pool, chunks, ThreadPool.call, UnsafeMutableRawPointer(context))
            }
        }
    }

    private static let call: thread_pool_task = { context, chunk, worker in
        context?.assumingMemoryBound(to: ((Int, Int) -> Void).self).pointee(chunk, worker)
    }
}
