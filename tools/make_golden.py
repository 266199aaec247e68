#!/usr/bin/env python3
"""Reference outputs for the models of Tests/Fixtures/logits: `make_golden.py [NAME ...]`, all without arguments.

An independent forward pass in numpy float64 over the weights as gguf-py dequantises them, and naive tokenizers (merge
the best pair until none is left). Slow, short, and sharing no code with the Swift library. Writes cases.json and
logits-N.f32 (little-endian float32, row-major) beside each model. Needs: pip install gguf numpy regex.
"""
import json
import math
import sys
from pathlib import Path

import gguf
import numpy as np
import regex

from make_random_model import CONTEXT, FIXTURES, MODELS, bytes_to_unicode

STRINGS = [
    "", " ", "Hello world", "The boats came into the harbour before the rain.", "In the garden  there was a tree",
    " leading space", "two  spaces", "line\nend\n\nand\ttab", "I'm, we'll, DON'T", "12345 + 67 = ?", "caf\u00e9 \u4f60\u597d \U0001f600",
    "trailing ", "<|im_start|>user", "</s>",
]
GREEDY_PROMPT = "The old man said"
SCORED = "The children waited for the rain."
GPT2 = r"""'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""
QWEN2 = (
    r"""(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"""
    r"""|\s*[\r\n]+|\s+(?!\S)|\s+""")


class Tokenizer:
    """The file's tokenizer, by the definition and without regard to speed; special tokens in text are plain text."""

    def __init__(self, field):
        self.tokens = field("tokenizer.ggml.tokens")
        self.ids = {token: i for i, token in enumerate(self.tokens)}
        self.spm = field("tokenizer.ggml.model") == "llama"
        self.bos = [field("tokenizer.ggml.bos_token_id")] if field("tokenizer.ggml.add_bos_token") else []
        self.types = field("tokenizer.ggml.token_type")
        if self.spm:
            self.scores = field("tokenizer.ggml.scores")
        else:
            self.ranks = {tuple(merge.split(" ")): rank for rank, merge in enumerate(field("tokenizer.ggml.merges"))}
            self.pattern = regex.compile(GPT2 if field("tokenizer.ggml.pre") == "gpt-2" else QWEN2)
            self.table = bytes_to_unicode()

    def merge(self, symbols, cost):
        """Joins the cheapest adjacent pair, leftmost first, until no pair has a cost."""
        while True:
            costs = [(cost(a, b), i) for i, (a, b) in enumerate(zip(symbols, symbols[1:]))]
            best = min((c for c in costs if c[0] is not None), default=None)
            if best is None:
                return symbols
            i = best[1]
            symbols = symbols[:i] + [symbols[i] + symbols[i + 1]] + symbols[i + 2:]

    def encode(self, text, special):
        ids = list(self.bos) if special else []
        if self.spm:
            if not text:
                return ids
            symbols = self.merge(
                list(("\u2581" + text.replace(" ", "\u2581"))),
                lambda a, b: -self.scores[self.ids[a + b]] if self.types[self.ids.get(a + b, 0)] == 1 else None)
            for symbol in symbols:
                if symbol in self.ids and self.types[self.ids[symbol]] == 1:
                    ids.append(self.ids[symbol])
                else:
                    ids += [self.ids[f"<0x{byte:02X}>"] for byte in symbol.encode()]
            return ids
        for piece in self.pattern.findall(text):
            symbols = self.merge([self.table[byte] for byte in piece.encode()], lambda a, b: self.ranks.get((a, b)))
            ids += [self.ids[symbol] for symbol in symbols]
        return ids

    def decode(self, ids):
        if self.spm:
            out = b""
            for token in ids:
                if self.types[token] == 6:
                    out += bytes([int(self.tokens[token][3:5], 16)])
                elif self.types[token] == 1:
                    out += self.tokens[token].replace("\u2581", " ").encode()
            return out
        back = {character: byte for byte, character in self.table.items()}
        return b"".join(bytes(back[c] for c in self.tokens[token]) for token in ids if self.types[token] == 1)


class Model:
    def __init__(self, path):
        reader = gguf.GGUFReader(path)

        def field(key, default=None):
            return reader.fields[key].contents() if key in reader.fields else default

        self.arch = field("general.architecture")
        self.tokenizer = Tokenizer(field)
        self.w = {t.name: gguf.quants.dequantize(t.data, t.tensor_type).astype(np.float64) for t in reader.tensors}
        self.types = {t.name: t.tensor_type.name for t in reader.tensors}
        key = lambda name, default=None: field(f"{self.arch}.{name}", default)
        self.d, self.layers, self.heads = key("embedding_length"), key("block_count"), key("attention.head_count")
        self.kv = key("attention.head_count_kv", self.heads)
        self.head_dim = key("attention.key_length", self.d // self.heads)
        self.eps = key("attention.layer_norm_rms_epsilon", key("attention.layer_norm_epsilon"))
        self.base = key("rope.freq_base", 10000.0)
        self.quantise_activations = False

    def linear(self, x, name):
        w = self.w[name + ".weight"]
        x = self.rounded(x, self.types[name + ".weight"]) if self.quantise_activations else x
        y = x @ w.T
        return y + self.w[name + ".bias"] if name + ".bias" in self.w else y

    @staticmethod
    def rounded(x, weight_type):
        """x as an engine sees it that quantises activations: int8 in groups of 32 (Q8_0) or 256 (Q8_K)."""
        group = {"Q8_0": 32, "Q4_K": 256, "Q6_K": 256}.get(weight_type)
        if group is None:
            return x
        groups = x.reshape(-1, group)
        step = np.abs(groups).max(axis=1, keepdims=True) / 127
        step = np.where(step == 0, 1, step)
        return (np.rint(groups / step) * step).reshape(x.shape)

    def norm(self, x, name):
        if self.arch == "gpt2":
            x = x - x.mean(axis=-1, keepdims=True)
        y = x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + self.eps) * self.w[name + ".weight"]
        return y + self.w[name + ".bias"] if name + ".bias" in self.w else y

    def rope(self, x):
        """x [n, heads, head_dim]; llama rotates adjacent pairs, qwen the two halves."""
        n, _, dim = x.shape
        angle = np.arange(n)[:, None] * self.base ** (-np.arange(0, dim, 2) / dim)
        cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
        if self.arch == "llama":
            a, b = x[..., 0::2], x[..., 1::2]
            return np.stack([a * cos - b * sin, a * sin + b * cos], axis=-1).reshape(x.shape)
        a, b = x[..., :dim // 2], x[..., dim // 2:]
        return np.concatenate([a * cos - b * sin, a * sin + b * cos], axis=-1)

    def attention(self, x, block):
        n, hd = len(x), self.head_dim
        if self.arch == "gpt2":
            q, k, v = np.split(self.linear(x, f"{block}.attn_qkv"), 3, axis=1)
        else:
            q, k, v = (self.linear(x, f"{block}.attn_{name}") for name in "qkv")
        q, k, v = q.reshape(n, self.heads, hd), k.reshape(n, self.kv, hd), v.reshape(n, self.kv, hd)
        if self.arch == "qwen3":
            q, k = self.norm(q, f"{block}.attn_q_norm"), self.norm(k, f"{block}.attn_k_norm")
        if self.arch != "gpt2":
            q, k = self.rope(q), self.rope(k)
        k, v = (np.repeat(part, self.heads // self.kv, axis=1) for part in (k, v))
        scores = np.einsum("ihd,jhd->hij", q, k) / math.sqrt(hd)
        scores = np.where(np.tril(np.ones((n, n), bool)), scores, -np.inf)
        p = np.exp(scores - scores.max(axis=-1, keepdims=True))
        p /= p.sum(axis=-1, keepdims=True)
        return self.linear(np.einsum("hij,jhd->ihd", p, v).reshape(n, -1), f"{block}.attn_output")

    def feed_forward(self, x, block):
        up = self.linear(x, f"{block}.ffn_up")
        if self.arch == "gpt2":
            h = 0.5 * up * (1 + np.tanh(math.sqrt(2 / math.pi) * (up + 0.044715 * up ** 3)))
        else:
            gate = self.linear(x, f"{block}.ffn_gate")
            h = gate / (1 + np.exp(-gate)) * up
        return self.linear(h, f"{block}.ffn_down")

    def logits(self, ids):
        """[n, vocabulary] for all positions."""
        x = self.w["token_embd.weight"][ids]
        if self.arch == "gpt2":
            x = x + self.w["position_embd.weight"][:len(ids)]
        for layer in range(self.layers):
            block = f"blk.{layer}"
            x = x + self.attention(self.norm(x, f"{block}.attn_norm"), block)
            x = x + self.feed_forward(self.norm(x, f"{block}.ffn_norm"), block)
        return self.linear(self.norm(x, "output_norm"), "output" if "output.weight" in self.w else "token_embd")


def logprobs(logits):
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def greedy(model, count=24):
    ids = model.tokenizer.encode(GREEDY_PROMPT, special=True)
    prompt, chosen, gap = list(ids), [], math.inf
    for _ in range(count):
        row = logprobs(model.logits(ids)[-1])
        order = np.argsort(row)
        gap = min(gap, row[order[-1]] - row[order[-2]])
        chosen.append(float(row[order[-1]]))
        ids = ids + [int(order[-1])]
    new = ids[len(prompt):]
    return {"prompt": GREEDY_PROMPT, "prompt_ids": prompt, "ids": new, "logprobs": chosen, "min_gap": float(gap),
            "text": model.tokenizer.decode(new).decode("utf-8", "replace")}


def score(model):
    ids = model.tokenizer.encode(SCORED, special=True)
    rows = logprobs(model.logits(ids))
    values = [float(rows[i, ids[i + 1]]) for i in range(len(ids) - 1)]
    return {"text": SCORED, "ids": ids, "token_logprobs": values, "total": sum(values)}


def logit_case(model, folder, number, length, stored_rows, seed):
    ids = [int(i) for i in np.random.Generator(np.random.PCG64(seed)).integers(0, len(model.tokenizer.tokens), length)]
    logits = model.logits(ids)
    positions = list(range(length))[-stored_rows:]
    file = f"logits-{number}.f32"
    logits[positions].astype("<f4").tofile(folder / file)
    model.quantise_activations = True
    difference = model.logits(ids)[positions] - logits[positions]
    model.quantise_activations = False
    std = float(logits.std())
    return {"tokens": ids, "n_ctx": CONTEXT, "positions": positions, "n_vocab": logits.shape[1], "logits": file,
            "shape": [len(positions), logits.shape[1]], "logits_std": std,
            "argmax": [int(i) for i in logits[positions].argmax(axis=1)],
            "quantised_activations": {"rel_rms": float(np.sqrt((difference ** 2).mean())) / std,
                                      "max_rel": float(np.abs(difference).max()) / std}}


def tolerance(cases, kind):
    if kind == "f32":
        return {"max_abs_diff_over_std": 1e-3, "note": "max|engine - reference| <= this * logits_std, per case"}
    rms = max(case["quantised_activations"]["rel_rms"] for case in cases)
    worst = max(case["quantised_activations"]["max_rel"] for case in cases)
    return {"exact_arithmetic_max_abs_diff_over_std": 1e-3, "rel_rms": 2.5 * rms, "max_abs_diff_over_std": 2.5 * worst,
            "note": "engines that quantise activations: 2.5 times the deviation of this reference with int8 activations"}


def main(name):
    folder = FIXTURES / name
    model = Model(folder / "model.gguf")
    quant = MODELS[name].get("quant")
    kind = "quantised" if quant else "f32"
    cases = [logit_case(model, folder, 0, 7, 7, 1), logit_case(model, folder, 1, 40, 4, 2), logit_case(model, folder, 2, 1, 1, 3)]
    strings = [{"text": text, "add_special": model.tokenizer.encode(text, True), "no_special": model.tokenizer.encode(text, False)}
               for text in STRINGS]
    golden = {"format": "gguf-conformance-kit/1", "name": name, "kind": kind, "quant": quant, "gguf_architecture": model.arch,
              "model": "model.gguf", "seed": MODELS[name]["seed"], "tolerance": tolerance(cases, kind), "cases": cases,
              "tokenization": {"note": "parse_special=false", "strings": strings},
              "greedy": greedy(model), "score": score(model)}
    (folder / "cases.json").write_text(json.dumps(golden, indent=1) + "\n")
    print(name, golden["tolerance"], "greedy gap", round(golden["greedy"]["min_gap"], 4), repr(golden["greedy"]["text"]))
    return {"name": name, "dir": name, "kind": kind, "quant": quant, "architecture": model.arch, "tolerance": golden["tolerance"]}


if __name__ == "__main__":
    rows = [main(name) for name in sys.argv[1:] or MODELS]
    if len(rows) == len(MODELS):
        index = {"format": "gguf-conformance-kit/1", "cases": rows}
        (FIXTURES / "index.json").write_text(json.dumps(index, indent=1) + "\n")
