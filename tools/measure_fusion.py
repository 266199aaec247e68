#!/usr/bin/env python3
"""What fusing costs: CPU time beside the members alone, what happens outside the models, and how drafts fare.

    tools/measure_fusion.py [--binary .build/release/coolfusion] [--prompts 20] [-n 120] -m A.gguf -m B.gguf ... < prompts

Prompts are lines of standard input. For each prompt, one thread, alternating: the fusion as it is, without drafts and
without shortcuts, and every member alone for as many bytes. CPU time is the process's own, the prompt included, loading
not. Printed are medians over the prompts of fused / sum of the members alone, the share of the time outside the models,
and a table of drafts by length, in tokens of the model that checks them.
"""
import argparse
import json
import statistics
import subprocess
import sys
from collections import defaultdict

VARIANTS = {"as it is": [], "without drafts": ["--shortcuts", "agreement,commit,lookahead"],
            "without lookup": ["--shortcuts", "agreement,commit,lookahead,draft"], "plain algorithm": ["--no-shortcuts"]}


def call(binary, arguments):
    done = subprocess.run([binary, *arguments, "--json", "-q", "-t", "1"], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(arguments)}: {done.stderr}")
    return json.loads(done.stdout)


def alone(binary, model, prompt, wanted, extra):
    """CPU seconds of `model` for `wanted` bytes; by the rate where it ends before."""
    tokens = 32
    for _ in range(2):
        report = call(binary, ["run", "--temp", "0", "-m", model, "-p", prompt, "-n", str(max(tokens, 1)), *extra])
        size = len(report["text"].encode())
        if size == 0:
            return None
        if report["stop"] != "length":
            break
        tokens = round(wanted * report["usage"]["generated"] / size)
    return report["usage"]["cpu_seconds"] * wanted / size


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=".build/release/coolfusion")
    parser.add_argument("--prompts", type=int, default=20)
    parser.add_argument("-n", type=int, default=120)
    parser.add_argument("-m", action="append", required=True)
    parser.add_argument("--template", action="store_true", help="render the models' chat templates")
    given = parser.parse_args()
    extra = [] if given.template else ["--raw"]
    models = [part for model in given.m for part in ("-m", model)]
    ratios, outside, per_segment = defaultdict(list), defaultdict(list), defaultdict(list)
    drafts = defaultdict(lambda: [0, 0, 0])
    prompts = [line.rstrip("\n") for line in sys.stdin if line.strip()][:given.prompts]
    for prompt in prompts:
        prompt = prompt.replace("\\n", "\n")
        times = {}
        for name, flags in VARIANTS.items():
            report = call(given.binary, ["fuse", *models, "-p", prompt, "-n", str(given.n), *extra, *flags])
            times[name] = report["cpu_seconds"]
            inside = sum(usage["cpu_seconds"] for usage in report["usage"].values())
            outside[name].append(1 - inside / report["cpu_seconds"])
            per_segment[name].append((report["cpu_seconds"] - inside) / max(len(report["segments"]), 1))
            if name == "as it is":
                for usage in report["usage"].values():
                    for draft in usage["drafts"]:
                        sums = drafts[draft["lookup"], draft["length"]]
                        for place, key in enumerate(("offered", "whole", "confirmed")):
                            sums[place] += draft[key]
        size = len(report["text"].encode())
        parts = [alone(given.binary, model, prompt, size, extra) for model in given.m]
        if size and None not in parts:
            for name in VARIANTS:
                ratios[name].append(times[name] / sum(parts))
    print(f"{len(prompts)} prompts, {given.n} tokens\n")
    print("| | fused / sum of the members alone | outside the models | per segment |\n|---|--:|--:|--:|")
    for name in VARIANTS:
        median = statistics.median
        print(f"| {name} | {median(ratios[name]):.2f} ({min(ratios[name]):.2f} to {max(ratios[name]):.2f}) "
              f"| {100 * median(outside[name]):.1f} % | {1e6 * median(per_segment[name]):.0f} µs |")
    print("\n| draft of | tokens | offered | wholly confirmed | tokens confirmed |\n|---|--:|--:|--:|--:|")
    for (lookup, length), (offered, whole, confirmed) in sorted(drafts.items()):
        print(f"| {'the text before' if lookup else 'the cheapest model'} | {length} | {offered} "
              f"| {100 * whole / offered:.0f} % | {100 * confirmed / offered / length:.0f} % |")


main()
