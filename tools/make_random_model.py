#!/usr/bin/env python3
"""Writes the tiny random models of Tests/Fixtures/logits: `make_random_model.py [NAME ...]`, all without arguments.

Weights are seeded normal noise; vocabularies are trained by a few lines of BPE on the two texts below, so that prompts
in plain English tokenize into words and pieces. Byte and control tokens get small embeddings: greedy text stays
readable characters. Only the gguf package writes the file; nothing here comes from a trained model.
Needs: pip install gguf numpy (versions in Tests/Fixtures/README.md).
"""
import sys
from collections import Counter
from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType as GGML

FIXTURES = Path(__file__).resolve().parent.parent / "Tests" / "Fixtures" / "logits"

TEXTS = {
    "harbour": """The boats came into the harbour before the rain. Anna counted the boats and the baskets of fish, then she
        wrote the number in her book. The old man in the red hat said that the sea would be calm in the morning. They
        carried the baskets up the hill to the market, where the people were waiting for them. It was not the first time
        that the rain had come, and it would not be the last. She said: "We will be home before dark."\n""",
    "garden": """In the garden there was a tree with yellow apples. Every child in the street knew the tree, and every child
        had climbed it. One day the wind broke a branch, and the children came with a ladder and a rope. What can we do
        for the tree? asked Tom. We can wait, said his sister, trees are good at waiting. So they sat in the grass and
        waited, and in spring there were 12 new leaves on the broken branch. I'm glad, said Tom, that we didn't cut it.\n""",
}

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}")

LLAMA = dict(arch="llama", d=64, heads=4, kv=2, head_dim=16, ffn=64, layers=2, tied=True, vocab="spm", text="harbour", merges=60)
QWEN2 = dict(arch="qwen2", d=32, heads=4, kv=2, head_dim=8, ffn=64, layers=2, tied=False, vocab="qwen2", text="garden", merges=90)
MODELS = {
    "tiny-llama": dict(LLAMA, seed=11),
    "tiny-llama-Q8_0": dict(LLAMA, seed=11, quant="Q8_0"),
    "tiny-llama-Q4_K_M": dict(LLAMA, seed=12, d=256, heads=8, kv=2, head_dim=32, ffn=256, layers=1, quant="Q4_K_M"),
    "tiny-qwen2": dict(QWEN2, seed=21),
    "tiny-qwen2-Q8_0": dict(QWEN2, seed=21, quant="Q8_0"),
    "tiny-qwen3": dict(
        arch="qwen3", d=32, heads=4, kv=1, head_dim=16, ffn=64, layers=2, tied=True, vocab="qwen2", text="harbour", merges=70,
        seed=31, template=CHATML),
    "tiny-gpt2": dict(
        arch="gpt2", d=32, heads=4, kv=4, head_dim=8, ffn=128, layers=2, tied=True, vocab="gpt-2", text="garden", merges=50,
        seed=41),
}
CONTEXT = 256


def bytes_to_unicode():
    """GPT-2's printable stand-ins for the 256 bytes."""
    keep = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table, extra = {}, 0
    for byte in range(256):
        table[byte] = chr(byte) if byte in keep else chr(256 + extra)
        extra += byte not in keep
    return table


def train_merges(words, count):
    """`count` BPE merges over a list of symbol tuples; ties go to the pair that sorts first."""
    words = Counter(words)
    merges = []
    while len(merges) < count:
        pairs = Counter()
        for word, times in words.items():
            for pair in zip(word, word[1:]):
                pairs[pair] += times
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        merged = Counter()
        for word, times in words.items():
            out, i = [], 0
            while i < len(word):
                if word[i:i + 2] == best:
                    out.append(word[i] + word[i + 1])
                    i += 2
                else:
                    out.append(word[i])
                    i += 1
            merged[tuple(out)] += times
        words = merged
    return merges


def words_of(text):
    """Words with the space that precedes them, white space folded."""
    return [" " + word for word in text.split()]


def spm_vocabulary(spec):
    """(tokens, scores, types, plain): plain tokens get full-size embeddings."""
    words = [tuple(word.replace(" ", "\u2581")) for word in words_of(TEXTS[spec["text"]])]
    characters = sorted({c for word in words for c in word} | set("abcdefghijklmnopqrstuvwxyz0123456789.,!?\u00e9"))
    tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    types = [gguf.TokenType.UNKNOWN] + [gguf.TokenType.CONTROL] * 2 + [gguf.TokenType.BYTE] * 256
    scores = [0.0] * len(tokens)
    pieces = list(dict.fromkeys(a + b for a, b in train_merges(words, spec["merges"])))
    for rank, piece in enumerate(pieces):
        tokens.append(piece)
        scores.append(-float(rank))
        types.append(gguf.TokenType.NORMAL)
    for rank, piece in enumerate(characters):
        tokens.append(piece)
        scores.append(-float(len(pieces) + rank))
        types.append(gguf.TokenType.NORMAL)
    return tokens, scores, types, [kind == gguf.TokenType.NORMAL for kind in types]


def byte_vocabulary(spec):
    """(tokens, merges, types, plain) of a byte-level BPE vocabulary."""
    table = bytes_to_unicode()
    words = [tuple(table[byte] for byte in word.encode()) for word in words_of(TEXTS[spec["text"]])]
    merges = train_merges(words, spec["merges"])
    tokens = [table[byte] for byte in range(256)]
    plain = [chr(byte).isalnum() and byte < 128 or chr(byte) in " .,!?" for byte in range(256)]
    for pair in merges:
        if pair[0] + pair[1] not in tokens:
            tokens.append(pair[0] + pair[1])
            plain.append(True)
    types = [gguf.TokenType.NORMAL] * len(tokens)
    special = ["<|endoftext|>"] + (["<|im_start|>", "<|im_end|>"] if spec["vocab"] == "qwen2" else [])
    tokens += special
    types += [gguf.TokenType.CONTROL] * len(special)
    plain += [False] * len(special)
    return tokens, [f"{a} {b}" for a, b in merges], types, plain


def add_tokenizer(writer, spec):
    if spec["vocab"] == "spm":
        tokens, scores, types, plain = spm_vocabulary(spec)
        writer.add_tokenizer_model("llama")
        writer.add_token_list(tokens)
        writer.add_token_scores(scores)
        writer.add_bos_token_id(1)
        writer.add_eos_token_id(2)
        writer.add_unk_token_id(0)
        writer.add_add_bos_token(True)
        writer.add_add_space_prefix(True)
    else:
        tokens, merges, types, plain = byte_vocabulary(spec)
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre(spec["vocab"])
        writer.add_token_list(tokens)
        writer.add_token_merges(merges)
        end = tokens.index("<|endoftext|>")
        writer.add_bos_token_id(end)
        writer.add_eos_token_id(tokens.index("<|im_end|>") if spec["vocab"] == "qwen2" else end)
        writer.add_add_bos_token(False)
    writer.add_token_types(types)
    if "template" in spec:
        writer.add_chat_template(spec["template"])
    return plain


def add_shape(writer, spec):
    writer.add_name(f"tiny random {spec['arch']}")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(spec["d"])
    writer.add_block_count(spec["layers"])
    writer.add_feed_forward_length(spec["ffn"])
    writer.add_head_count(spec["heads"])
    if spec["arch"] == "gpt2":
        writer.add_layer_norm_eps(1e-5)
        return
    writer.add_head_count_kv(spec["kv"])
    writer.add_layer_norm_rms_eps(2e-5)
    writer.add_rope_freq_base(10000.0 if spec["arch"] == "llama" else 1000000.0)
    if spec["arch"] == "llama":
        writer.add_rope_dimension_count(spec["head_dim"])
    if spec["arch"] == "qwen3":
        writer.add_key_length(spec["head_dim"])
        writer.add_value_length(spec["head_dim"])


def gated_layer(spec, noise, block):
    """Tensors of one llama, qwen2 or qwen3 layer; shapes [out, in]."""
    d, ffn = spec["d"], spec["ffn"]
    q, kv = spec["heads"] * spec["head_dim"], spec["kv"] * spec["head_dim"]
    tensors = {
        f"{block}.attn_norm.weight": 1 + noise(d, scale=0.1),
        f"{block}.attn_q.weight": noise(q, d, scale=d ** -0.5),
        f"{block}.attn_k.weight": noise(kv, d, scale=d ** -0.5),
        f"{block}.attn_v.weight": noise(kv, d, scale=d ** -0.5),
        f"{block}.attn_output.weight": noise(d, q, scale=1.5 * q ** -0.5),
        f"{block}.ffn_norm.weight": 1 + noise(d, scale=0.1),
        f"{block}.ffn_gate.weight": noise(ffn, d, scale=2 * d ** -0.5),
        f"{block}.ffn_up.weight": noise(ffn, d, scale=2 * d ** -0.5),
        f"{block}.ffn_down.weight": noise(d, ffn, scale=1.5 * ffn ** -0.5),
    }
    if spec["arch"] == "qwen2":
        for name, rows in (("q", q), ("k", kv), ("v", kv)):
            tensors[f"{block}.attn_{name}.bias"] = noise(rows, scale=0.3)
    if spec["arch"] == "qwen3":
        tensors[f"{block}.attn_q_norm.weight"] = 1 + noise(spec["head_dim"], scale=0.1)
        tensors[f"{block}.attn_k_norm.weight"] = 1 + noise(spec["head_dim"], scale=0.1)
    return tensors


def gpt2_layer(spec, noise, block):
    d, ffn = spec["d"], spec["ffn"]
    tensors = {}
    for name, rows, columns in (
            ("attn_qkv", 3 * d, d), ("attn_output", d, d), ("ffn_up", ffn, d), ("ffn_down", d, ffn)):
        tensors[f"{block}.{name}.weight"] = noise(rows, columns, scale=1.5 * columns ** -0.5)
        tensors[f"{block}.{name}.bias"] = noise(rows, scale=0.1)
    for name in ("attn_norm", "ffn_norm"):
        tensors[f"{block}.{name}.weight"] = 1 + noise(d, scale=0.1)
        tensors[f"{block}.{name}.bias"] = noise(d, scale=0.1)
    return tensors


def weights(spec, plain):
    generator = np.random.Generator(np.random.PCG64(spec["seed"]))

    def noise(*shape, scale):
        return (scale * generator.standard_normal(shape)).astype(np.float32)

    size = np.where(np.array(plain), 1.0, 0.05).astype(np.float32)[:, None]
    tensors = {"token_embd.weight": noise(len(plain), spec["d"], scale=0.3) * size}
    if spec["arch"] == "gpt2":
        tensors["position_embd.weight"] = noise(CONTEXT, spec["d"], scale=0.1)
    for layer in range(spec["layers"]):
        build = gpt2_layer if spec["arch"] == "gpt2" else gated_layer
        tensors.update(build(spec, noise, f"blk.{layer}"))
    tensors["output_norm.weight"] = 1 + noise(spec["d"], scale=0.1)
    if spec["arch"] == "gpt2":
        tensors["output_norm.bias"] = noise(spec["d"], scale=0.1)
    if not spec["tied"]:
        tensors["output.weight"] = noise(len(plain), spec["d"], scale=0.3) * size
    return tensors


def quantize_q4_K(rows):
    """Plain rounding: 8 groups of 32 with 6-bit scales and minima. Layout: d f16, dmin f16, scales[12], nibbles[128]."""
    x = rows.reshape(-1, 8, 32).astype(np.float32)
    low = np.minimum(x.min(axis=2), 0)
    scale, minimum = (x.max(axis=2) - low) / 15, -low
    d = (scale.max(axis=1) / 63).astype(np.float16)
    dmin = (minimum.max(axis=1) / 63).astype(np.float16)
    safe = lambda value: np.where(value == 0, 1, value).astype(np.float32)[:, None]
    sc = np.clip(np.rint(scale / safe(d)), 0, 63).astype(np.uint8)
    mn = np.clip(np.rint(minimum / safe(dmin)), 0, 63).astype(np.uint8)
    step = (d.astype(np.float32)[:, None] * sc)[:, :, None]
    offset = (dmin.astype(np.float32)[:, None] * mn)[:, :, None]
    q = np.clip(np.rint((x + offset) / np.where(step == 0, 1, step)), 0, 15).astype(np.uint8)
    packed = np.zeros((len(x), 12), np.uint8)
    packed[:, 0:4] = sc[:, :4] | (sc[:, 4:] >> 4) << 6
    packed[:, 4:8] = mn[:, :4] | (mn[:, 4:] >> 4) << 6
    packed[:, 8:12] = (sc[:, 4:] & 15) | (mn[:, 4:] & 15) << 4
    pairs = q.reshape(-1, 4, 2, 32)
    nibbles = (pairs[:, :, 0] | pairs[:, :, 1] << 4).reshape(len(x), 128)
    block = np.concatenate([d[:, None].view(np.uint8), dmin[:, None].view(np.uint8), packed, nibbles], axis=1)
    return block.reshape(len(rows), -1)


def quantize_q6_K(rows):
    """Plain rounding: 16 groups of 16 with int8 scales. Layout: ql[128], qh[64], scales[16], d f16."""
    x = rows.reshape(-1, 16, 16).astype(np.float32)
    scale = np.abs(x).max(axis=2) / 31
    d = (scale.max(axis=1) / 127).astype(np.float16)
    wide = np.where(d == 0, 1, d).astype(np.float32)
    sc = np.clip(np.rint(scale / wide[:, None]), 0, 127).astype(np.int8)
    step = (d.astype(np.float32)[:, None] * sc)[:, :, None]
    q = (np.clip(np.rint(x / np.where(step == 0, 1, step)), -32, 31) + 32).astype(np.uint8)
    q = q.reshape(-1, 2, 4, 32)
    low = np.stack([q[:, :, 0] & 15 | (q[:, :, 2] & 15) << 4, q[:, :, 1] & 15 | (q[:, :, 3] & 15) << 4], axis=2)
    high = q[:, :, 0] >> 4 | (q[:, :, 1] >> 4) << 2 | (q[:, :, 2] >> 4) << 4 | (q[:, :, 3] >> 4) << 6
    block = np.concatenate(
        [low.reshape(len(x), 128), high.reshape(len(x), 64), sc.view(np.uint8), d[:, None].view(np.uint8)], axis=1)
    return block.reshape(len(rows), -1)


def stored(name, tensor, quant):
    """(data, type) of a tensor in the file: matrices follow `quant`, vectors and positions stay F32."""
    if quant is None or tensor.ndim == 1 or name.startswith("position_embd"):
        return tensor, GGML.F32
    if quant == "Q8_0":
        return gguf.quants.quantize(tensor, GGML.Q8_0), GGML.Q8_0
    if any(part in name for part in ("token_embd", "attn_v", "ffn_down")):
        return quantize_q6_K(tensor), GGML.Q6_K
    return quantize_q4_K(tensor), GGML.Q4_K


def write(name, spec):
    folder = FIXTURES / name
    folder.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(folder / "model.gguf", spec["arch"])
    add_shape(writer, spec)
    plain = add_tokenizer(writer, spec)
    for tensor_name, tensor in weights(spec, plain).items():
        data, kind = stored(tensor_name, tensor, spec.get("quant"))
        writer.add_tensor(tensor_name, data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    print(f"{name}: {(folder / 'model.gguf').stat().st_size} bytes, {len(plain)} tokens")


if __name__ == "__main__":
    for model in sys.argv[1:] or MODELS:
        write(model, MODELS[model])
