"""Greedy answers of the members to fixed problems, and what they say about a trio: alone, any correct, majority vote.

Also writes problems as JSON lines {"question", "answer", "family"}. The fused strategies are the engine's to evaluate.
"""

import collections
import json

import corpus

LIMIT, GROUP = 160, 100


def answers(model, vocabulary, problems):
    """The greedy answer text to each problem's bare question, leading white space stripped."""
    texts, by_length = [None] * len(problems), collections.defaultdict(list)
    for i, problem in enumerate(problems):
        prompt = ([] if vocabulary.bos is None else [vocabulary.bos]) + vocabulary.encode(problem.question)
        by_length[len(prompt)].append((i, prompt))
    for group in by_length.values():
        for start in range(0, len(group), GROUP):
            some = group[start:start + GROUP]
            for (i, _), ids in zip(some, model.greedy([p for _, p in some], vocabulary.eos, LIMIT)):
                texts[i] = vocabulary.decode(ids).lstrip()
    return texts


def result(text):
    """What follows the last "#### ", or None."""
    return text.rsplit("#### ", 1)[1].strip() if "#### " in text else None


def report(problems, texts):
    """Lines of a table from texts[member] = answers: each alone by family, any correct, majority vote (ties: first)."""
    found = {name: [result(t) for t in some] for name, some in texts.items()}
    rows = {name: [r == p.result for r, p in zip(some, problems)] for name, some in found.items()}
    if len(found) > 1:
        together = list(zip(*found.values()))
        rows["any correct"] = [p.result in r for r, p in zip(together, problems)]
        rows["vote"] = [max(r, key=r.count) == p.result for r, p in zip(together, problems)]
    yield f"{'':16}{'all':>9}" + "".join(f"{f:>11}" for f in corpus.FAMILIES)
    for name, right in rows.items():
        share = lambda family: [ok for ok, p in zip(right, problems) if family in (None, p.family)]
        cells = [100 * sum(some) / len(some) for some in map(share, [None, *corpus.FAMILIES])]
        yield f"{name:16}{cells[0]:9.1f}" + "".join(f"{c:11.1f}" for c in cells[1:])


def write_problems(path, problems):
    with open(path, "w", encoding="utf-8") as f:
        for p in problems:
            f.write(json.dumps({"question": p.question, "answer": p.answer, "family": p.family}) + "\n")
