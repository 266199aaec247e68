"""Trains the wanted members (one process and one thread each), writes GGUFs and problem sets, and prints their accuracy.

Runs inside the virtual environment that __main__.py makes; every stage skips what is finished, so a second call
resumes. Folders: `work` keeps checkpoints, tokenizers and logs; `out` receives the GGUFs and problems.
"""

import argparse
import json
import os
import subprocess
import sys
import time

import torch

import corpus
import evaluation
import export
import members
import training

SEED, HELDOUT, TEST, CHECKED = 20240719, 300, 1000, 200


def say(text):
    print(time.strftime("%H:%M:%S"), text, file=sys.stderr, flush=True)


def train_one(name, work):
    torch.manual_seed(SEED)
    member, vocabulary = members.MEMBERS[name], members.vocabulary_of(name, work)
    training.train(member, members.fresh_model(name, vocabulary), vocabulary, work, say)


def train_all(names, work):
    """Tokenizers first (members share some), then all members at once; ends with the first failure's status."""
    for name in names:
        members.vocabulary_of(name, work)
    running = {n: subprocess.Popen([sys.executable, __file__, "--work", work, "--train-one", n]) for n in names}
    failed = [name for name, process in running.items() if process.wait()]
    if failed:
        sys.exit(f"training of {', '.join(failed)} stopped; run the same command again to resume from the last checkpoint")


def load(name, work):
    vocabulary = members.vocabulary_of(name, work)
    model, saved = members.fresh_model(name, vocabulary), training.checkpoint(name, work)
    model.load_state_dict(saved["model"])
    return model.eval(), vocabulary, saved["cpu_seconds"]


def write_models(names, work, out, f32):
    for name in names:
        model, vocabulary, seconds = load(name, work)
        export.write(os.path.join(out, name + ".gguf"), members.MEMBERS[name], model, vocabulary, seconds)
        if f32:
            export.write(os.path.join(work, name + ".F32.gguf"), members.MEMBERS[name], model, vocabulary, seconds, quantised=False)


def evaluate(names, work, problems):
    """Prints the table for the weights as stored and leaves every answer in work/answers.json."""
    texts = {}
    for name in names:
        model, vocabulary, _ = load(name, work)
        texts[name] = evaluation.answers(export.stored(model), vocabulary, problems)
    trio = {n: t for n, t in texts.items() if n in members.TRIO}
    for some in [trio, {n: t for n, t in texts.items() if n not in trio}]:
        if some:
            print("\n".join(evaluation.report(problems, some)))
    with open(os.path.join(work, "answers.json"), "w", encoding="utf-8") as f:
        json.dump([{"question": p.question, **{n: t[i] for n, t in texts.items()}} for i, p in enumerate(problems)], f, indent=0)


def check(engine, names, work, out):
    """Whether the engine's greedy answers equal PyTorch's: F32 files must agree on all CHECKED problems; Q8_0 files may
    differ where two tokens are almost equally likely, because engines round activations too."""
    problems, exact = corpus.fixed_set("test", CHECKED), True
    for name in names:
        model, vocabulary, _ = load(name, work)
        for kind, path, reference in [("F32", os.path.join(work, name + ".F32.gguf"), model),
                                      ("Q8_0", os.path.join(out, name + ".gguf"), export.stored(model))]:
            wanted = evaluation.answers(reference, vocabulary, problems)
            same = sum(engine_answer(engine, path, p.question) == w for p, w in zip(problems, wanted))
            print(f"{name:12} {kind:5} {same} of {CHECKED} answers equal")
            exact &= same == CHECKED or kind != "F32"
    if not exact:
        sys.exit("an F32 file does not answer as PyTorch does")


def engine_answer(engine, path, question):
    command = [engine, "run", "-m", path, "-p", question, "--temp", "0", "-n", str(evaluation.LIMIT), "--json", "-q"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout)["text"].lstrip()


def main():
    parser = argparse.ArgumentParser(prog="train_demo_models", description="Trains the demo trio and writes its GGUF files.")
    parser.add_argument("--work", required=True, help="keeps checkpoints and tokenizers")
    parser.add_argument("--out", help="receives the GGUF files and the problems")
    parser.add_argument("--members", nargs="+", choices=list(members.MEMBERS), default=members.TRIO)
    parser.add_argument("--f32", action="store_true", help="also write F32 files (into the work folder), to check the conversion")
    parser.add_argument("--check", metavar="COOLFUSION", help="instead: compare this engine's answers with PyTorch's (after --f32)")
    parser.add_argument("--train-one", choices=list(members.MEMBERS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.makedirs(options.work, exist_ok=True)
    torch.set_num_threads(1)  # members share the cores; matrices this small gain little from more
    if options.train_one:
        return train_one(options.train_one, options.work)
    if options.check:
        return check(options.check, options.members, options.work, options.out)
    began = time.time()
    train_all(options.members, options.work)
    say(f"trained in {time.time() - began:.0f} s")
    os.makedirs(options.out, exist_ok=True)
    test = corpus.fixed_set("test", TEST)
    evaluation.write_problems(os.path.join(options.out, "heldout.jsonl"), corpus.fixed_set("heldout", HELDOUT))
    evaluation.write_problems(os.path.join(options.out, "test.jsonl"), test)
    write_models(options.members, options.work, options.out, options.f32)
    evaluate(options.members, options.work, test)


if __name__ == "__main__":
    main()
