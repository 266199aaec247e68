"""Ours beside llama.cpp in one run: the same tests on the same files in turn (A/B/A/B), medians of the ratios.

    python3 tools/bench_peers --quick                      two and a half minutes on a quiet machine
    python3 tools/bench_peers [--shapes llama-3.2-1b,qwen2.5-0.5b] [--types Q4_K_M,Q8_0] [--rounds 3] [--json FILE]
    python3 tools/bench_peers --quick --busy               two threads, with and without a busy process beside

Makes a virtual environment (.venv-peers) with llama-cpp-python on first use, which compiles llama.cpp: 10 minutes or so, and
wants cmake and ninja. Models of real shapes with random weights are made once. One thread is measured by CPU time, which
repeats on a busy machine; two threads by the wall clock, which wants a quiet one. Absolute figures stand beside the ratios.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

import environment

HERE = pathlib.Path(__file__).resolve().parent
OURS = environment.ROOT / ".build" / "release" / "coolfusion"


def run(command, **variables):
    output = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, **variables}).stdout
    return json.loads(output)


def ours(given, path, threads, tests, repetitions=1):
    command = [given.binary, "bench", "-m", path, "--json", "-t", str(threads), "-r", str(repetitions), *tests]
    if not given.isa:
        return run(command)
    # OpenBLAS picks its kernels by itself.
    return run([*command, "--isa", given.isa], **({"OPENBLAS_CORETYPE": "Haswell"} if given.isa == "avx2" else {}))


def peer(path, threads, tests, repetitions=1):
    return run([sys.executable, HERE / "peer.py", "-m", path, "-t", str(threads), "-r", str(repetitions), *tests])


def compare(pairs, clock, depth):
    """One row per test: tokens per second of both sides and their ratio, each the median over the rounds."""
    rows = []
    for index, row in enumerate(pairs[0][0]["results"]):
        seconds = [(a["results"][index][clock][0], b["results"][index][clock][0]) for a, b in pairs]
        assert all(b["results"][index]["test"] == row["test"] for _, b in pairs)
        rows.append({
            "test": row["test"] + (f" @ {depth}" if row["test"].startswith("batch") else ""),
            "threads": row["threads"], "clock": clock,
            "ours": row["tokens"] / statistics.median(a for a, _ in seconds),
            "peer": row["tokens"] / statistics.median(b for _, b in seconds),
            "ratio": statistics.median(b / a for a, b in seconds),
            "ratios": [b / a for a, b in seconds],
        })
    return rows


def resources(pairs, path):
    """Seconds to load and most resident memory, each side's median and our multiple of the file."""
    size = path.stat().st_size
    load = [statistics.median(side) for side in zip(*[(a["results"][0]["load_seconds"], b["load_seconds"]) for a, b in pairs])]
    peak = [statistics.median(side) for side in zip(*[(a["peak_bytes"], b["peak_bytes"]) for a, b in pairs])]
    return {"file_bytes": size, "load_seconds": {"ours": load[0], "peer": load[1]},
            "peak_bytes": {"ours": peak[0], "peer": peak[1]}, "peak_over_file": {"ours": peak[0] / size, "peer": peak[1] / size}}


def measure(given, path):
    tests = ["-p", given.p, "-n", given.n, "--batch", given.batch, "-d", str(given.d)]
    pairs = [(ours(given, path, 1, tests), peer(path, 1, tests)) for _ in range(given.rounds)]
    result = {"model": path.stem, **resources(pairs, path), "rows": compare(pairs, "cpu_seconds", given.d)}
    if given.two_threads:
        tests = ["-p", "128", "-n", "16", "--batch", "8", "-d", "256"]
        pairs = [(ours(given, path, 2, tests), peer(path, 2, tests)) for _ in range(given.rounds)]
        result["rows"] += compare(pairs, "wall_seconds", 256)
    return result


def beside_a_busy_process(given, path):
    """Two threads: tokens per second of the wall clock, quiet and with one process that never sleeps; share of the quiet speed."""
    tests, times = ["-p", "128", "-n", "64", "--batch", "8", "-d", "256"], 5  # long beside the scheduler's slices
    sides = {"ours": lambda: ours(given, path, 2, tests, times), "peer": lambda: peer(path, 2, tests, times)}
    rows = []
    for name, side in sides.items():
        quiet, busy = [], []
        for _ in range(given.rounds):
            quiet.append(side()["results"])
            loop = subprocess.Popen([sys.executable, "-c", "while True: pass"])
            try:
                busy.append(side()["results"])
            finally:
                loop.kill()
                loop.wait()
        for index, row in enumerate(quiet[0]):
            seconds = [(sum(q[index]["wall_seconds"]), sum(b[index]["wall_seconds"])) for q, b in zip(quiet, busy)]
            rows.append({
                "engine": name, "test": row["test"], "quiet": times * row["tokens"] / statistics.median(q for q, _ in seconds),
                "busy": times * row["tokens"] / statistics.median(b for _, b in seconds),
                "share": statistics.median(q / b for q, b in seconds), "shares": [q / b for q, b in seconds]})
    return {"model": path.stem, "rows": rows}


def show(result, given):
    if given.busy:
        print(f"\n{result['model']}: two threads beside a busy process, tokens per second\n")
        print("| engine | test | quiet | busy | share | all rounds |\n|---|---|--:|--:|--:|---|")
        for row in result["rows"]:
            spread = " ".join(f"{share:.2f}" for share in row["shares"])
            print(f"| {row['engine']} | {row['test']} | {row['quiet']:.1f} | {row['busy']:.1f} | {row['share']:.2f} | {spread} |")
        return
    print(f"\n{result['model']}: tokens per second; one thread: CPU time, two: wall clock\n")
    print("| test | threads | ours | llama.cpp | ratio | all rounds |\n|---|--:|--:|--:|--:|---|")
    for row in result["rows"]:
        spread = " ".join(f"{ratio:.2f}" for ratio in row["ratios"])
        print(f"| {row['test']} | {row['threads']} | {row['ours']:.1f} | {row['peer']:.1f} | {row['ratio']:.2f} | {spread} |")
    load, peak = result["load_seconds"], result["peak_over_file"]
    print(f"\nload {load['ours']:.2f} / {load['peer']:.2f} s, peak memory {peak['ours']:.2f} / {peak['peer']:.2f} times the file", flush=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the small shape, Q4_K_M, Q8_0 and F16")
    parser.add_argument("--busy", action="store_true", help="only two threads beside a busy process, and without it")
    parser.add_argument("--shapes", help="llama-3.2-1b, qwen2.5-0.5b, quick; separated by commas (default: the first two)")
    parser.add_argument("--types", help="default: Q4_K_M,Q8_0,Q4_0,Q6_K,Q5_K_M,F16")
    parser.add_argument("-p", default="1,2,4,8,16,32,128", help="lengths of prompts")
    parser.add_argument("-n", default="32", help="tokens to generate")
    parser.add_argument("--batch", default="1,2,4,8,16,32", help="rows scored at once")
    parser.add_argument("-d", type=int, default=1024, help="tokens in front of a batch")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-two-threads", dest="two_threads", action="store_false", help="leave out the wall-clock rows")
    parser.add_argument("--isa", help="instruction set of ours; the peer is built for AVX2")
    parser.add_argument("--models", default=environment.ROOT / ".build" / "bench-models")
    parser.add_argument("--binary", default=OURS)
    parser.add_argument("--json", dest="output")
    given = parser.parse_args()
    given.shapes = given.shapes or ("quick" if given.quick else "llama-3.2-1b,qwen2.5-0.5b")
    given.types = given.types or ("Q4_K_M,Q8_0,F16" if given.quick else "Q4_K_M,Q8_0,Q4_0,Q6_K,Q5_K_M,F16")
    return given


def command(words):
    """What was asked, without the paths of this machine."""
    kept = [word for before, word in zip(["", *words], words) if not {before, word} & {"--models", "--binary", "--json"}]
    return " ".join(["python3 tools/bench_peers", *kept])


def processor():
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))


def main():
    given = arguments()
    environment.enter(HERE)
    import models

    document = {
        "machine": processor(), "cores": os.cpu_count(), "date": time.strftime("%Y-%m-%d"), "isa": given.isa or "best",
        "command": command(sys.argv[1:]), "load_average": os.getloadavg()[0], "results": [],
    }
    for shape in given.shapes.split(","):
        for kind in given.types.split(","):
            path = models.model(shape, kind, given.models)
            result = beside_a_busy_process(given, path) if given.busy else measure(given, path)
            document["results"].append(result)
            show(result, given)
            if given.output:
                pathlib.Path(given.output).write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
