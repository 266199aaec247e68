#!/usr/bin/env python3
"""Writes the seeds in corpus/: small files that between them reach every branch of the reader.

Independent of the Swift writer. Run again after a change of the format; the result is the same every time.
"""
import pathlib
import struct

HERE = pathlib.Path(__file__).parent / "corpus"
TYPES = {"u8": (0, "<B"), "i8": (1, "<b"), "u16": (2, "<H"), "i16": (3, "<h"), "u32": (4, "<I"), "i32": (5, "<i"),
         "f32": (6, "<f"), "bool": (7, "<B"), "u64": (10, "<Q"), "i64": (11, "<q"), "f64": (12, "<d")}


def text(value):
    return struct.pack("<Q", len(value.encode())) + value.encode()


def scalar(kind, value):
    return text(value) if kind == "str" else struct.pack(TYPES[kind][1], value)


def number(kind):
    return struct.pack("<I", 8 if kind == "str" else TYPES[kind][0])


def pair(key, kind, value):
    if isinstance(value, list):
        elements = b"".join(scalar(kind, v) for v in value)
        return text(key) + struct.pack("<I", 9) + number(kind) + struct.pack("<Q", len(value)) + elements
    return text(key) + number(kind) + scalar(kind, value)


def gguf(pairs, tensors, version=3, alignment=32):
    """tensors: (name, dims in file order, ggml type, bytes of data)."""
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(pairs)) + b"".join(pair(*p) for p in pairs)
    data = b""
    for name, dims, kind, size in tensors:
        head += text(name) + struct.pack("<I", len(dims)) + b"".join(struct.pack("<Q", d) for d in dims)
        head += struct.pack("<IQ", kind, len(data))
        data += bytes(range(1, 200))[:size] + b"\0" * (-size % alignment)
    return head + (b"\0" * (-len(head) % alignment) if tensors else b"") + data


def tokenizers():
    """Small vocabularies of each kind, with which text can be encoded."""
    control, byte, normal = 3, 6, 1
    spm = ["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)] + ["\u2581", "a", "b", "ab", "\u2581a"]
    kinds = [2, control, control] + [byte] * 256 + [normal] * 5
    bpe = [chr(c) for c in range(33, 127)] + ["\u0120", "ab", "\u0120a", "<|end|>"]
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "\u2581a", "\u2581ab", "b"]
    prefix = "tokenizer.ggml."
    return {
        "spm": [("model", "str", "llama"), ("tokens", "str", spm), ("scores", "f32", [float(-i) for i in range(len(spm))]),
                ("token_type", "i32", kinds), ("bos_token_id", "u32", 1), ("eos_token_id", "u32", 2),
                ("add_bos_token", "bool", 1)],
        "bpe": [("model", "str", "gpt2"), ("pre", "str", "llama-bpe"), ("tokens", "str", bpe),
                ("merges", "str", ["a b", "\u0120 a"]), ("token_type", "i32", [normal] * (len(bpe) - 1) + [control]),
                ("eos_token_id", "u32", len(bpe) - 1)],
        "unigram": [("model", "str", "t5"), ("tokens", "str", spm), ("scores", "f32", [-1.0] * len(spm)),
                    ("token_type", "i32", kinds), ("precompiled_charsmap", "u8", [4, 0, 0, 0, 0, 0, 0, 0, 65, 0])],
        "wordpiece": [("model", "str", "bert"), ("tokens", "str", words), ("token_type", "i32", [3] * 4 + [1] * 3)],
    }, prefix


def main():
    vocabularies, prefix = tokenizers()
    (HERE / "tokenizer").mkdir(exist_ok=True)
    for name, pairs in vocabularies.items():
        (HERE / "tokenizer" / name).write_bytes(gguf([(prefix + key, kind, value) for key, kind, value in pairs], []))
    (HERE / "types").mkdir(exist_ok=True)
    # One seed with enough bytes for a block of every type; the first byte is the type.
    for index in range(0, 36, 7):
        (HERE / "types" / f"type-{index}").write_bytes(bytes([index]) + bytes(range(1, 255)) * 2)
    every = [(f"key.{kind}", kind, 1) for kind in TYPES] + [(f"list.{kind}", kind, [1, 0]) for kind in TYPES]
    model = [("general.architecture", "str", "llama"), ("general.type", "str", "model"),
             ("general.quantization_version", "u32", 2), ("llama.block_count", "u32", 1),
             ("llama.attention.head_count", "i32", [4])]
    vocabulary = [("tokenizer.ggml.model", "str", "gpt2"), ("tokenizer.ggml.tokens", "str", ["a", "é", ""]),
                  ("tokenizer.ggml.token_type", "i32", [1, 1, 3])]
    nested = text("nested") + struct.pack("<IIQ", 9, 9, 1) + struct.pack("<IQB", 0, 1, 7)
    seeds = {
        "empty": gguf([], []),
        "types": gguf(every, [], version=2),
        "model": gguf(model, [("a", [4, 3], 0, 48), ("b", [32, 2], 8, 68), ("c", [2, 2, 2, 2], 1, 32)]),
        "vocabulary": gguf(model[:1] + vocabulary, []),
        "aligned": gguf([("general.alignment", "u32", 64)], [("a", [3], 0, 12), ("b", [1], 24, 1)], alignment=64),
        "adapter": gguf([("general.type", "str", "adapter")], [("a", [0], 0, 0)]),
        "nested": b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + nested,
    }
    for name, content in seeds.items():
        (HERE / "gguf" / name).write_bytes(content)
    shards = [gguf(([("general.architecture", "str", "llama")] if no == 0 else [])
                   + [("split.no", "u16", no), ("split.count", "u16", 3), ("split.tensors.count", "i32", 2)],
                   [(f"t{no}", [8], 0, 32)] if no else []) for no in range(3)]
    lengths = b"".join(struct.pack("<H", len(shard)) for shard in shards[:-1])
    (HERE / "splits" / "three").write_bytes(bytes([2]) + lengths + b"".join(shards))
    (HERE / "splits" / "one").write_bytes(bytes([0]) + seeds["model"])


main()
