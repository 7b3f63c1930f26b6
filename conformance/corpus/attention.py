"""Attention of queries [1, HEADS, T, DIM] over K and V, as people write it for Core ML."""

import torch
from torch.nn import functional

from .pair import DIM, GROUP, HEADS, KV_HEADS
from .pieces import sizes

SCALE = DIM**-0.5


def attend(q, K, V, keep, style, plant):
    """`keep` adds to scores what the mask says. K and V have the query's heads, or KV_HEADS where the form repeats none."""
    tokens = sizes(q)[2]
    scale = SCALE
    if plant == "one_scale":
        scale = torch.tensor([0.5] + [1.0] * (HEADS - 1), dtype=q.dtype).view(1, HEADS, 1, 1) * SCALE
    if style.attention == "fused":
        q = q * 0.5 if plant == "one_scale" else q
        return functional.scaled_dot_product_attention(q, K, V, attn_mask=keep.bias())
    if style.attention == "folded":
        q = q.reshape(1, KV_HEADS, GROUP * tokens, DIM)
        scores = (q @ K.transpose(2, 3)).view(1, HEADS, tokens, -1)
        weights = torch.softmax(keep(scores * scale), dim=-1)
        return (weights.view(1, KV_HEADS, GROUP * tokens, -1) @ V).view(1, HEADS, tokens, DIM)
    if style.attention == "einsum":
        q = q.view(1, KV_HEADS, GROUP, tokens, DIM)
        scores = torch.einsum("bhgtd,bhsd->bhgts", q, K).reshape(1, HEADS, tokens, -1) * scale
        weights = torch.softmax(keep(scores), dim=-1).reshape(1, KV_HEADS, GROUP, tokens, -1)
        return torch.einsum("bhgts,bhsd->bhgtd", weights, V).reshape(1, HEADS, tokens, DIM)
    if style.attention == "broadcast":
        q = q.view(1, KV_HEADS, GROUP, tokens, DIM)
        scores = (q @ K.unsqueeze(2).transpose(3, 4)).reshape(1, HEADS, tokens, -1) * scale
        weights = torch.softmax(keep(scores), dim=-1).reshape(1, KV_HEADS, GROUP, tokens, -1)
        return (weights @ V.unsqueeze(2)).reshape(1, HEADS, tokens, DIM)
    if style.attention == "by_head":
        parts = zip(q.split(1, dim=1), K.split(1, dim=1), V.split(1, dim=1), strict=True)
        many = [torch.softmax(keep(a @ b.transpose(2, 3) * SCALE), dim=-1) @ c for a, b, c in parts]
        return torch.cat(many[::-1] if plant == "heads_reversed" else many, dim=1)
    if style.attention == "einsum_4d":
        scores = torch.einsum("bhtd,bhsd->bhts", q, K) * scale
        return torch.einsum("bhts,bhsd->bhtd", torch.softmax(keep(scores), dim=-1), V)
    scores = q @ K.transpose(2, 3)
    scores = scores / (1 / scale) if style.attention == "divided" else scores * scale
    if style.cap:
        scores = torch.tanh(scores / style.cap) * style.cap
    scores = keep(scores)
    if style.attention == "exponents":
        raised = torch.exp(scores - scores.amax(-1, keepdim=True))
        return (raised / raised.sum(-1, keepdim=True)) @ V
    return torch.softmax(scores, dim=-1) @ V
