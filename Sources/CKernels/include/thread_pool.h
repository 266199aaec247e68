/// A fork-join pool: spins briefly, then parks; chunks are handed out dynamically.
#ifndef THREAD_POOL_H
#define THREAD_POOL_H
#include <stddef.h>

typedef struct thread_pool thread_pool;

/// A task: does chunk `chunk` of the `chunks` given to thread_pool_run; `worker` < the pool's size names the scratch it may use.
typedef void (*thread_pool_task)(void *context, size_t chunk, size_t worker);

/// `threads` >= 1 includes the calling thread. NULL if threads cannot be made.
thread_pool *thread_pool_create(size_t threads);
void thread_pool_destroy(thread_pool *pool);
size_t thread_pool_size(const thread_pool *pool);

/// Runs every chunk once, on all threads, and returns when all are done. One run at a time per pool: concurrent callers wait.
void thread_pool_run(thread_pool *pool, size_t chunks, thread_pool_task task, void *context);
#endif
