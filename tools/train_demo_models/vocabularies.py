"""The three tokenizers, trained on the corpus: SentencePiece-BPE, byte-level BPE with single digits, and with whole numbers.

Each offers encode(text), decode(ids), bos (or None), eos, size and fields(): the tokenizer.ggml.* values of a GGUF file.
What a GGUF reader does is the law: no dummy prefix, identity normalisation, newline through byte fallback.
"""

import itertools
import json
import os

import sentencepiece
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

import corpus

NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6
SAMPLE = 20000
END = "<|endoftext|>"
LETTERS = (r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|",
           r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
PATTERNS = {"qwen2": r"\p{N}".join(LETTERS), "llama-bpe": r"\p{N}{1,3}".join(LETTERS)}


def lines():
    for problem in itertools.islice(corpus.problems("train", "vocabulary"), SAMPLE):
        yield problem.question
        yield from problem.answer.split("\n")


class SentencePiece:
    """GGUF tokenizer model "llama": merges by score, U+2581 for a space, <0xXX> for what has no piece."""

    def __init__(self, path, size):
        if not os.path.exists(path):
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=lines(), model_prefix=path.removesuffix(".model"), model_type="bpe", vocab_size=size,
                byte_fallback=True, split_digits=True, add_dummy_prefix=False, remove_extra_whitespaces=False,
                normalization_rule_name="identity", num_threads=1, minloglevel=2)
        self.model = sentencepiece.SentencePieceProcessor(model_file=path)
        self.bos, self.eos, self.size = self.model.bos_id(), self.model.eos_id(), self.model.get_piece_size()

    def encode(self, text):
        return self.model.encode(text)

    def decode(self, ids):
        return self.model.decode(list(ids))

    def kind(self, i):
        if self.model.is_unknown(i):
            return UNKNOWN
        return CONTROL if self.model.is_control(i) else BYTE if self.model.is_byte(i) else NORMAL

    def fields(self):
        ids = range(self.size)
        return {"model": "llama", "pre": "default", "tokens": [self.model.id_to_piece(i) for i in ids],
                "scores": [self.model.get_score(i) for i in ids], "token_type": [self.kind(i) for i in ids],
                "bos_token_id": self.bos, "eos_token_id": self.eos, "unknown_token_id": self.model.unk_id(),
                "add_bos_token": True, "add_eos_token": False, "add_space_prefix": False}


class BytePairs:
    """GGUF tokenizer model "gpt2" with the pre-tokenizer `pre`; `numbers` makes every number up to 999 one token."""

    def __init__(self, path, size, pre, numbers=False):
        if not os.path.exists(path):
            self.train(size, pre, numbers).save(path)
        self.tokenizer, self.pre, self.bos = Tokenizer.from_file(path), pre, None
        self.eos, self.size = self.tokenizer.token_to_id(END), self.tokenizer.get_vocab_size()

    @staticmethod
    def train(size, pre, numbers):
        split = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(PATTERNS[pre]), "isolated"),
                                         pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
        learner = Tokenizer(models.BPE())
        learner.pre_tokenizer = (pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), split])
                                 if numbers else split)
        learner.train_from_iterator(lines(), trainers.BpeTrainer(
            vocab_size=size, special_tokens=[END], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
        state = json.loads(learner.to_str())["model"]
        vocabulary, merges = state["vocab"], [tuple(m) for m in state["merges"]]
        for n in map(str, range(10, 1000) if numbers else ()):
            vocabulary[n] = len(vocabulary)
            merges.append((n[:-1], n[-1]))
        result = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, ignore_merges=numbers))
        result.add_special_tokens([END])
        result.pre_tokenizer, result.decoder = split, decoders.ByteLevel()
        return result

    def encode(self, text):
        return self.tokenizer.encode(text).ids

    def decode(self, ids):
        return self.tokenizer.decode(list(ids), skip_special_tokens=True)

    def numbers(self):
        """(id, text) of every token that is a number."""
        return [(i, t) for t, i in self.tokenizer.get_vocab().items() if t.isascii() and t.isdigit()]

    def fields(self):
        merges = json.loads(self.tokenizer.to_str())["model"]["merges"]
        return {"model": "gpt2", "pre": self.pre, "tokens": [self.tokenizer.id_to_token(i) for i in range(self.size)],
                "token_type": [CONTROL if i == self.eos else NORMAL for i in range(self.size)],
                "merges": [" ".join(m) for m in merges], "bos_token_id": self.eos, "eos_token_id": self.eos,
                "add_bos_token": False, "add_eos_token": False}
