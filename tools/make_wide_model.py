#!/usr/bin/env python3
"""Widens a small Llama model to rows of 256 values without changing what it computes.

    tools/make_wide_model.py stories260K.F32.gguf stories260K-wide256.F32.gguf [SEED]

K-quants need rows of 256 values; real models small enough for a test have fewer. The residual stream and the values of
attention are rotated into a larger space by an isometry (drawn by SEED, 1), RoPE pairs move to the same frequencies of a larger
head, hidden units are duplicated. In F32 all probabilities stay the same. Needs numpy and gguf.
"""
import sys

import gguf
import numpy as np

WIDTH = 256


def isometry(rows, columns, random):
    """[rows, columns] with orthonormal columns."""
    return np.linalg.qr(random.standard_normal((rows, columns)))[0]


def widened(tensors, heads, kv_heads, seed):
    """The new tensors, [out, in] in float64."""
    random = np.random.default_rng(seed)
    narrow = tensors["token_embd.weight"].shape[1]
    old, new = narrow // heads, WIDTH // heads
    stream, values = isometry(WIDTH, narrow, random), isometry(new, old, random)
    # Pair j of a head of 2n values turns with base^(-j / n): pair i of the old head goes where the exponent is the same.
    rows = np.array([2 * (i * new // old) + k for i in range(old // 2) for k in (0, 1)])

    def per_head(matrix, count, place):
        return np.concatenate([place(part) for part in np.split(matrix, count)])

    def rotated(part):
        wide = np.zeros((new, part.shape[1]))
        wide[rows] = part * (new / old) ** 0.25  # for q and k each: scores are divided by sqrt(head size)
        return wide

    result = {"token_embd.weight": tensors["token_embd.weight"] @ stream.T}
    # RMSNorm over the wider stream divides by half as much: its weight is 0.5, the old weight moves into the next matrix.
    half = np.full(WIDTH, (narrow / WIDTH) ** 0.5)
    final = tensors["output_norm.weight"]
    result["output_norm.weight"] = half
    result["output.weight"] = (tensors.get("output.weight", tensors["token_embd.weight"]) * final) @ stream.T
    for name, tensor in tensors.items():
        if not name.startswith("blk."):
            continue
        prefix, role = name[: name.index(".", 4) + 1], name[name.index(".", 4) + 1:]
        norm = tensors[prefix + ("attn_norm.weight" if role.startswith("attn") else "ffn_norm.weight")]
        if role.endswith("norm.weight"):
            result[name] = half
        elif role in ("attn_q.weight", "attn_k.weight"):
            count = heads if role == "attn_q.weight" else kv_heads
            result[name] = per_head((tensor * norm) @ stream.T, count, rotated)
        elif role == "attn_v.weight":
            result[name] = per_head((tensor * norm) @ stream.T, kv_heads, lambda part: values @ part)
        elif role == "attn_output.weight":
            result[name] = stream @ per_head(tensor.T, heads, lambda part: values @ part).T
        else:
            hidden = tensor.shape[1] if role == "ffn_down.weight" else tensor.shape[0]
            units = np.concatenate([np.arange(hidden), np.arange(-hidden % WIDTH) % hidden])
            if role == "ffn_down.weight":
                result[name] = stream @ (tensor / np.bincount(units))[:, units]
            else:
                result[name] = ((tensor * norm) @ stream.T)[units]
    return result


def main(source, target, seed=1):
    reader = gguf.GGUFReader(source)
    fields = {name: field.contents() for name, field in reader.fields.items()}
    heads, kv_heads = fields["llama.attention.head_count"], fields["llama.attention.head_count_kv"]
    tensors = {t.name: t.data.astype(np.float64).reshape(tuple(reversed(t.shape.tolist()))) for t in reader.tensors}
    narrow = fields["llama.embedding_length"]
    wide = widened(tensors, heads, kv_heads, int(seed))
    writer = gguf.GGUFWriter(target, "llama")
    changed = {
        "llama.embedding_length": WIDTH, "llama.rope.dimension_count": WIDTH // heads,
        "llama.feed_forward_length": wide["blk.0.ffn_up.weight"].shape[0],
        "llama.attention.layer_norm_rms_epsilon": fields["llama.attention.layer_norm_rms_epsilon"] * narrow / WIDTH,
        "general.name": "wide " + str(fields.get("general.name", "")),
    }
    for name, field in reader.fields.items():
        if name.startswith("GGUF.") or name in ("general.architecture", "llama.attention.key_length",
                                                "llama.attention.value_length"):
            continue
        kind = field.types[0]
        inner = field.types[1] if kind == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(name, changed.get(name, field.contents()), kind, inner)
    for name, tensor in wide.items():
        writer.add_tensor(name, tensor.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(*sys.argv[1:])
