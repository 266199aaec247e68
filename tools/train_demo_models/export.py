"""Writes a trained member as GGUF: weights (Q8_0 or F32), tokenizer, licence and the facts of its training.

Tensor names and layouts are those GGUF readers expect: llama's q and k rows are permuted to adjacent rotary pairs,
phi3's q, k, v and gate, up are stacked. Norm weights stay F32. No chat template: the prompt is the bare question.
"""

import copy

import gguf
import numpy as np
import torch

import decoder


def adjacent_pairs(weight, heads):
    """Reorders the rows of a projection from rotary halves to adjacent pairs, head by head."""
    rows, columns = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def tensors(model):
    """(GGUF name, float32 array [out, in] or [n]) in file order."""
    s = model.shape
    state = {name: value.numpy() for name, value in model.state_dict().items()}
    yield "token_embd.weight", model.table().detach().numpy()
    for name in ("token_embd.weight", "digits"):
        state.pop(name, None)
    for i in range(s.layers):
        layer = {n.removeprefix(f"blk.{i}."): state.pop(n) for n in list(state) if n.startswith(f"blk.{i}.")}
        if s.architecture == "llama":
            layer["attn_q.weight"] = adjacent_pairs(layer["attn_q.weight"], s.heads)
            layer["attn_k.weight"] = adjacent_pairs(layer["attn_k.weight"], s.kv_heads)
        if s.architecture == "phi3":
            stack = lambda *names: np.concatenate([layer.pop(n + ".weight") for n in names])
            layer["attn_qkv.weight"] = stack("attn_q", "attn_k", "attn_v")
            layer["ffn_up.weight"] = stack("ffn_gate", "ffn_up")
        for name, value in layer.items():
            yield f"blk.{i}.{name}", value
    yield from state.items()


def write(path, member, model, vocabulary, cpu_seconds, quantised=True):
    s = model.shape
    w = gguf.GGUFWriter(path, s.architecture)
    w.add_type("model")
    w.add_name(member.name)
    w.add_description("A tiny source model for trying model fusion, trained from scratch on synthetic grade-school word "
                      "problems; it can do nothing else.")
    w.add_license("Apache-2.0")
    w.add_size_label(f"{sum(v.size for _, v in tensors(model)) / 1e6:.1f}M")
    w.add_languages(["en"])
    w.add_tags(["synthetic", "word-problems", "demo"])
    w.add_quantization_version(gguf.GGML_QUANT_VERSION)
    w.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0 if quantised else gguf.LlamaFileType.ALL_F32)
    w.add_uint32("general.training.steps", member.steps)
    w.add_uint32("general.training.cpu_seconds", round(cpu_seconds))
    w.add_string("general.training.corpus", "templates of tools/train_demo_models, six families, split by number combinations")
    w.add_string("general.training.strong_families", ", ".join(member.strong) or "none: uniform")
    w.add_context_length(decoder.CONTEXT)
    w.add_embedding_length(s.width)
    w.add_block_count(s.layers)
    w.add_feed_forward_length(s.inner)
    w.add_head_count(s.heads)
    w.add_head_count_kv(s.kv_heads)
    w.add_key_length(s.head)
    w.add_value_length(s.head)
    w.add_layer_norm_rms_eps(s.epsilon)
    w.add_rope_dimension_count(s.head)
    w.add_rope_freq_base(s.rope_base)
    w.add_vocab_size(s.vocabulary)
    tokenizer_fields(w, vocabulary)
    for name, value in tensors(model):
        if quantised and value.ndim == 2:
            kind = gguf.GGMLQuantizationType.Q8_0
            w.add_tensor(name, gguf.quants.quantize(value, kind), raw_dtype=kind)
        else:
            w.add_tensor(name, value)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def tokenizer_fields(w, vocabulary):
    for name, value in vocabulary.fields().items():
        key = f"tokenizer.ggml.{name}"
        if isinstance(value, bool):
            w.add_bool(key, value)
        elif isinstance(value, int):
            w.add_uint32(key, value)
        elif isinstance(value, str):
            w.add_string(key, value)
        else:
            w.add_array(key, value)


def stored(model):
    """A copy of `model` with its matrices as Q8_0 stores them, so that PyTorch evaluates what the file holds."""
    kind = gguf.GGMLQuantizationType.Q8_0
    rounded = copy.deepcopy(model)
    if hasattr(rounded, "digits"):
        rounded.token_embd.weight.data = rounded.table().detach()
        del rounded.digits
    for p in rounded.parameters():
        if p.dim() == 2:
            p.data = torch.from_numpy(gguf.quants.dequantize(gguf.quants.quantize(p.data.numpy(), kind), kind).copy())
    return rounded
