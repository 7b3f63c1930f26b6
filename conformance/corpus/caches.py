"""How a layer keeps K and V: what it writes, what it reads after that, and which outputs the host takes up."""

import dataclasses
from collections.abc import Callable, Mapping

import torch

from .pair import DIM, KV_HEADS, SLOTS

SHAPE = (1, KV_HEADS, SLOTS, DIM)


@dataclasses.dataclass(frozen=True)
class Cache:
    # (layer, k, v, inputs that are left) -> (K, V, outputs beside the hidden rows)
    write: Callable
    states: Mapping[str, tuple] = dataclasses.field(default_factory=dict)


def both(write):
    """Writes K and V alike: `write(layer, old, new, fed, name)` gives what the state is then."""

    def written(layer, k, v, fed):
        old = {"k": layer.k_cache + 0, "v": layer.v_cache + 0} if layer.plant == "before_write" else None
        layer.k_cache[:] = write(layer, layer.k_cache, k, fed, "k")
        layer.v_cache[:] = write(layer, layer.v_cache, v, fed, "v")
        return (old["k"], old["v"], ()) if old else (layer.k_cache, layer.v_cache, ())

    return Cache(written, {"k_cache": SHAPE, "v_cache": SHAPE})


def begin(layer, at):
    return at[0] + 1 if layer.plant == "slot_off" else at[0]


def sliced(layer, k, v, fed):
    """Assigned to a slice at the position of the first token."""
    at = begin(layer, fed[-1])
    if layer.plant == "before_write":
        K, V = layer.k_cache + 0, layer.v_cache + 0
    layer.k_cache[:, :, at : at + layer.tokens] = k
    layer.v_cache[:, :, at : at + layer.tokens] = v
    return (K, V, ()) if layer.plant == "before_write" else (layer.k_cache, layer.v_cache, ())


def unified(layer, k, v, fed):
    """One state for K and V of all layers."""
    at = begin(layer, fed[-1])
    layer.kv_cache[0:1, :, at : at + layer.tokens] = k
    layer.kv_cache[1:2, :, at : at + layer.tokens] = v
    return layer.kv_cache[0:1], layer.kv_cache[1:2], ()


def turned_keys(layer, k, v, fed):
    """Keys are kept as columns."""
    at = begin(layer, fed[-1])
    layer.k_cache[:, :, :, at : at + layer.tokens] = k.transpose(2, 3)
    layer.v_cache[:, :, at : at + layer.tokens] = v
    return layer.k_cache.transpose(2, 3), layer.v_cache, ()


def blend(layer, old, new, fed, name):
    """old · (1 − Σ slot) + slot · rows."""
    slot = fed[-1]
    erased = slot.sum(dim=3, keepdim=True) * (0 if layer.plant == "not_cleared" and name == "v" else 1)
    return old * (1 - erased) + slot @ new


def choice(layer, old, new, fed, name):
    slot = fed[-1]
    return torch.where(slot.sum(dim=3, keepdim=True) > 0.5, slot @ new, old)


def one_hot_of(layer, old, new, fed, name):
    """The columns of the write mask are made in the graph from the positions."""
    slots = torch.arange(SLOTS, dtype=torch.int32).view(1, 1, -1, 1)
    rows = fed[0] if fed[0].shape[0] == layer.tokens else fed[0] + torch.arange(layer.tokens, dtype=torch.int32)
    slot = (slots == rows.view(1, 1, 1, -1) + int(layer.plant == "slot_off")).to(new.dtype)
    return blend(layer, old, new, [slot], name)


def scattered(layer, old, new, fed, name):
    """A scatter along the axis of slots."""
    rows = fed[0].long() + int(layer.plant == "slot_off")
    return old.scatter(2, rows.view(1, 1, -1, 1).repeat(1, KV_HEADS, 1, DIM), new)


def put(layer, k, v, fed):
    """Slots first, and an assignment to those that are listed."""
    at = fed[0] + int(layer.plant == "slot_off")
    layer.k_cache[at] = k[0].transpose(0, 1)
    layer.v_cache[at] = v[0].transpose(0, 1)
    return layer.k_cache.transpose(0, 1)[None], layer.v_cache.transpose(0, 1)[None], ()


def inputs_at_slots(layer, k, v, fed):
    """Caches are inputs, rows are placed by the write mask, and new rows are outputs."""
    k_cache, v_cache = fed[-2:]
    slot = fed[-3:-2]
    return blend(layer, k_cache, k, slot, "k"), blend(layer, v_cache, v, slot, "v"), (k, v)


def inputs_whole(layer, k, v, fed):
    """Caches are inputs, and come out as a whole."""
    k_cache, v_cache = fed[-2:]
    K, V = (blend(layer, c, new, fed[-3:-2], name) for c, new, name in ((k_cache, k, "k"), (v_cache, v, "v")))
    return K, V, (K, V)


def inputs_joined(layer, k, v, fed):
    """Caches are inputs; new rows stand behind them and are outputs."""
    k_cache, v_cache = fed[-2:]
    return torch.cat([k_cache, k], dim=2), torch.cat([v_cache, v], dim=2), (k, v)


OF = {
    "slice": Cache(sliced, {"k_cache": SHAPE, "v_cache": SHAPE}),
    "unified": Cache(unified, {"kv_cache": (2, *SHAPE[1:])}),
    "columns": Cache(turned_keys, {"k_cache": (1, KV_HEADS, DIM, SLOTS), "v_cache": SHAPE}),
    "put": Cache(put, dict.fromkeys(("k_cache", "v_cache"), (SLOTS, KV_HEADS, DIM))),
    **{name: both(f) for name, f in {"blend": blend, "where": choice, "one_hot": one_hot_of, "scattered": scattered}.items()},
    "inputs": Cache(inputs_at_slots),
    "inputs_whole": Cache(inputs_whole),
    "inputs_shifted": Cache(inputs_joined),
    "inputs_joined": Cache(inputs_joined),
}
