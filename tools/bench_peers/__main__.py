"""Ours beside llama.cpp in one run: the same tests on the same files in turn (A/B/A/B), medians of the ratios of CPU time.

    python3 tools/bench_peers [--shapes quick] [--types Q4_K_M,Q8_0] [--rounds 3] [--json FILE] [--models FOLDER]

Makes a virtual environment (.venv-peers) with llama-cpp-python on first use, which compiles llama.cpp: 10 minutes or so, and
wants cmake and ninja. Models of real shapes with random weights are made once. One thread, CPU time: what repeats on a busy
machine; the absolute figures stand beside the ratios.
"""
import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
ENVIRONMENT = ROOT / ".venv-peers"
REQUIREMENTS = ["llama-cpp-python==0.3.36", "gguf==0.19.0", "numpy"]


def enter_environment():
    """Runs this program again with the environment's Python, made first where it is missing."""
    if pathlib.Path(sys.prefix).resolve() == ENVIRONMENT.resolve():
        return
    python = ENVIRONMENT / "bin" / "python"
    if not (ENVIRONMENT / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", ENVIRONMENT], check=True)
        build = {"CMAKE_ARGS": "-DGGML_NATIVE=OFF -DGGML_AVX2=ON -DGGML_FMA=ON -DGGML_F16C=ON", **os.environ}
        subprocess.run([python, "-m", "pip", "install", "-q", *REQUIREMENTS], check=True, env=build)
        (ENVIRONMENT / "ready").touch()
    os.execv(python, [str(python), str(HERE), *sys.argv[1:]])


def ours(binary, path, tests, isa):
    command = [binary, "bench", "-m", path, "--json", "-t", "1", "-r", "1", *tests]
    if isa:
        command += ["--isa", isa]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["results"]


def peers(path, tests):
    command = [sys.executable, HERE / "peer.py", "-m", path, "-t", "1", "-r", "1", *tests]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["results"]


def measure(binary, path, given):
    tests = ["-p", given.p, "-n", given.n, "--batch", given.batch, "-d", str(given.d)]
    rounds = [(ours(binary, path, tests, given.isa), peers(path, tests)) for _ in range(given.rounds)]
    rows = []
    for index, row in enumerate(rounds[0][0]):
        pairs = [(a[index]["cpu_seconds"][0], b[index]["cpu_seconds"][0]) for a, b in rounds]
        assert all(b[index]["test"] == row["test"] for _, b in rounds)
        rows.append({
            "test": row["test"] + (f" @ {given.d}" if row["test"].startswith("batch") else ""),
            "ours": row["tokens"] / statistics.median(a for a, _ in pairs),
            "peer": row["tokens"] / statistics.median(b for _, b in pairs),
            "ratio": statistics.median(b / a for a, b in pairs),
            "ratios": [b / a for a, b in pairs],
        })
    return rows


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shapes", default="quick", help="quick, llama-3.2-1b, qwen2.5-0.5b; separated by commas")
    parser.add_argument("--types", default="Q4_K_M,Q8_0,Q4_0,Q6_K,Q5_K_M,F16")
    parser.add_argument("-p", default="1,8,128")
    parser.add_argument("-n", default="16")
    parser.add_argument("--batch", default="1,2,4,8,16,32")
    parser.add_argument("-d", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--isa", help="instruction set of ours; the peer is built for AVX2")
    parser.add_argument("--models", default=ROOT / ".build" / "bench-models")
    parser.add_argument("--binary", default=ROOT / ".build" / "release" / "coolfusion")
    parser.add_argument("--json", dest="output")
    given = parser.parse_args()
    enter_environment()
    import models

    document = {"machine": processor(), "date": time.strftime("%Y-%m-%d"), "isa": given.isa or "best", "results": []}
    for shape in given.shapes.split(","):
        for kind in given.types.split(","):
            path = models.model(shape, kind, given.models)
            rows = measure(given.binary, path, given)
            document["results"].append({"model": path.stem, "rows": rows})
            print(f"\n{path.stem}: tokens per CPU second, one thread\n\n| test | ours | llama.cpp | ratio | all rounds |")
            print("|---|--:|--:|--:|---|")
            for row in rows:
                spread = " ".join(f"{ratio:.2f}" for ratio in row["ratios"])
                print(f"| {row['test']} | {row['ours']:.1f} | {row['peer']:.1f} | {row['ratio']:.2f} | {spread} |", flush=True)
    if given.output:
        pathlib.Path(given.output).write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
