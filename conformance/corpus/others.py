"""Pairs that are no decoder layer on rows."""

import functools

import numpy as np

from . import feeds, modules
from .pair import BLOCK, D, DIM, HEADS, KV_HEADS, SLOTS, Feed, Pair

CLOSED = feeds.CLOSED
ENCODED = np.random.default_rng(5).standard_normal((1, SLOTS, D)).astype(np.float16).astype(np.float64)
CHANNELS = (1, KV_HEADS * DIM, 1, SLOTS)
X = {"x": feeds.hidden()}
CALLED = {"x": feeds.hidden("channels"), "attn_mask": feeds.mask(down=True), "kv_write_mask": feeds.one_hot()}


def module(made, **how):
    return functools.partial(made, **how)


def wrapped(call):
    """Positions of a ring's tokens: they go past its end."""
    return call.rows + SLOTS - 3


def ring_mask(call):
    """The last rows but those that the block itself overwrites: BLOCK fewer than there are slots."""
    behind = (wrapped(call)[:, None] - np.arange(SLOTS)) % SLOTS
    return np.where(behind < SLOTS - BLOCK, 0, -CLOSED)[None]


RING = {"attn_mask": Feed(ring_mask, "mask"), "position": Feed(lambda call: wrapped(call).astype(np.int32), feeds.POSITION)}

OTHERS = [
    Pair("embedding", "anemll", modules.Embedding, {"input_ids": feeds.ids()}, ("hidden_states",), "reversed", target="iOS16"),
    Pair("logits", "anemll", module(modules.Head, best=False), {"hidden_states": feeds.hidden()}, ("logits1", "logits2"), "last_row"),
    Pair("best_token", "coreml-llm", module(modules.Head, best=True), X, ("token_id", "token_logit"), "parts_exchanged"),
    Pair("experts", "hf", module(modules.Experts, top=False), X, ("hidden",), "over_tokens", target="iOS17"),
    Pair("top_experts", "hf", module(modules.Experts, top=True), X, ("hidden",), "first_choice", target="iOS17"),
    Pair("short_conv", "coreml-llm", module(modules.ShortConv, stateful=True), X, ("hidden",), "oldest_kept", {"conv_state": (1, D, 3)}),
    Pair("short_conv_out", "coreml-llm", module(modules.ShortConv, stateful=False), X, ("hidden", "conv_state_out"), "oldest_kept",
         carried={"conv_state_in": feeds.whole((1, D, 3), "conv_state_out")}, target="iOS16"),  # fmt: skip
    Pair("recurrence", "executorch", modules.Recurrence, X, ("hidden",), "decay_of_before", {"memory": (1, DIM, DIM)}),
    Pair("cross", "apple", modules.Cross, X | {"encoded": Feed(lambda _: ENCODED, "shared")}, ("hidden",), "over_tokens", target="iOS16"),
    Pair("channels", "apple", module(modules.Channels, stateful=True), CALLED, ("hidden",), "first_mask", {"keys": CHANNELS, "values": CHANNELS}),
    Pair("channels_out", "apple", module(modules.Channels, stateful=False), CALLED, ("hidden", "k_out", "v_out"), "not_cleared",
         carried={f"{a}_in": feeds.whole(CHANNELS, f"{a}_out") for a in "kv"}, target="iOS15"),  # fmt: skip
    Pair("ring", "anemll", modules.Ring, X | RING, ("hidden",), "one_slot_less",
         {"keys": (1, SLOTS, DIM), "values": (1, SLOTS, DIM)}),  # fmt: skip
    Pair("stack", "coreml-llm", modules.Stack, {"input_ids": feeds.ids(), "causal_mask": feeds.mask(), "sliding_mask": feeds.mask(window=4), "position": feeds.first_position()},
         ("token_id",), "masks_exchanged", {"kv_cache_0": (4, HEADS, SLOTS, DIM)}),  # fmt: skip
    Pair("rows", "anemll", modules.Rows, {"x": feeds.hidden("channels")}, ("y",), "tokens_mixed", target="iOS15"),
]
