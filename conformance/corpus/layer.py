"""A decoder layer on rows [1, T, D] whose every part is written in one of several ways, and may hold a planted mistake."""

import dataclasses

import torch
from torch import nn
from torch.nn import functional

from . import caches, masks
from .attention import attend
from .pair import BASE, D, DIM, HEADS, KV_HEADS
from .pieces import norm, repeated, table, turned

FFN = 12


@dataclasses.dataclass(frozen=True)
class Style:
    """How each part is written; the names are those of the functions that write it."""

    norm: str = "spelled"
    linear: str = "linear"
    fused: bool = False
    qk_norm: bool = False
    rope: str = "halves"
    # Fed, gathered, sliced, counted (arange + position) or computed.
    angles: str = "fed"
    mask: str = "added"
    cache: str = "slice"
    attention: str = "spelled"
    gqa: str = "expand"
    mlp: str = "silu"
    cap: float = 0.0
    window: int = 0
    post_norm: bool = False
    bias: bool = False


class Linear(nn.Module):
    """y = W x for rows; as a linear layer or as a convolution of size 1."""

    def __init__(self, inputs, outputs, style):
        super().__init__()
        conv = style.linear == "conv"
        self.op = nn.Conv2d(inputs, outputs, 1, bias=style.bias) if conv else nn.Linear(inputs, outputs, bias=style.bias)

    def forward(self, x):
        if isinstance(self.op, nn.Linear):
            return self.op(x)
        return self.op(x.permute(0, 2, 1).unsqueeze(2)).squeeze(2).permute(0, 2, 1)


class Layer(nn.Module):
    """Weights depend on nothing but the seed; what the arguments of `forward` are is told by the style."""

    def __init__(self, tokens, style, plant=None, weights=None):
        super().__init__()
        torch.manual_seed(7)
        self.tokens, self.style, self.plant = tokens, style, plant
        self.cache = caches.OF[style.cache]
        for name in ("before", "after", "post_attention", "post_mlp"):
            setattr(self, name, nn.Parameter(0.5 + torch.rand(D)))
        self.q_gain, self.k_gain = (nn.Parameter(0.5 + torch.rand(DIM)) for _ in "qk")
        q, kv = HEADS * DIM, KV_HEADS * DIM
        sizes = [(D, q + 2 * kv)] if style.fused else [(D, q), (D, kv), (D, kv)]
        self.qkv = nn.ModuleList(Linear(*size, style) for size in sizes)
        self.out, self.gate, self.up = Linear(q, D, style), Linear(D, FFN, style), Linear(D, FFN, style)
        self.down = Linear(FFN, D, style)
        for parameter in self.parameters():
            parameter.data = weights(parameter.data) if weights else parameter.data.half().float()
        if style.norm == "one_more":  # 1 + gain is to be an fp16 number as well
            for gain in (self.before, self.after, self.post_attention, self.post_mlp, self.q_gain, self.k_gain):
                gain.data = (gain.data * 256).round() / 256
        if plant == "one_weight":
            self.out.op.weight.data.view(-1)[1] += 1 / 8
        for name, shape in self.cache.states.items():
            self.register_buffer(name, torch.zeros(shape))

    def forward(self, x, *fed):
        fed = list(fed)
        given, fed = (fed[0], fed[1:]) if self.style.mask in masks.FED else (None, fed)
        cos, sin, fed = self.angles(fed)
        keep = masks.OF[self.style.mask](self, given, fed, x.dtype)
        q, k, v = self.heads(norm(x, self.before, self.norm_form("before")))
        q, k = turned(q, cos, sin, self.style.rope), turned(k, cos, sin, self.style.rope)
        if self.plant == "rows_reversed":
            k, v = (torch.cat([a[:, :, t : t + 1] for t in reversed(range(self.tokens))], dim=2) for a in (k, v))
        if self.plant == "first_value":
            v = v[:, :, :1].repeat(1, 1, self.tokens, 1)
        K, V, outputs = self.cache.write(self, k, v, fed)
        mixed = self.attention(q, K, V, keep)
        h = x + (norm(mixed, self.post_attention, self.style.norm) if self.style.post_norm else mixed)
        y = self.mlp(norm(h, self.after, self.norm_form("after")))
        y = h + (norm(y, self.post_mlp, self.style.norm) if self.style.post_norm else y)
        return (y, *outputs) if outputs else y

    def norm_form(self, which):
        return "over_tokens" if self.plant == f"norm_{which}_over_tokens" else self.style.norm

    def heads(self, x):
        parts = [op(x) for op in self.qkv]
        if self.style.fused:
            parts = parts[0].split([HEADS * DIM, KV_HEADS * DIM, KV_HEADS * DIM], dim=-1)
        q, k, v = (a.view(1, self.tokens, -1, DIM).transpose(1, 2) for a in parts)
        if self.style.qk_norm:
            q, k = norm(q, self.q_gain, self.style.norm), norm(k, self.k_gain, self.style.norm)
        return q, k, v

    def angles(self, fed):
        """cos and sin, and what is left of the inputs."""
        how, full = self.style.angles, self.style.rope not in ("paired", "interleaved", "viewed", "part")
        if how == "none":
            return self.planted(torch.ones(1, 1, 1, 1)), torch.zeros(1, 1, 1, 1), fed
        if how == "fed":
            return *(self.planted(a) for a in fed[:2]), fed[2:]
        at = fed[0]
        if how == "computed":
            steps = BASE ** (-torch.arange(0, DIM, 2, dtype=self.before.dtype) / DIM)
            angle = at.to(steps.dtype)[:, None] * steps
            angle = torch.cat([angle, angle], dim=-1) if full else angle
            return self.planted(angle.cos()), self.planted(angle.sin()), fed
        pick = {
            "gathered": lambda a: a[at],
            "selected": lambda a: torch.index_select(a, 0, at),
            "counted": lambda a: a[torch.arange(self.tokens, dtype=torch.int32) + at],
            "sliced": lambda a: a[at[0] : at[0] + self.tokens],
        }[how]
        cos, sin = (pick(table(part, full).to(self.before.dtype)) for part in ("cos", "sin"))
        return self.planted(cos), self.planted(sin), fed

    def planted(self, rows):
        if self.plant == "rope_exchanged":
            return torch.cat([rows[..., 1:2, :], rows[..., :1, :], rows[..., 2:, :]], dim=-2)
        if self.plant == "first_rope":
            return rows[..., :1, :]
        return rows

    def attention(self, q, K, V, keep):
        if self.style.attention not in ("einsum", "folded", "broadcast"):
            K, V = repeated(K, self.style.gqa), repeated(V, self.style.gqa)
        heads = attend(q, K, V, keep, self.style, self.plant)
        if self.plant != "heads_mixed":
            heads = heads.transpose(1, 2)
        return self.out(heads.reshape(1, self.tokens, HEADS * DIM))

    def mlp(self, x):
        gate, up = self.gate(x), self.up(x)
        if self.plant == "tokens_mixed":
            up = torch.cat([up[:, 1:], up[:, :1]], dim=1)
        if self.style.mlp == "squared":
            return self.down(functional.relu(gate).square() * up)
        act = {
            "silu": functional.silu,
            "gelu": functional.gelu,
            "tanh": lambda a: functional.gelu(a, approximate="tanh"),
            "sigmoid": lambda a: a * torch.sigmoid(a),
        }[self.style.mlp]
        return self.down(act(gate) * up)
