"""Random-weight GGUF models of real shapes for speed tests: generated once into a cache folder, never committed.

Weights are N(0, 0.02), so that quantisers and kernels see plausible values; texts they write are noise.
"""
import ctypes
import pathlib
import sys

import gguf
import numpy as np

SHAPES = {
    # name: architecture, embedding, feed-forward, blocks, heads, KV heads, head size, vocabulary, RoPE base
    "llama-3.2-1b": ("llama", 2048, 8192, 16, 32, 8, 64, 128256, 500000.0),
    "qwen2.5-0.5b": ("qwen2", 896, 4864, 24, 14, 2, 64, 151936, 1000000.0),
    "quick": ("llama", 1024, 2816, 8, 16, 4, 64, 32000, 10000.0),
}
FILE_TYPES = {"F16": 1, "Q4_0": 2, "Q8_0": 7, "Q4_K_M": 15, "Q5_K_M": 17, "Q6_K": 18}


def byte_vocabulary(size):
    """A byte-level vocabulary: 256 bytes, pairs of lower-case letters by merges, then unused fillers."""
    visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
    spelled = {b: chr(b) for b in visible}
    for index, b in enumerate(b for b in range(256) if b not in spelled):
        spelled[b] = chr(256 + index)
    tokens = [spelled[b] for b in range(256)]
    letters = [chr(b) for b in range(97, 123)]
    merges = [f"{a} {b}" for a in letters for b in letters]
    tokens += [a + b for a in letters for b in letters]
    types = [gguf.TokenType.NORMAL] * len(tokens)
    tokens += [f"<unused{i}>" for i in range(size - len(tokens))]
    types += [gguf.TokenType.UNUSED] * (size - len(types))
    return tokens, types, merges


def add_metadata(writer, shape):
    architecture, width, hidden, blocks, heads, kv_heads, head, vocabulary, base = SHAPES[shape]
    writer.add_name(f"random {shape}")
    writer.add_license("Apache-2.0")
    writer.add_file_type(FILE_TYPES["F16"])
    writer.add_context_length(8192)
    writer.add_embedding_length(width)
    writer.add_feed_forward_length(hidden)
    writer.add_block_count(blocks)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(base)
    writer.add_rope_dimension_count(head)
    tokens, types, merges = byte_vocabulary(vocabulary)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2" if architecture == "qwen2" else "llama-bpe")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges(merges)
    writer.add_bos_token_id(vocabulary - 2)
    writer.add_eos_token_id(vocabulary - 1)
    writer.add_add_bos_token(False)


def tensors(shape):
    """Name and shape of every tensor; one dimension means a norm or a bias in F32."""
    architecture, width, hidden, blocks, heads, kv_heads, head, vocabulary, _ = SHAPES[shape]
    yield "token_embd.weight", (vocabulary, width)
    yield "output_norm.weight", (width,)
    for block in range(blocks):
        name = f"blk.{block}."
        yield name + "attn_norm.weight", (width,)
        yield name + "ffn_norm.weight", (width,)
        for part, rows in (("q", heads * head), ("k", kv_heads * head), ("v", kv_heads * head)):
            yield f"{name}attn_{part}.weight", (rows, width)
            if architecture == "qwen2":
                yield f"{name}attn_{part}.bias", (rows,)
        yield name + "attn_output.weight", (width, heads * head)
        yield name + "ffn_gate.weight", (hidden, width)
        yield name + "ffn_up.weight", (hidden, width)
        yield name + "ffn_down.weight", (width, hidden)


def write_f16(shape, path):
    writer = gguf.GGUFWriter(str(path), SHAPES[shape][0], use_temp_file=False)
    add_metadata(writer, shape)
    random = np.random.default_rng(20261122)
    for name, dimensions in tensors(shape):
        if len(dimensions) == 1:
            writer.add_tensor(name, np.ones(dimensions, np.float32))
        else:
            weights = random.standard_normal(dimensions, np.float32)
            weights *= 0.02
            writer.add_tensor(name, weights.astype(np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def model(shape, file_type, folder, threads=2):
    """Path of the model, made if it is not there yet; quantised types by llama.cpp's own quantiser."""
    import llama_cpp

    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{shape}.{file_type}.gguf"
    if path.exists():
        return path
    source = folder / f"{shape}.F16.gguf"
    if not source.exists():
        print(f"making {source.name}", file=sys.stderr)
        write_f16(shape, source.with_suffix(".part"))
        source.with_suffix(".part").rename(source)
    if file_type != "F16":
        print(f"making {path.name}", file=sys.stderr)
        params = llama_cpp.llama_model_quantize_default_params()
        params.ftype = FILE_TYPES[file_type]
        params.nthread = threads
        part = path.with_suffix(".part")
        if llama_cpp.llama_model_quantize(str(source).encode(), str(part).encode(), ctypes.byref(params)) != 0:
            sys.exit(f"quantising {path.name} failed")
        part.rename(path)
    return path
