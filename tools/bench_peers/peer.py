"""Measures llama.cpp through llama-cpp-python's C functions: the same tests, rows and JSON as `coolfusion bench`.

Runs in the virtual environment of bench_peers; one process per call, so that neither engine inherits the other's state.
"""
import argparse
import ctypes
import json
import resource
import sys
import time

import llama_cpp as c


@c.llama_log_callback
def silent(_level, _text, _data):
    """Kept for the life of the process: the library calls it."""


class Engine:
    """One model and one context; tokens are arbitrary, as only time is measured."""

    def __init__(self, path, threads, depth, rows):
        c.llama_backend_init()
        started = time.perf_counter()
        params = c.llama_model_default_params()
        params.n_gpu_layers = 0
        self.model = c.llama_load_model_from_file(path.encode(), params)
        if not self.model:
            sys.exit(f"peer: cannot load {path}")
        options = c.llama_context_default_params()
        options.n_ctx = depth + rows + 64
        options.n_batch = options.n_ubatch = max(512, rows)
        options.n_threads = options.n_threads_batch = threads
        self.context = c.llama_new_context_with_model(self.model, options)
        self.load_seconds = time.perf_counter() - started
        self.vocabulary = c.llama_vocab_n_tokens(c.llama_model_get_vocab(self.model))
        self.memory = c.llama_get_memory(self.context)
        self.batch = c.llama_batch_init(max(512, rows), 0, 1)

    def decode(self, position, count, logits):
        batch = self.batch
        batch.n_tokens = count
        for i in range(count):
            batch.token[i] = 100 + (position + i) * 7 % 1000
            batch.pos[i] = position + i
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = 0
            batch.logits[i] = logits == "all" or i == count - 1
        if c.llama_decode(self.context, batch) != 0:
            sys.exit("peer: decoding failed")
        pointer = c.llama_get_logits(self.context)
        return ctypes.cast(pointer, ctypes.POINTER(ctypes.c_float))[0]

    def truncate(self, length):
        c.llama_memory_seq_rm(self.memory, 0, length, -1)

    def fill(self, depth):
        for start in range(0, depth, 512):
            self.decode(start, min(512, depth - start), "last")


def timed(work):
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def measure(engine, test, tokens, depth, repetitions, threads):
    walls, cpus = [], []
    if test.startswith("batch"):
        engine.truncate(0)
        engine.fill(depth)
    for repetition in range(repetitions + 1):
        if test.startswith("pp"):
            engine.truncate(0)
            wall, cpu = timed(lambda: engine.decode(0, tokens, "last"))
        elif test.startswith("tg"):
            engine.truncate(0)
            engine.decode(0, 1, "last")
            wall, cpu = timed(lambda: [engine.decode(1 + i, 1, "last") for i in range(tokens)])
        else:
            engine.truncate(depth)
            wall, cpu = timed(lambda: engine.decode(depth, tokens, "all"))
        if repetition > 0:  # the first warms up
            walls.append(wall)
            cpus.append(cpu)
    return {"test": test, "tokens": tokens, "threads": threads, "wall_seconds": walls, "cpu_seconds": cpus}


def integers(text):
    return [int(part) for part in text.split(",") if part]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-m", required=True)
    parser.add_argument("-p", type=integers, default=[])
    parser.add_argument("-n", type=integers, default=[])
    parser.add_argument("--batch", type=integers, default=[])
    parser.add_argument("-d", type=int, default=256)
    parser.add_argument("-r", type=int, default=3)
    parser.add_argument("-t", type=int, default=1)
    given = parser.parse_args()
    c.llama_log_set(silent, ctypes.c_void_p(0))
    engine = Engine(given.m, given.t, max([given.d] + given.p + [n + 1 for n in given.n]), max(given.batch + given.p + [1]))
    results = [measure(engine, f"pp{n}", n, 0, given.r, given.t) for n in given.p]
    results += [measure(engine, f"tg{n}", n, 0, given.r, given.t) for n in given.n]
    results += [measure(engine, f"batch{n}", n, given.d, given.r, given.t) for n in given.batch]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"load_seconds": engine.load_seconds, "peak_bytes": peak, "results": results}))


if __name__ == "__main__":
    main()
