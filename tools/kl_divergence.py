#!/usr/bin/env python3
"""How far the logits of two engines are from those of the same weights computed exactly: no speed at the price of accuracy.

    tools/kl_divergence.py [--types Q4_K_M,Q8_0] [--json FILE] [MODEL.gguf ...]

Every model file is dequantised into an F32 file of exactly the same values. Its logits by the scalar kernels (sums in double,
F32 cache) are the truth P; the mean over all positions of KL(P || Q) is taken for our logits Q and for llama.cpp's, each of
the quantised file, on the same tokens, with each engine's defaults (F16 cache). Without models: stories260K of
../shared/models, widened to rows of 256 values and quantised by llama.cpp. Runs in the environment of tools/bench_peers.
"""
import argparse
import ctypes
import json
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools" / "bench_peers"))
import environment  # noqa: E402

SHARED = ROOT.parent / "shared"


def exact(path, target):
    """The file with every tensor in F32, nothing else changed."""
    import gguf

    reader = gguf.GGUFReader(str(path))
    architecture = reader.get_field("general.architecture").contents()
    writer = gguf.GGUFWriter(str(target), architecture)
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name in ("general.architecture", "general.file_type"):
            continue
        kind = field.types[0]
        sub = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(field.name, field.contents(), kind, sub_type=sub)
    for tensor in reader.tensors:
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        writer.add_tensor(tensor.name, values.astype("float32").reshape([int(n) for n in reversed(tensor.shape)]))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def our_logits(given, model, tokens, *options):
    import numpy as np

    with tempfile.NamedTemporaryFile() as file:
        ids = ",".join(map(str, tokens))
        report = subprocess.run([given.binary, "logits", "-m", model, "--tokens", ids, "-o", file.name, "-q", *options],
                                check=True, capture_output=True, text=True).stdout
        return np.fromfile(file.name, "<f4").reshape(-1, json.loads(report)["vocabulary"])


def quiet_library():
    import llama_cpp
    import peer

    llama_cpp.llama_log_set(peer.silent, ctypes.c_void_p(0))
    return llama_cpp


class Peer:
    """llama.cpp with its defaults, all logits of one batch."""

    def __init__(self, path):
        c = self.c = quiet_library()
        params = c.llama_model_default_params()
        params.n_gpu_layers = 0
        self.model = c.llama_load_model_from_file(str(path).encode(), params)
        if not self.model:
            sys.exit(f"llama.cpp cannot load {path}")
        self.vocabulary = c.llama_vocab_n_tokens(c.llama_model_get_vocab(self.model))

    def logits(self, tokens):
        import numpy as np

        c = self.c
        options = c.llama_context_default_params()
        options.n_ctx = options.n_batch = options.n_ubatch = len(tokens)
        context = c.llama_new_context_with_model(self.model, options)
        batch = c.llama_batch_init(len(tokens), 0, 1)
        batch.n_tokens = len(tokens)
        for i, token in enumerate(tokens):
            batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.logits[i] = token, i, 1, 1
            batch.seq_id[i][0] = 0
        if c.llama_decode(context, batch) != 0:
            sys.exit("llama.cpp: decoding failed")
        values = np.ctypeslib.as_array(c.llama_get_logits(context), shape=(len(tokens), self.vocabulary)).copy()
        c.llama_batch_free(batch)
        c.llama_free(context)
        return values


def log_softmax(logits):
    import numpy as np

    x = logits.astype(np.float64)
    x -= x.max(axis=1, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=1, keepdims=True))


def divergence(truth, logits):
    """KL(P || Q) of every position, in nats."""
    import numpy as np

    p, q = log_softmax(truth), log_softmax(logits)
    return (np.exp(p) * (p - q)).sum(axis=1)


def texts(given, model):
    """Token ids of the text, cut into pieces of `length`."""
    text = pathlib.Path(given.text).read_text()[: given.chunks * given.length * 8]
    report = subprocess.run([given.binary, "tokenize", "-m", model, "--jsonl"], input=json.dumps({"text": text}) + "\n",
                            check=True, capture_output=True, text=True).stdout
    ids = json.loads(report)["ids"]
    return [ids[start:start + given.length] for start in range(0, given.chunks * given.length, given.length)]


def default_models(given, folder):
    c = quiet_library()
    wide = folder / "stories260K-wide256.F32.gguf"
    if not wide.exists():
        source = SHARED / "models" / "stories260K.F32.gguf"
        if not source.exists():
            sys.exit(f"no models given, and there is no {source}")
        subprocess.run([sys.executable, ROOT / "tools" / "make_wide_model.py", source, wide], check=True)
    import models

    paths = []
    for kind in given.types.split(","):
        path = folder / f"stories260K-wide256.{kind}.gguf"
        if not path.exists():
            params = c.llama_model_quantize_default_params()
            params.ftype = models.FILE_TYPES[kind]
            if c.llama_model_quantize(str(wide).encode(), str(path).encode(), ctypes.byref(params)) != 0:
                sys.exit(f"quantising {path.name} failed")
        paths.append(path)
    return paths


def measure(given, path, folder):
    import numpy as np

    truth_file = folder / f"{path.stem}.exact.gguf"
    exact(path, truth_file)
    peer, peer_exact = Peer(path), Peer(truth_file)
    found = {"ours": [], "peer": [], "peer_f32": []}
    for tokens in texts(given, path):
        truth = our_logits(given, truth_file, tokens, "--isa", "scalar", "--cache-type", "f32")
        mine = our_logits(given, path, tokens, *(["--isa", given.isa] if given.isa else []))
        found["ours"].append(divergence(truth, mine))
        found["peer"].append(divergence(truth, peer.logits(tokens)))
        found["peer_f32"].append(divergence(truth, peer_exact.logits(tokens)))
    truth_file.unlink()
    flat = {name: np.concatenate(values) for name, values in found.items()}
    result = {"model": path.stem, "positions": len(flat["ours"])}
    for name, values in flat.items():
        result[name] = {"mean": float(values.mean()), "largest": float(values.max())}
    # Paired over positions: how many standard errors ours lies above the peer's.
    difference = flat["ours"] - flat["peer"]
    result["difference_in_standard_errors"] = float(difference.mean() / (difference.std() / len(difference) ** 0.5 + 1e-300))
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", type=pathlib.Path)
    parser.add_argument("--types", default="Q4_K_M,Q5_K_M,Q6_K,Q8_0,Q4_0,F16", help="of the default model")
    parser.add_argument("--text", default=SHARED / "data" / "tinystories-excerpt.txt")
    parser.add_argument("--length", type=int, default=256, help="tokens of one piece of text")
    parser.add_argument("--chunks", type=int, default=8, help="pieces of text")
    parser.add_argument("--isa", help="instruction set of ours")
    parser.add_argument("--binary", default=ROOT / ".build" / "release" / "coolfusion")
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / ".build" / "kl-models", help="where models are made")
    parser.add_argument("--json", dest="output")
    given = parser.parse_args()
    environment.enter(pathlib.Path(__file__).resolve())
    given.folder.mkdir(parents=True, exist_ok=True)
    document = {"date": time.strftime("%Y-%m-%d"), "command": "tools/kl_divergence.py " + " ".join(sys.argv[1:]), "results": []}
    print("| model | positions | ours, mean KL | llama.cpp, mean KL | ours / llama.cpp | standard errors above | llama.cpp on F32 |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for path in given.models or default_models(given, given.folder):
        row = measure(given, path, given.folder)
        document["results"].append(row)
        ours, peer = row["ours"]["mean"], row["peer"]["mean"]
        print(f"| {row['model']} | {row['positions']} | {ours:.3e} | {peer:.3e} | {ours / peer:.3f} "
              f"| {row['difference_in_standard_errors']:.1f} | {row['peer_f32']['mean']:.1e} |", flush=True)
    if given.output:
        pathlib.Path(given.output).write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
