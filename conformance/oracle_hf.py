"""Hugging Face transformers' own classes as the oracle of our layers: float64 throughout, on the numbers that ship.

Two things are changed in the classes' surroundings, none in their code:
- Weights and the constants of a layer (eps, the scale of scores) are rounded to fp16 once, since that is what a
  package holds.
- The classes compute RMSNorm, softmax and RoPE angles in float32 whatever the model's dtype. `widened` lets the name
  float32 mean float64 while they run; at position 4096 float32 angles alone would be off by 1e-4.
"""

import contextlib
import dataclasses
import types
from unittest import mock

import numpy as np
import torch
from transformers import AutoModelForCausalLM
from transformers.cache_utils import DynamicCache


@contextlib.contextmanager
def widened():
    """float32 means float64 to whoever says it by name."""
    with contextlib.ExitStack() as stack:
        for owner, name, wide in [
            (torch, "float32", torch.float64),
            (torch, "float", torch.float64),
            (torch.Tensor, "float", torch.Tensor.double),
        ]:
            stack.enter_context(mock.patch.object(owner, name, wide))
        yield


def half(value):
    """A number as fp16 holds it."""
    return float(np.float16(value))


def load(checkpoint):
    """The model in float64, with the weights and constants that our packages hold."""
    return prepared(AutoModelForCausalLM.from_pretrained(checkpoint, attn_implementation="eager"))


def prepared(model):
    """A model of any class, eager, in float64 with the weights and constants that our packages hold."""
    model = text_part(model.eval().half().double())
    with widened():  # Its frequencies are made in float32 when it is made.
        model.model.rotary_emb = type(model.model.rotary_emb)(model.config)
    for layer in model.model.layers:
        layer.self_attn.scaling = half(layer.self_attn.scaling)
        for module in layer.modules():
            for name in ("variance_epsilon", "eps", "residual_multiplier"):
                if hasattr(module, name):
                    setattr(module, name, half(getattr(module, name)))
    return model


def text_part(model):
    """The language model of one that sees as well, in the places where a text model has it; any other as it is."""
    inner = getattr(model.model, "language_model", None)
    return model if inner is None else types.SimpleNamespace(model=inner, config=model.config.text_config)


class Skipped(torch.nn.Module):
    """A layer that is not run; the others keep their places, by which the model tells their kinds."""

    def forward(self, hidden_states, *_given, **_named):
        return hidden_states


@dataclasses.dataclass(frozen=True)
class Call:
    """New tokens after a cache: x [tokens, hidden], past[layer] = (k, v) [kv_heads, rows, head_dim]."""

    x: np.ndarray
    past: dict
    positions: list


@dataclasses.dataclass(frozen=True)
class Answer:
    """hidden [tokens, hidden]; rows[layer] = (k, v) [kv_heads, tokens, head_dim]."""

    hidden: np.ndarray
    rows: dict


def answer(model, layers, call, wide=True, embedded=None):
    """What the model's layers of these numbers make of a call, by the model's own forward pass. `embedded` are the rows that
    the model itself scales to those of the call; they are the same where it does not."""
    decoder = model.model
    all_layers = torch.nn.ModuleList([layer if i in layers else Skipped() for i, layer in enumerate(decoder.layers)])
    cache = DynamicCache(config=model.config)
    for i in range(len(decoder.layers)):
        k, v = (torch.from_numpy(a.astype(np.float64))[None] for a in call.past[i])
        if k.shape[2] > 0:
            cache.update(k, v, i)
    last = []
    watch = decoder.layers[layers[-1]].register_forward_hook(lambda _module, _given, result: last.append(result))
    positions = torch.tensor([call.positions])
    rows = torch.from_numpy((call.x if embedded is None else embedded).astype(np.float64))[None]
    try:
        with torch.no_grad(), mock.patch.object(decoder, "layers", all_layers), (widened() if wide else contextlib.nullcontext()):
            decoder(inputs_embeds=rows, position_ids=positions, past_key_values=cache, use_cache=True)
    finally:
        watch.remove()
    assert last[0].dtype == torch.float64
    new = {i: tuple(a[0, :, -len(call.positions):].numpy() for a in (cache.layers[i].keys, cache.layers[i].values)) for i in layers}
    return Answer(hidden=last[0][0].numpy(), rows=new)
