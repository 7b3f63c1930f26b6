"""Norms, rotations and repeated heads as people write them for Core ML."""

import numpy as np
import torch
from torch.nn import functional

from .feeds import rope_table
from .pair import DIM, EPS, GROUP, KV_HEADS


def sizes(x):
    """The shape in numbers, which a trace does not follow."""
    return [int(size) for size in x.shape]


def norm(x, weight, form):
    """RMSNorm along the last axis."""
    size = sizes(x)[-1]
    if form == "doubled":
        both = functional.layer_norm(torch.cat([x, -x], dim=-1), (2 * size,), eps=EPS)
        return both[..., :size] * weight
    if form == "chunked":
        both = functional.layer_norm(torch.cat([x, -x], dim=-1), (2 * size,), eps=EPS)
        return torch.chunk(both, 2, dim=-1)[0] * weight
    if form == "length":
        return x * (size**0.5) / x.norm(dim=-1, keepdim=True) * weight
    if form == "clamped_length":
        return functional.normalize(x, dim=-1, eps=EPS) * (size**0.5 * weight)
    if form == "divided":
        return weight * (x / torch.sqrt((x * x).mean(-1, keepdim=True) + EPS))
    if form == "one_more":
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + EPS) * (1.0 + weight)
    if form == "largest":
        scaled = x / (x.abs().amax(-1, keepdim=True) + EPS)
        return scaled * torch.rsqrt(scaled.pow(2).mean(-1, keepdim=True) + EPS) * weight
    if form == "layer":
        return functional.layer_norm(x, (size,), weight, weight * 0.5, EPS)
    if form == "over_tokens":  # a mistake
        return x * torch.rsqrt(x.pow(2).mean((-2, -1), keepdim=True) + EPS) * weight
    if form == "summed":
        return x * (x.pow(2).sum(-1, keepdim=True) / size + EPS) ** -0.5 * weight
    return weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + EPS))


def turned(x, cos, sin, form):
    """RoPE of [1, n, T, DIM]; cos and sin end in [T, DIM], or [T, DIM/2] for the forms that pair elements."""
    half = DIM // 2
    if form == "paired":
        lo, hi = x[..., :half], x[..., half:]
        return torch.cat([lo * cos - hi * sin, hi * cos + lo * sin], dim=-1)
    if form == "interleaved":
        even, odd = x[..., 0::2], x[..., 1::2]
        return torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1).flatten(3)
    if form == "viewed":
        even, odd = x.reshape(*sizes(x)[:3], half, 2).unbind(-1)
        return torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1).reshape(sizes(x))
    if form == "matrix":
        swap = torch.from_numpy(np.kron([[0.0, 1.0], [-1.0, 0.0]], np.eye(half))).to(x.dtype)
        return x * cos + (x @ swap) * sin
    if form == "part":
        rotated, rest = x[..., :half], x[..., half:]
        lo, hi = rotated.chunk(2, dim=-1)
        turn = torch.cat([-hi, lo], dim=-1)
        return torch.cat([rotated * cos + turn * sin, rest], dim=-1)
    lo, hi = (x[..., :half], x[..., half:]) if form == "sliced" else x.chunk(2, dim=-1)
    return x * cos + torch.cat([-hi, lo], dim=-1) * sin


def repeated(x, form):
    """K or V [1, KV_HEADS, S, DIM] for each of the query heads."""
    s, dim = sizes(x)[2:]
    if form == "repeat_interleave":
        return x.repeat_interleave(GROUP, dim=1)
    if form == "repeat":
        return x.unsqueeze(2).repeat(1, 1, GROUP, 1, 1).view(1, KV_HEADS * GROUP, s, dim)
    if form == "listed":
        return torch.cat([x[:, h : h + 1] for h in range(KV_HEADS) for _ in range(GROUP)], dim=1)
    if form == "indexed":
        return x[:, [h for h in range(KV_HEADS) for _ in range(GROUP)]]
    return x[:, :, None].expand(1, KV_HEADS, GROUP, s, dim).reshape(1, KV_HEADS * GROUP, s, dim)


def table(part, full=True):
    """The whole RoPE table, as a constant of the package."""
    return torch.from_numpy(rope_table(part, range(2 * 12), full)).float()
