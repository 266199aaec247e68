#!/usr/bin/env python3
"""Tiny random models of architectures, with log-probabilities by llama.cpp: `make_architecture_fixtures.py [NAME ...]`.

The second oracle beside the conformance kit, for what the kit lacks. Weights are seeded noise; the reference runs in
f32 with an f32 cache. Writes Tests/Fixtures/architectures/NAME/{model.gguf,cases.json,logits-0.f32}; the format is that
of Tests/Fixtures/logits, but rows are log-softmax ("normalized"). Needs: pip install gguf numpy xllamacpp.
"""
import json
import sys
from pathlib import Path

import gguf
import numpy as np

FIXTURES = Path(__file__).resolve().parent.parent / "Tests/Fixtures/architectures"
VOCABULARY, LENGTH, CONTEXT = 272, 40, 64
POSITIONS = [0, 1, 4, 9, 20, 39]


class Model:
    """Shapes of one model and its file as it grows."""

    def __init__(self, name, architecture, seed, **sizes):
        self.name, self.architecture = name, architecture
        self.random = np.random.default_rng(seed)
        self.width, self.layers, self.heads, self.kv, self.head, self.hidden = 32, 2, 4, 2, 8, 48
        self.__dict__.update(sizes)
        self.folder = FIXTURES / name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.writer = gguf.GGUFWriter(self.folder / "model.gguf", architecture)
        self.key("context_length", CONTEXT)
        self.key("embedding_length", self.width)
        self.key("block_count", self.layers)
        self.key("feed_forward_length", self.hidden)
        self.key("attention.head_count", self.heads)
        self.key("attention.head_count_kv", self.kv)
        self.vocabulary()

    def key(self, name, value):
        name = f"{self.architecture}.{name}"
        if isinstance(value, bool):
            self.writer.add_bool(name, value)
        elif isinstance(value, int):
            self.writer.add_uint32(name, value)
        elif isinstance(value, float):
            self.writer.add_float32(name, value)
        else:
            self.writer.add_string(name, value)

    def vocabulary(self):
        """A SentencePiece vocabulary of bytes and some letters; no test reads its text."""
        tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)]
        tokens += [chr(ord("a") + i) for i in range(VOCABULARY - len(tokens))]
        self.writer.add_tokenizer_model("llama")
        self.writer.add_token_list(tokens)
        self.writer.add_token_scores([0.0] * VOCABULARY)
        self.writer.add_token_types([2, 3, 3] + [6] * 256 + [1] * (VOCABULARY - 259))

    def matrix(self, name, *shape, gain=1.3):
        values = self.random.standard_normal(shape) * gain / np.sqrt(shape[-1])
        self.writer.add_tensor(name + ".weight", values.astype(np.float32))

    def vector(self, name, *shape, mean=0.0, spread=0.2):
        self.writer.add_tensor(name, (mean + spread * self.random.standard_normal(shape)).astype(np.float32))

    def norm(self, name, *shape, bias=False):
        shape = shape or (self.width,)
        self.vector(name + ".weight", *shape, mean=1.0)
        if bias:
            self.vector(name + ".bias", *shape)

    def linear(self, name, out, into, bias=False):
        self.matrix(name, out, into)
        if bias:
            self.vector(name + ".bias", out)

    def ends(self, bias=False, tied=False):
        self.matrix("token_embd", VOCABULARY, self.width, gain=5)
        self.norm("output_norm", bias=bias)
        if not tied:
            self.matrix("output", VOCABULARY, self.width, gain=3)

    def attention(self, block, bias=False, fused=False, output_bias=None):
        q, kv = self.heads * self.head, self.kv * self.head
        if fused:
            self.linear(f"blk.{block}.attn_qkv", q + 2 * kv, self.width, bias)
        else:
            for name, rows in (("q", q), ("k", kv), ("v", kv)):
                self.linear(f"blk.{block}.attn_{name}", rows, self.width, bias)
        self.linear(f"blk.{block}.attn_output", self.width, q, bias if output_bias is None else output_bias)

    def network(self, block, gate=True, bias=False, suffix="", hidden=None):
        hidden = hidden or self.hidden
        for name in ["ffn_gate"] * gate + ["ffn_up"]:
            self.linear(f"blk.{block}.{name}{suffix}", hidden, self.width, bias)
        self.linear(f"blk.{block}.ffn_down{suffix}", self.width, hidden, bias)

    def experts(self, block, count, hidden, bias=False):
        self.linear(f"blk.{block}.ffn_gate_inp", count, self.width, bias)
        for name, out, into in (("gate", hidden, self.width), ("up", hidden, self.width), ("down", self.width, hidden)):
            self.matrix(f"blk.{block}.ffn_{name}_exps", count, out, into)
            if bias:
                self.vector(f"blk.{block}.ffn_{name}_exps.bias", count, out)


def llama_like(model, tied=False):
    model.key("attention.layer_norm_rms_epsilon", 1e-5)
    model.key("rope.dimension_count", model.head)
    for block in range(model.layers):
        model.norm(f"blk.{block}.attn_norm")
        model.attention(block)
        model.norm(f"blk.{block}.ffn_norm")
        model.network(block)
    model.ends(tied=tied)


def llama_yarn(model):
    model.key("rope.scaling.type", "yarn")
    model.key("rope.scaling.factor", 4.0)
    model.key("rope.scaling.original_context_length", 16)
    llama_like(model)


def llama_linear(model):
    model.key("rope.scaling.type", "linear")
    model.key("rope.scaling.factor", 2.0)
    llama_like(model)


def qwen2moe(model):
    model.key("attention.layer_norm_rms_epsilon", 1e-6)
    model.key("expert_count", 4)
    model.key("expert_used_count", 2)
    model.key("expert_feed_forward_length", 24)
    model.key("expert_shared_feed_forward_length", 40)
    for block in range(model.layers):
        model.norm(f"blk.{block}.attn_norm")
        model.attention(block, bias=True, output_bias=False)
        model.norm(f"blk.{block}.ffn_norm")
        model.experts(block, 4, 24)
        model.vector(f"blk.{block}.ffn_gate_inp_shexp.weight", model.width)
        model.network(block, suffix="_shexp", hidden=40)
    model.ends()


def starcoder2(model):
    model.key("attention.layer_norm_epsilon", 1e-4)
    for block in range(model.layers):
        model.norm(f"blk.{block}.attn_norm", bias=True)
        model.attention(block, bias=True)
        model.norm(f"blk.{block}.ffn_norm", bias=True)
        model.network(block, gate=False, bias=True)
    model.ends(bias=True, tied=True)


def olmo2(model):
    model.key("attention.layer_norm_rms_epsilon", 1e-6)
    for block in range(model.layers):
        model.attention(block)
        model.norm(f"blk.{block}.attn_q_norm", model.heads * model.head)
        model.norm(f"blk.{block}.attn_k_norm", model.kv * model.head)
        model.norm(f"blk.{block}.post_attention_norm")
        model.network(block)
        model.norm(f"blk.{block}.post_ffw_norm")
    model.ends()


def falcon(model):
    model.key("attention.layer_norm_epsilon", 1e-5)
    for block in range(model.layers):
        model.norm(f"blk.{block}.attn_norm", bias=True)
        if model.kv > 1:
            model.norm(f"blk.{block}.attn_norm_2", bias=True)
        model.attention(block, fused=True)
        model.network(block, gate=False)
    model.ends(bias=True)


def command_r(model):
    model.key("attention.layer_norm_epsilon", 1e-5)
    model.key("logit_scale", 0.25)
    model.key("rope.scaling.type", "none")
    for block in range(model.layers):
        model.norm(f"blk.{block}.attn_norm")
        model.attention(block)
        model.network(block)
    model.ends(tied=True)


def bloom(model):
    model.key("attention.layer_norm_epsilon", 1e-5)
    model.norm("token_embd_norm", bias=True)
    for block in range(model.layers):
        model.norm(f"blk.{block}.attn_norm", bias=True)
        model.attention(block, bias=True, fused=True)
        model.norm(f"blk.{block}.ffn_norm", bias=True)
        model.network(block, gate=False, bias=True)
    model.ends(bias=True, tied=True)


def mpt(model):
    model.key("attention.layer_norm_epsilon", 1e-5)
    model.key("attention.max_alibi_bias", 8.0)
    for block in range(model.layers):
        model.norm(f"blk.{block}.attn_norm")
        model.attention(block, fused=True)
        model.norm(f"blk.{block}.ffn_norm")
        model.network(block, gate=False)
    model.ends(tied=True)


def gptneox(model):
    model.key("attention.layer_norm_epsilon", 1e-5)
    model.key("rope.dimension_count", 4)
    model.key("use_parallel_residual", False)
    for block in range(model.layers):
        model.norm(f"blk.{block}.attn_norm", bias=True)
        model.attention(block, bias=True, fused=True)
        model.norm(f"blk.{block}.ffn_norm", bias=True)
        model.network(block, gate=False, bias=True)
    model.ends(bias=True)


def stablelm(model):
    model.key("attention.layer_norm_epsilon", 1e-5)
    model.key("rope.dimension_count", 4)
    for block in range(model.layers):
        model.norm(f"blk.{block}.attn_norm", bias=True)
        model.attention(block)
        model.norm(f"blk.{block}.attn_q_norm", model.heads, model.head)
        model.norm(f"blk.{block}.attn_k_norm", model.kv, model.head)
        model.network(block)
    model.ends(bias=True)


def gpt_oss(model):
    model.key("attention.layer_norm_rms_epsilon", 1e-5)
    model.key("attention.key_length", model.head)
    model.key("attention.value_length", model.head)
    model.key("attention.sliding_window", 8)
    model.key("expert_count", 4)
    model.key("expert_used_count", 2)
    model.key("expert_feed_forward_length", 32)
    model.key("rope.freq_base", 150000.0)
    model.key("rope.scaling.type", "yarn")
    model.key("rope.scaling.factor", 4.0)
    model.key("rope.scaling.original_context_length", 16)
    for block in range(model.layers):
        model.norm(f"blk.{block}.attn_norm")
        model.attention(block, bias=True)
        model.vector(f"blk.{block}.attn_sinks.weight", model.heads, spread=1.0)
        model.norm(f"blk.{block}.post_attention_norm")
        model.experts(block, 4, 32, bias=True)
    model.ends()


MODELS = {
    "llama-yarn": (llama_yarn, "llama", {}),
    "llama-linear": (llama_linear, "llama", {}),
    "internlm2": (llama_like, "internlm2", {}),
    "smollm3": (llama_like, "smollm3", {"layers": 5}),
    "qwen2moe": (qwen2moe, "qwen2moe", {}),
    "starcoder2": (starcoder2, "starcoder2", {}),
    "olmo2": (olmo2, "olmo2", {}),
    "falcon-7b": (falcon, "falcon", {"kv": 1}),
    "falcon-40b": (falcon, "falcon", {}),
    "command-r": (command_r, "command-r", {}),
    "bloom": (bloom, "bloom", {"kv": 4}),
    "mpt": (mpt, "mpt", {"width": 48, "heads": 6, "kv": 6}),
    "gptneox-sequential": (gptneox, "gptneox", {"kv": 4}),
    "stablelm-parallel": (stablelm, "stablelm", {}),
    "gpt-oss": (gpt_oss, "gpt-oss", {"layers": 4, "head": 16}),
}


def reference(path, tokens):
    """Log-softmax after each of POSITIONS, by llama.cpp."""
    import xllamacpp
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx, params.warmup = 256, False
    params.cache_type_k = params.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
    params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    params.swa_full = True
    params.fit_params = False
    params.cpuparams.n_threads = 1
    server = xllamacpp.Server(params)
    rows = []
    # The bias makes the server sample a printable token; the probabilities are those before sampling.
    for position in POSITIONS:
        answer = server.handle_completions({
            "prompt": tokens[:position + 1], "n_predict": 1, "n_probs": VOCABULARY, "temperature": 0.0,
            "logit_bias": [[VOCABULARY - 1, 1000.0]], "cache_prompt": False})
        top = answer["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
        row = np.full(VOCABULARY, np.nan)
        for entry in top:
            row[entry["id"]] = entry["logprob"]
        rows.append(row)
    return np.array(rows)


def main():
    for index, (name, (build, architecture, sizes)) in enumerate(MODELS.items()):
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        model = Model(name, architecture, 100 + index, **sizes)
        build(model)
        model.writer.write_header_to_file()
        model.writer.write_kv_data_to_file()
        model.writer.write_tensors_to_file()
        model.writer.close()
        tokens = [int(t) for t in np.random.default_rng(500 + index).integers(3, VOCABULARY, LENGTH)]
        rows = reference(model.folder / "model.gguf", tokens)
        assert np.isfinite(rows).all(), name
        rows.astype("<f4").tofile(model.folder / "logits-0.f32")
        case = {
            "tokens": tokens, "n_ctx": CONTEXT, "positions": POSITIONS, "shape": list(rows.shape), "logits": "logits-0.f32",
            "normalized": True, "logits_std": float(rows.std()), "argmax": rows.argmax(axis=1).tolist()}
        gelu = architecture in ("starcoder2", "falcon", "bloom", "mpt", "gptneox")
        tolerance = {"max_abs_diff_over_std": 4e-3 if gelu else 1e-3}
        cases = {"name": name, "kind": "f32", "gguf_architecture": architecture, "tolerance": tolerance, "cases": [case]}
        (model.folder / "cases.json").write_text(json.dumps(cases, indent=1) + "\n")
        print(name, float(rows.std()), flush=True)


if __name__ == "__main__":
    main()
