"""A small decoder-only transformer whose options cover llama, qwen3 and phi3; weights in the layout of those families.

RMS norms before attention and MLP, rotary positions on halves, SwiGLU, no biases. Rows of number tokens may be sums of
digit vectors, so that a vocabulary of whole numbers can learn arithmetic. Fusing and permuting for GGUF is export.py's.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

CONTEXT, PLACES = 512, 3


@dataclass(frozen=True)
class Shape:
    architecture: str
    vocabulary: int
    width: int = 128
    layers: int = 5
    heads: int = 4
    kv_heads: int = 4
    inner: int = 384
    rope_base: float = 10000.0
    epsilon: float = 1e-5
    head_norms: bool = False
    tied: bool = True

    @property
    def head(self):
        return self.width // self.heads


class Norm(nn.Module):
    def __init__(self, width, epsilon):
        super().__init__()
        self.weight, self.epsilon = nn.Parameter(torch.ones(width)), epsilon

    def forward(self, x):
        return F.rms_norm(x, self.weight.shape, self.weight, self.epsilon)


def rotate(x, cos, sin):
    a, b = x.chunk(2, -1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), -1)


class Block(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.shape = s
        self.attn_norm, self.ffn_norm = Norm(s.width, s.epsilon), Norm(s.width, s.epsilon)
        linear = lambda rows, columns: nn.Linear(columns, rows, bias=False)
        self.attn_q, self.attn_output = linear(s.width, s.width), linear(s.width, s.width)
        self.attn_k, self.attn_v = (linear(s.kv_heads * s.head, s.width) for _ in "kv")
        if s.head_norms:
            self.attn_q_norm, self.attn_k_norm = Norm(s.head, s.epsilon), Norm(s.head, s.epsilon)
        self.ffn_gate, self.ffn_up, self.ffn_down = linear(s.inner, s.width), linear(s.inner, s.width), linear(s.width, s.inner)

    def forward(self, x, cos, sin, cache=None):
        """x: [batch, rows, width]; cache: a list that keeps the keys and values of earlier rows, or None."""
        s, (n, t, _) = self.shape, x.shape
        h = self.attn_norm(x)
        q = self.attn_q(h).view(n, t, s.heads, s.head)
        k, v = (w(h).view(n, t, s.kv_heads, s.head) for w in (self.attn_k, self.attn_v))
        if s.head_norms:
            q, k = self.attn_q_norm(q), self.attn_k_norm(k)
        q, k, v = rotate(q.transpose(1, 2), cos, sin), rotate(k.transpose(1, 2), cos, sin), v.transpose(1, 2)
        if cache is not None:
            if cache:
                k, v = torch.cat((cache[0], k), 2), torch.cat((cache[1], v), 2)
            cache[:] = k, v
        if s.kv_heads != s.heads:
            k, v = (w.repeat_interleave(s.heads // s.kv_heads, 1) for w in (k, v))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=t > 1)
        x = x + self.attn_output(y.transpose(1, 2).reshape(n, t, s.width))
        h = self.ffn_norm(x)
        return x + self.ffn_down(F.silu(self.ffn_gate(h)) * self.ffn_up(h))


class Decoder(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.shape = s
        self.token_embd = nn.Embedding(s.vocabulary, s.width)
        self.blk = nn.ModuleList(Block(s) for _ in range(s.layers))
        self.output_norm = Norm(s.width, s.epsilon)
        if not s.tied:
            self.output = nn.Linear(s.width, s.vocabulary, bias=False)
        angles = torch.arange(CONTEXT)[:, None] * s.rope_base ** (-torch.arange(0, s.head, 2) / s.head)
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)
        self.start()

    def start(self):
        for name, p in self.named_parameters():
            if p.dim() == 2:
                nn.init.normal_(p, std=0.02 if "embd" in name else 0.5 * p.shape[1] ** -0.5)
                if "attn_output" in name or "ffn_down" in name:
                    p.data.mul_(0.1)

    def share_digits(self, numbers):
        """Makes the row of each number token the sum of one vector per place, shared by all numbers with that digit
        there (units first; index 10: no digit): the model learns ten digits, not a thousand numbers."""
        self.digits = nn.Parameter(torch.randn(PLACES, 11, self.shape.width) * 0.02)
        self.number_ids = torch.tensor([i for i, _ in numbers])
        self.number_digits = torch.tensor([[int(t[-1 - p]) if p < len(t) else 10 for p in range(PLACES)] for _, t in numbers])

    def table(self):
        """The embedding matrix [vocabulary, width], shared digits resolved."""
        if not hasattr(self, "digits"):
            return self.token_embd.weight
        rows = self.digits[torch.arange(PLACES), self.number_digits].sum(1)
        return self.token_embd.weight.index_copy(0, self.number_ids, rows)

    def forward(self, ids, caches=None, start=0):
        """ids: [batch, rows], positions from `start`; returns logits [batch, rows, vocabulary]."""
        table = self.table()
        x = F.embedding(ids, table)
        cos, sin = (a[start:start + ids.shape[1]] for a in (self.cos, self.sin))
        for i, block in enumerate(self.blk):
            x = block(x, cos, sin, None if caches is None else caches[i])
        return F.linear(self.output_norm(x), table if self.shape.tied else self.output.weight)

    @torch.no_grad()
    def greedy(self, prompts, eos, limit):
        """Continues prompts of one length (id lists) by argmax until eos or `limit`; returns id lists without eos."""
        caches, ids, start = [[] for _ in self.blk], torch.tensor(prompts), 0
        written, alive = [[] for _ in prompts], list(range(len(prompts)))
        for _ in range(limit):
            best = self(ids, caches, start)[:, -1].argmax(-1).tolist()
            start += ids.shape[1]
            keep = [i for i, t in enumerate(best) if t != eos]
            if not keep:
                break
            if len(keep) < len(best):
                caches = [[w[keep] for w in cache] for cache in caches]
                alive, best = [alive[i] for i in keep], [best[i] for i in keep]
            for i, t in zip(alive, best):
                written[i].append(t)
            ids = torch.tensor(best)[:, None]
        return written
