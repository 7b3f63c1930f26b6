"""Pairs in one package: of flexible size, and of two functions."""

import dataclasses

import torch
from torch.nn import functional

from . import feeds
from .layers import BY_NAME
from .modules import Module
from .pair import D, DIM, KV_HEADS, SLOTS, Pair
from .pieces import norm

SHAPE = (1, KV_HEADS, SLOTS, DIM)


class Flexible(Module):
    """Attention over a cache, for any number of tokens: no shape in it is a number of tokens."""

    def __init__(self, tokens, plant, cached=True):
        super().__init__(tokens, plant)
        self.cached, self.gain = cached, self.weight(D)
        self.qkv, self.out = self.weight(3 * KV_HEADS * DIM, D), self.weight(D, KV_HEADS * DIM)
        self.up, self.down = self.weight(2 * D, D), self.weight(D, 2 * D)
        for name in ("k_cache", "v_cache") if cached else ():
            self.register_buffer(name, torch.zeros(SHAPE))

    def forward(self, x, mask=None, slot=None):
        h = x + self.attention(x, mask, slot) if self.cached else x
        y = norm(h, self.gain, "over_tokens" if self.plant == "norm_over_tokens" else "doubled")
        return h + functional.linear(functional.silu(functional.linear(y, self.up)), self.down)

    def attention(self, x, mask, slot):
        qkv = functional.linear(norm(x, self.gain, "spelled"), self.qkv).split(KV_HEADS * DIM, dim=-1)
        q, k, v = (a.view(1, -1, KV_HEADS, DIM).transpose(1, 2) for a in qkv)
        keep = 1 - slot.sum(dim=3, keepdim=True)
        self.k_cache[:] = self.k_cache * keep + slot @ k
        self.v_cache[:] = self.v_cache * keep + slot @ v
        weights = torch.softmax(q @ self.k_cache.transpose(2, 3) * DIM**-0.5 + mask, dim=-1)
        heads = (weights @ self.v_cache).transpose(1, 2)
        return functional.linear(heads.reshape(1, -1, KV_HEADS * DIM), self.out)


ROWS = {"x": feeds.hidden()}
CACHED = {"x": feeds.hidden(), "attn_mask": feeds.mask(), "kv_write_mask": feeds.one_hot()}
STATES = {"k_cache": SHAPE, "v_cache": SHAPE}


def without_cache(tokens, plant):
    return Flexible(tokens, plant, cached=False)


FLEXIBLE = [
    Pair("ranged", "apple", Flexible, CACHED, ("hidden",), "norm_over_tokens", STATES, form="range"),
    Pair("enumerated", "apple", without_cache, ROWS, ("hidden",), "norm_over_tokens", form="enumerated", target="iOS17"),
]


def functions(pair):
    """Prefill and decode as functions of one package, over one weight file."""
    return dataclasses.replace(pair, name=f"{pair.name}_functions", form="functions")


FUNCTIONS = [functions(BY_NAME[name]) for name in ("unified_gathered", "index_put", "fused_state")]
