"""Trains one member: uniform mixture of families in the first half, its own in the second; resumes from its last checkpoint.

The batch of a step depends on the member's name and the step alone, so an interrupted run continues as if it never
stopped. Muon moves the hidden matrices, AdamW the rest. The loss weighs answers 1 and questions 0.05.
"""

import itertools
import os
import time

import torch
import torch.nn.functional as F

import corpus

BATCH, QUESTION_WEIGHT = 32, 0.05
MATRIX_RATE, REST_RATE, WARMUP, LAST_RATE = 0.02, 0.006, 100, 0.02
SAVE_EVERY, DEV = 100, 300


def example(vocabulary, problem, ends_line):
    """(ids, weights): the question, a line end, the answer, end of text. The line end belongs to the answer, or to the
    question where `ends_line` says so, as in prompts that end with one."""
    head, tail = ("\n", "") if ends_line else ("", "\n")
    question = vocabulary.encode(problem.question + head)
    if vocabulary.bos is not None:
        question = [vocabulary.bos] + question
    answer = vocabulary.encode(tail + problem.answer) + [vocabulary.eos]
    return question + answer, [QUESTION_WEIGHT] * len(question) + [1.0] * len(answer)


def batch(vocabulary, problems, r=None):
    """(ids, targets, weights) [problems, longest - 1]; `r` lets one question in ten end its line, None lets none."""
    rows = [example(vocabulary, p, r is not None and r.random() < 0.1) for p in problems]
    longest = max(len(ids) for ids, _ in rows)
    ids = torch.tensor([ids + [0] * (longest - len(ids)) for ids, _ in rows])
    weights = torch.tensor([w + [0.0] * (longest - len(w)) for _, w in rows])
    return ids[:, :-1], ids[:, 1:], weights[:, 1:]


def orthogonalised(g):
    """The nearest orthogonal matrices to g [n, rows, columns] by five Newton-Schulz steps (constants of Muon)."""
    tall = g.shape[-2] > g.shape[-1]
    x = g.mT if tall else g
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(5):
        a = x @ x.mT
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return x.mT if tall else x


class Muon(torch.optim.Optimizer):
    """Momentum, orthogonalised, for matrices; those of one shape are handled together."""

    def __init__(self, parameters, lr, momentum=0.95):
        super().__init__(parameters, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            shapes = {}
            for p in group["params"]:
                m = self.state[p].setdefault("momentum", torch.zeros_like(p))
                m.lerp_(p.grad, 1 - group["momentum"])
                shapes.setdefault(p.shape, []).append((p, p.grad.lerp(m, group["momentum"])))
            for shape, pairs in shapes.items():
                scale = group["lr"] * max(1.0, shape[0] / shape[1]) ** 0.5
                for (p, _), d in zip(pairs, orthogonalised(torch.stack([g for _, g in pairs]))):
                    p.sub_(d, alpha=scale)


def rate(step, steps):
    """Linear rise over WARMUP steps, level for the first half of the run, then linear fall."""
    fall = LAST_RATE + (1 - LAST_RATE) * min(1.0, 2 * (steps - step) / steps)
    return min(1.0, (step + 1) / WARMUP) * fall


def dev_accuracy(model, vocabulary, problems):
    """Per family, the share of problems whose whole answer is the argmax at each position (a forced pass, so fast)."""
    right = {}
    for family in corpus.FAMILIES:
        some = [p for p in problems if p.family == family]
        ids, targets, weights = batch(vocabulary, some)
        with torch.no_grad():
            hit = (model(ids).argmax(-1) == targets) | (weights != 1.0)
        right[family] = hit.all(-1).float().mean().item()
    return right


def path_of(name, folder):
    return os.path.join(folder, name + ".pt")


def checkpoint(name, folder):
    """What the last save left for a member, or None."""
    path = path_of(name, folder)
    return torch.load(path, weights_only=True) if os.path.exists(path) else None


def optimizers_for(model):
    matrix = lambda name, p: p.dim() == 2 and name.startswith("blk")
    named = list(model.named_parameters())
    return [Muon([p for n, p in named if matrix(n, p)], MATRIX_RATE),
            torch.optim.AdamW([p for n, p in named if not matrix(n, p)], REST_RATE, betas=(0.9, 0.95), weight_decay=0.0)]


def resume(saved, member, model, optimizers):
    """Restores a checkpoint of the same plan; returns its step and the CPU seconds used so far."""
    if saved["plan"] != member.plan:
        raise SystemExit(f"{member.name}: the checkpoint belongs to the plan {saved['plan']}, not {member.plan}: remove it to train anew")
    model.load_state_dict(saved["model"])
    for optimizer, state in zip(optimizers, saved["optimizers"]):
        optimizer.load_state_dict(state)
    return saved["step"], saved["cpu_seconds"]


def loss_of(model, vocabulary, member, step):
    """The weighted loss on the batch that belongs to `step`."""
    seed = f"{member.name} {step}"
    mixture = None if 2 * step < member.steps else member.mixture
    problems = itertools.islice(corpus.problems("train", seed, mixture), BATCH)
    ids, targets, weights = batch(vocabulary, problems, corpus.random.Random(seed))
    losses = F.cross_entropy(model(ids).flatten(0, 1), targets.flatten(), reduction="none")
    return (losses * weights.flatten()).sum() / weights.sum()


def train(member, model, vocabulary, folder, say):
    """Runs the steps that are still to do and leaves the finished checkpoint in `folder`."""
    optimizers, saved, first, spent = optimizers_for(model), checkpoint(member.name, folder), 0, 0.0
    if saved:
        first, spent = resume(saved, member, model, optimizers)
        say(f"{member.name}: checkpoint of step {first} of {member.steps}")
    dev, began, level = corpus.fixed_set("dev", DEV), time.process_time(), None
    for step in range(first, member.steps):
        for optimizer, base in zip(optimizers, (MATRIX_RATE, REST_RATE)):
            optimizer.param_groups[0]["lr"] = base * rate(step, member.steps)
        loss = loss_of(model, vocabulary, member, step)
        model.zero_grad(set_to_none=True)
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
        level = loss.item() if level is None else 0.98 * level + 0.02 * loss.item()
        if (step + 1) % SAVE_EVERY == 0 or step + 1 == member.steps:
            used = spent + time.process_time() - began
            save(path_of(member.name, folder), {"plan": member.plan, "step": step + 1, "cpu_seconds": used,
                 "model": model.state_dict(), "optimizers": [o.state_dict() for o in optimizers]})
            families = dev_accuracy(model, vocabulary, dev)
            say(f"{member.name}: step {step + 1} loss {level:.4f} dev {sum(families.values()) / len(families):.3f} "
                + " ".join(f"{f} {a:.2f}" for f, a in families.items()) + f" cpu {used:.0f} s")


def save(path, state):
    torch.save(state, path + ".part")
    os.replace(path + ".part", path)
