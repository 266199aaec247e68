"""The members of the demo trio, and the generalists they are compared with: architecture, tokenizer, mixture, steps.

Each generalist gets the CPU time that the three members took together: one has a member's size, one the trio's.
"""

import os
from dataclasses import dataclass

import corpus
from decoder import Decoder, Shape
from vocabularies import BytePairs, SentencePiece


@dataclass(frozen=True)
class Member:
    name: str
    strong: tuple      # families of the late mixture; empty: uniform to the end
    steps: int
    share: float = 0.36     # of each strong family in the mixture of the second half

    @property
    def plan(self):
        """What a checkpoint must agree on to be resumed."""
        return repr(self)

    @property
    def mixture(self):
        others = (1 - self.share * len(self.strong)) / (len(corpus.FAMILIES) - len(self.strong))
        return {f: self.share if f in self.strong else others for f in corpus.FAMILIES}


MEMBERS = {m.name: m for m in (
    Member("demo-llama", ("shopping", "wages"), 1400),
    Member("demo-qwen3", ("sharing", "parts"), 1200, 0.49),
    Member("demo-phi3", ("comparing", "changing"), 1400),
    Member("generalist", (), 4000),
    Member("generalist-large", (), 1320),
)}
TRIO = [n for n, m in MEMBERS.items() if m.strong]


def vocabulary_of(name, folder):
    """The member's tokenizer, trained into `folder` when it is not there; the generalists share qwen3's."""
    if name == "demo-llama":
        return SentencePiece(os.path.join(folder, "sentencepiece.model"), 768)
    if name == "demo-phi3":
        return BytePairs(os.path.join(folder, "numbers.json"), 704, "llama-bpe", numbers=True)
    return BytePairs(os.path.join(folder, "digits.json"), 704, "qwen2")


def fresh_model(name, vocabulary):
    if name == "demo-llama":
        return Decoder(Shape("llama", vocabulary.size, tied=False))
    if name == "demo-phi3":
        model = Decoder(Shape("phi3", vocabulary.size))
        model.share_digits(vocabulary.numbers())
        return model
    if name == "generalist-large":
        large = {"width": 192, "layers": 8, "heads": 6, "kv_heads": 3, "inner": 576}
        return Decoder(Shape("qwen3", vocabulary.size, **large, head_norms=True, epsilon=1e-6))
    return Decoder(Shape("qwen3", vocabulary.size, kv_heads=2, head_norms=True, epsilon=1e-6))
