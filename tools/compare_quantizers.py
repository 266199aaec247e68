#!/usr/bin/env python3
"""Compares files made by `coolfusion quantize` with those of llama.cpp's own quantiser: perplexity of both in llama.cpp.

    tools/compare_quantizers.py MODEL.F32.gguf[,MODEL.F32.gguf...] TEXT TYPE [TYPE ...]

Needs llama-cpp-python and numpy, and a release build. Perplexity: the text in windows of the model's context, each beginning
with BOS, the second half of each window counted. Prints a table, of several models the means and the standard error of the
mean difference; exit code 1 if ours is more than 1 % worse anywhere.
"""
import ctypes
import subprocess
import sys
import tempfile
from pathlib import Path

import llama_cpp
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
# llama.cpp gives this type to experts only.
ONLY_OURS = {"MXFP4"}
QUIET = llama_cpp.llama_log_callback(lambda level, text, data: None)


def perplexity(path, text):
    model = llama_cpp.Llama(str(path), n_ctx=0, logits_all=True, verbose=False, n_threads=1, n_threads_batch=1)
    window = model.n_ctx()
    ids = model.tokenize(text, add_bos=False, special=False)
    total, count = 0.0, 0
    for start in range(0, len(ids) - window + 2, window - 1):
        part = [model.token_bos()] + ids[start:start + window - 1]
        model.reset()
        model.eval(part)
        logits = model.scores[:len(part) - 1].astype(np.float64)
        logs = logits - logits.max(axis=1, keepdims=True)
        logs -= np.log(np.exp(logs).sum(axis=1, keepdims=True))
        chosen = logs[np.arange(len(part) - 1), part[1:]][window // 2:]
        total -= chosen.sum()
        count += len(chosen)
    return np.exp(total / count), count


def theirs(source, target, name):
    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.ftype = getattr(llama_cpp, "LLAMA_FTYPE_" + ("ALL_F32" if name == "F32" else "MOSTLY_" + name))
    parameters.nthread = 1
    if llama_cpp.llama_model_quantize(str(source).encode(), str(target).encode(), ctypes.byref(parameters)) != 0:
        raise RuntimeError(f"llama_model_quantize failed for {name}")


def ours(source, target, name):
    subprocess.run([ROOT / ".build/release/coolfusion", "quantize", "-q", source, target, name], check=True,
                   stdout=subprocess.DEVNULL)


def compare(sources, text, name, folder):
    """Perplexities by both quantisers over the sources, and the size of the last file of ours."""
    found = {make: [] for make in (ours, theirs)}
    for source in sources:
        for make in (ours, theirs):
            if make is theirs and name in ONLY_OURS:
                continue
            target = Path(folder) / f"{make.__name__}.gguf"
            make(source, target, name)
            found[make].append(perplexity(target, text)[0])
            size = target.stat().st_size if make is ours else size
    return size, np.array(found[ours]), np.array(found[theirs])


def main(sources, text_path, names):
    llama_cpp.llama_log_set(QUIET, ctypes.c_void_p(0))
    text = Path(text_path).read_bytes()[:20_000]
    references = [perplexity(source, text) for source in sources]
    print(f"{len(sources)} models, perplexity {np.mean([value for value, _ in references]):.4f} "
          f"on {references[0][1]} tokens of {Path(text_path).name}\n")
    print("| type | bytes | ours | llama.cpp's quantiser | difference |\n|---|---|---|---|---|")
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            size, mine, other = compare(sources, text, name, folder)
            if not len(other):
                print(f"| {name} | {size} | {mine.mean():.4f} | - | - |", flush=True)
                continue
            differences = 100 * (mine / other - 1)
            worst = max(worst, differences.mean())
            error = f" ± {differences.std(ddof=1) / len(sources) ** 0.5:.2f}" if len(sources) > 1 else ""
            print(f"| {name} | {size} | {mine.mean():.4f} | {other.mean():.4f} | {differences.mean():+.2f}{error} % |",
                  flush=True)
    return 1 if worst > 1 else 0


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1].split(","), sys.argv[2], sys.argv[3:]))
