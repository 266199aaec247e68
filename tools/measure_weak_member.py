#!/usr/bin/env python3
"""What a member that knows nothing does to each ranking rule: bits per byte of fused texts, with and without it.

    tools/measure_weak_member.py [--binary B] [--prompts N] --stories FILE -m GOOD.gguf -m GOOD.gguf --weak W.gguf ... \\
        --judge J.gguf

Every rule writes a text to each prompt (the first eight words of stories separated by <|endoftext|>) with the good
models alone and with each weak one beside them. The good models and the judge, which took no part, then say how many
bits a byte of these texts has: low is the likely text of a trained model, high is noise. Printed are the bits and the
change against the good models alone.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile


def evaluate(binary, lines, arguments):
    """A run of `eval` over problems: its report and, by contender, the texts."""
    with tempfile.TemporaryDirectory() as folder:
        task, journal = os.path.join(folder, "task.jsonl"), os.path.join(folder, "journal")
        with open(task, "w") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)
        done = subprocess.run([binary, "eval", task, "--journal", journal, "--json", "-q", "-t", "1", *arguments],
                              capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(done.stderr)
        texts = {}
        for line in open(journal).read().split("\n")[1:]:
            if line:
                entry = json.loads(line)
                for name, attempt in entry["attempts"].items():
                    texts.setdefault(name, {})[entry["problem"]] = attempt["text"]
    return json.loads(done.stdout), texts


def bits(binary, texts, judges):
    report, _ = evaluate(binary, [{"text": text} for text in texts], judges)
    rows = {name: row for name, row in report["strategies"].items() if name.startswith("solo:")}
    left = [name for name, row in rows.items() if row["left_out"]]
    if left:
        sys.exit(f"{left} could not read every text")
    return {name[5:]: row["bits_per_byte"] * row["bytes"] for name, row in rows.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=".build/release/coolfusion")
    parser.add_argument("--prompts", type=int, default=200)
    parser.add_argument("-n", default="48")
    parser.add_argument("--stories", required=True)
    parser.add_argument("--rules", default="paper,logprob,pool,bpb,robust")
    parser.add_argument("--judge", required=True)
    parser.add_argument("--weak", action="append", default=[])
    parser.add_argument("-m", action="append", required=True)
    given = parser.parse_args()
    stories = [s.strip() for s in open(given.stories).read().split("<|endoftext|>")]
    prompts = [" ".join(s.split()[:8]) for s in stories if len(s) > 300][:given.prompts]
    good = [part for model in given.m for part in ("-m", model)]
    judges = [*good, "-m", given.judge]
    rules = given.rules.split(",")
    known = bits(given.binary, prompts, judges)
    alone = {}
    print(f"{len(prompts)} prompts\n\n| weak member | rule | bits per byte by the members | change | by the judge | change |")
    print("|---|---|--:|--:|--:|--:|")
    for weak in [None, *given.weak]:
        models = good + (["-m", f"weak={weak}"] if weak else [])
        _, texts = evaluate(
            given.binary, [{"question": p, "answer": "0"} for p in prompts],
            [*models, "--format", "{question}", "-n", given.n, "--parse", "exact",
             "--strategies", ",".join("cool:" + rule for rule in rules)])
        for rule in rules:
            own = texts["cool:" + rule]
            size = sum(len(text.encode()) for text in own.values())
            whole = bits(given.binary, [prompts[place] + text for place, text in own.items()], judges)
            rate = {name: (whole[name] - known[name]) / size for name in whole}
            names = list(rate)
            found = (sum(rate[name] for name in names[:-1]) / (len(names) - 1), rate[names[-1]])
            alone.setdefault(rule, found)
            change = [100 * (found[i] / alone[rule][i] - 1) for i in (0, 1)]
            print(f"| {os.path.basename(os.path.dirname(weak)) if weak else 'none'} | {rule} | {found[0]:.4f} "
                  f"| {change[0]:+.1f} % | {found[1]:.4f} | {change[1]:+.1f} % |", flush=True)


main()
