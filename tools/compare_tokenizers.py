#!/usr/bin/env python3
"""Compares coolfusion's tokenizers with the `tokenizers` and `sentencepiece` packages over random Unicode text.

The other tokenizer is rebuilt from the GGUF file's own vocabulary, so any model file will do. Needs, outside the
repository: pip install gguf tokenizers sentencepiece protobuf. Then:

    python tools/compare_tokenizers.py --binary .build/debug/coolfusion --count 2000 MODEL.gguf ...

Prints one line per file and each differing text; exit code 1 if there is any.
"""
import argparse
import json
import random
import subprocess
import sys
import unicodedata

from gguf import GGUFReader

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
# The patterns of the models' tokenizer.json, applied one after another.
PATTERNS = {
    "gpt-2": [GPT2], "mpt": [GPT2], "phi-2": [GPT2], "olmo": [GPT2],
    "smollm": [r"\p{N}", GPT2], "starcoder": [r"\p{N}", GPT2], "refact": [r"\p{N}", GPT2], "command-r": [r"\p{N}", GPT2],
    "llama-bpe": [LLAMA3], "qwen2": [LLAMA3.replace("{1,3}", "")],
    "falcon": [r"[\p{P}\$\+<=>\^~\|`]+", GPT2, r"[0-9][0-9][0-9]"],
    "deepseek-coder": [r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", "[一-龥ࠀ-一가-퟿]+", r"\p{N}"],
}


def metadata(path):
    fields = GGUFReader(path).fields
    values = {key: field.contents() for key, field in fields.items() if key.startswith("tokenizer.ggml.")}
    return {key.removeprefix("tokenizer.ggml."): value for key, value in values.items()}


def byte_level(meta):
    from tokenizers import AddedToken, Regex, Tokenizer, models, pre_tokenizers

    patterns = PATTERNS.get(meta.get("pre"))
    if patterns is None:
        return None
    vocabulary = {text: index for index, text in enumerate(meta["tokens"])}
    merges = [(left, right) for left, right in (merge.split(" ", 1) for merge in meta["merges"])]
    model = models.BPE(vocab=vocabulary, merges=merges, ignore_merges=meta["pre"] == "llama-bpe")
    tokenizer = Tokenizer(model)
    splits = [pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in patterns]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        splits + [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    kinds = meta.get("token_type", [])
    tokenizer.add_tokens([
        AddedToken(text, normalized=False) for text, kind in zip(meta["tokens"], kinds) if kind == 4
    ])
    return lambda text: tokenizer.encode(text, add_special_tokens=False).ids


def sentence_piece(meta):
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2 as proto

    model = proto.ModelProto()
    has_unknown = False
    for text, score, kind in zip(meta["tokens"], meta["scores"], meta["token_type"]):
        # Only one piece may be unknown; others of that kind are pieces no text becomes, as control tokens are.
        kind = 3 if kind == 2 and has_unknown else kind
        has_unknown = has_unknown or kind == 2
        model.pieces.add(piece=text, score=score, type=kind)
    model.trainer_spec.model_type = proto.TrainerSpec.BPE if meta["model"] == "llama" else proto.TrainerSpec.UNIGRAM
    model.trainer_spec.byte_fallback = 6 in meta["token_type"]
    model.normalizer_spec.name = "identity"
    model.normalizer_spec.add_dummy_prefix = meta.get("add_space_prefix", True)
    model.normalizer_spec.remove_extra_whitespaces = False
    processor = sentencepiece.SentencePieceProcessor()
    processor.LoadFromSerializedProto(model.SerializeToString())
    return processor.EncodeAsIds


def random_texts(count, seed):
    """Runs and mixtures of characters of every category, words of several scripts, spaces and line ends."""
    generator = random.Random(seed)
    by_category = {}
    for scalar in range(0x30000):
        category = unicodedata.category(chr(scalar))
        if category not in ("Cn", "Cs", "Co"):
            by_category.setdefault(category, []).append(chr(scalar))
    words = "the Hello don't I'LL naïve 中文 été Привет नमस्ते 안녕 http://a.b 3.14 1234567 x+=1; {} ''' ... -- \t \n \r\n".split(" ")
    for _ in range(count):
        parts = []
        for _ in range(generator.randint(1, 14)):
            choice = generator.random()
            if choice < 0.5:
                parts.append(generator.choice([" ", "", "  ", "\n"]) + generator.choice(words))
            elif choice < 0.8:
                parts.append(generator.choice(by_category[generator.choice(list(by_category))]) * generator.choice([1, 1, 2, 5]))
            else:
                parts.append("".join(chr(generator.randint(32, 126)) for _ in range(generator.randint(1, 8))))
        yield "".join(parts)


def ours(binary, path, texts):
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    command = [binary, "tokenize", "-m", path, "--jsonl", "--force"]
    output = subprocess.run(command, input=lines.encode(), capture_output=True, check=True).stdout.decode()
    return [json.loads(line)["ids"] for line in output.split("\n") if line]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("models", nargs="+")
    parser.add_argument("--binary", default=".build/debug/coolfusion")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    texts = list(random_texts(arguments.count, arguments.seed))
    failed = False
    for path in arguments.models:
        meta = metadata(path)
        build = {"gpt2": byte_level, "llama": sentence_piece, "t5": sentence_piece}.get(meta["model"])
        other = build(meta) if build else None
        if other is None:
            print(f"{path}: nothing to compare with ({meta['model']}, {meta.get('pre')})")
            continue
        differences = 0
        for text, ids in zip(texts, ours(arguments.binary, path, texts), strict=True):
            expected = other(text)
            if ids != expected:
                differences += 1
                print(f"  {text!r}\n    coolfusion {ids}\n    other      {expected}")
        print(f"{path}: {len(texts)} texts, {differences} differ")
        failed = failed or differences > 0
    sys.exit(1 if failed else 0)


main()
