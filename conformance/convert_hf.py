"""Single-token packages that coremltools converted from transformers' own decoder layers, unchanged, behind our interface.

A thin module around the layer names what the host feeds as ours are named (docs/architecture.md, "The interface of a layer
package") and hands the layer a cache that writes by the host's one-hot mask. Nothing of the layer's code is changed. A planted
fault changes what the layer is given, one of its parts, or a function that its module calls.
"""

import contextlib
import dataclasses
import logging
import sys
import warnings
from collections.abc import Callable
from unittest import mock

import coremltools as ct
import numpy as np
import torch
import transformers
from coremltools.converters.mil import Builder
from coremltools.converters.mil.frontend.torch import ops
from torch import nn

import architectures
from make_checkpoint import randomise

STATES = ("k_state", "v_state")
ROWS = 6
SIZES = dict(hidden_size=20, intermediate_size=12, num_attention_heads=4, num_key_value_heads=2, head_dim=4)
# Three quarters of a head are turned, by rows with an attention factor.
LONGROPE = dict(rope_type="longrope", rope_theta=10000.0, partial_rotary_factor=0.75,
                short_factor=[1.0, 1.5, 2.0], long_factor=[2.0, 3.0, 4.0])  # fmt: skip
MODELS = {
    "llama": ("Llama", SIZES),
    "phi3": ("Phi3", SIZES | dict(hidden_size=32, head_dim=8, max_position_embeddings=4096,
                                  original_max_position_embeddings=64, rope_parameters=LONGROPE)),
    "qwen3": ("Qwen3", SIZES),
}  # fmt: skip


def whole_number(context, node):
    """aten::Int of a size that the trace knows: coremltools 9 calls int() on an array of one element, which numpy 2.4 refuses."""
    known = context[node.inputs[0]].val
    if known is None:
        ops._cast(context, node, int, "int32")
    else:
        context.add(Builder.const(val=int(np.asarray(known).item()), name=node.name), node.name)


ops.register_torch_op(whole_number, torch_alias=["int"], override=True)


def model_of(name):
    """A model of one layer, its weights numbers that fp16 holds."""
    kind, sizes = MODELS[name]
    fields = architectures.COMMON | architectures.LONG | sizes | dict(num_hidden_layers=1)
    config = getattr(transformers, f"{kind}Config")(**fields, attn_implementation="eager")
    model = getattr(transformers, f"{kind}ForCausalLM")(config).eval()
    randomise(model, 1)
    return model.half().float()


class OneHotCache:
    """What a layer calls its cache: rows are written where the host's mask says, and all of them are given back."""

    def __init__(self, keys, values, place):
        self.keys, self.values, self.place = keys, values, place

    def update(self, k, v, _layer):
        keep = 1 - self.place.sum(dim=3, keepdim=True)
        self.keys[:] = self.keys * keep + self.place @ k
        self.values[:] = self.values * keep + self.place @ v
        return self.keys, self.values


class Fed(nn.Module):
    """The first layer of a model, fed as ours are: x [1, d, 1, 1], RoPE rows [1, pairs], masks [1, 1, 1, rows] and [1, 1, rows, 1]."""

    def __init__(self, model, rows=ROWS):
        super().__init__()
        self.layer, self.config = model.model.layers[0], model.config
        self.pairs, self.factor = len(model.model.rotary_emb.inv_freq), model.model.rotary_emb.attention_scaling
        self.norm_before = nn.Identity()
        self.tables = lambda cos, sin: [torch.cat((a, a), dim=-1) for a in (cos, sin)]
        self.cache = (1, model.config.num_key_value_heads, rows, self.layer.self_attn.head_dim)
        for name in STATES:
            self.register_buffer(name, torch.zeros(self.cache))

    def inputs(self):
        """Example inputs by name."""
        width, rows = self.config.hidden_size, self.cache[2]
        shapes = dict(x=(1, width, 1, 1), rope_cos=(1, self.pairs), rope_sin=(1, self.pairs),
                      attn_mask=(1, 1, 1, rows), kv_write_mask=(1, 1, rows, 1))  # fmt: skip
        return {name: torch.rand(shape) for name, shape in shapes.items()}

    def forward(self, x, rope_cos, rope_sin, attn_mask, kv_write_mask):
        cos, sin = self.tables(rope_cos, rope_sin)
        hidden = self.layer(
            self.norm_before(x.squeeze(3).transpose(1, 2)),
            attention_mask=attn_mask,
            past_key_values=OneHotCache(self.k_state, self.v_state, kv_write_mask),
            position_embeddings=(cos[None], sin[None]),
        )
        return hidden.transpose(1, 2).unsqueeze(3)


def convert(fed):
    """The package of a layer in fp16."""
    logging.disable(logging.CRITICAL)
    warnings.filterwarnings("ignore")
    inputs = fed.inputs()
    cache = ct.TensorType(shape=fed.cache, dtype=np.float16)
    return ct.convert(
        torch.jit.trace(fed, tuple(inputs.values()), check_trace=False),
        inputs=[ct.TensorType(name=name, shape=a.shape, dtype=np.float16) for name, a in inputs.items()],
        outputs=[ct.TensorType(name="hidden", dtype=np.float16)],
        states=[ct.StateType(wrapped_type=cache, name=name) for name in STATES],
        minimum_deployment_target=ct.target.iOS18,
        compute_precision=ct.precision.FLOAT16,
        skip_model_load=True,
    )


# --- planted faults -----------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Fault:
    """A mistake of the model: what is done to the layer, and functions of the layer's module that others stand for."""

    model: str
    plant: Callable[[Fed], None] = lambda _fed: None
    functions: dict = dataclasses.field(default_factory=dict)


def neighbours_turned(x):
    """rotate_half of a layer whose pairs are neighbours."""
    return torch.stack((-x[..., 1::2], x[..., 0::2]), dim=-1).flatten(-2)


def factor_lost(fed):
    halves = fed.tables
    fed.tables = lambda cos, sin: halves(cos / fed.factor, sin / fed.factor)


def rows_of_neighbours(fed):
    fed.tables = lambda cos, sin: [a.repeat_interleave(2, dim=-1) for a in (cos, sin)]


def turned_backwards(fed):
    halves = fed.tables
    fed.tables = lambda cos, sin: halves(cos, -sin)


def gain_lost(fed):
    nn.init.ones_(fed.layer.input_layernorm.weight)


def gain_beyond_one(fed):
    with torch.no_grad():
        fed.layer.post_attention_layernorm.weight += 1


def scale_lost(fed):
    fed.layer.self_attn.scaling = 1.0


def scale_of_the_row(fed):
    fed.layer.self_attn.scaling = fed.config.hidden_size**-0.5


def gate_is_up(fed):
    mlp = fed.layer.mlp
    mlp.gate_proj, mlp.up_proj = mlp.up_proj, mlp.gate_proj


def other_activation(fed):
    fed.layer.mlp.act_fn = nn.GELU()


def residual_of_the_norm(fed):
    fed.norm_before, fed.layer.input_layernorm = fed.layer.input_layernorm, nn.Identity()


def head_norm_lost(fed):
    fed.layer.self_attn.k_norm = nn.Identity()


def norm_of_the_input(fed):
    fed.layer.post_attention_layernorm = fed.layer.input_layernorm


def other_eps(fed):
    fed.layer.input_layernorm.variance_epsilon = 1e-6


FAULTS = {
    "no attention factor": Fault("phi3", factor_lost),
    "RoPE turns neighbours": Fault("llama", rows_of_neighbours, dict(rotate_half=neighbours_turned)),
    "RoPE turns backwards": Fault("phi3", turned_backwards),
    "heads of a group apart": Fault("qwen3", functions=dict(repeat_kv=lambda x, n: x.repeat(1, n, 1, 1))),
    "gain lost": Fault("llama", gain_lost),
    "gain counted from 1": Fault("phi3", gain_beyond_one),
    "scale lost": Fault("llama", scale_lost),
    "scale of the row's size": Fault("phi3", scale_of_the_row),
    "gate and up exchanged": Fault("llama", gate_is_up),
    "gelu": Fault("qwen3", other_activation),
    "residual of the normed row": Fault("llama", residual_of_the_norm),
    "no norm of the keys": Fault("qwen3", head_norm_lost),
    "second norm with the first gain": Fault("qwen3", norm_of_the_input),
    "another eps": Fault("llama", other_eps),
}


def faulty(fault):
    """The package of a layer with a fault."""
    fed = Fed(model_of(fault.model))
    fault.plant(fed)
    module = sys.modules[type(fed.layer).__module__]
    with contextlib.ExitStack() as stack:
        for name, other in fault.functions.items():
            stack.enter_context(mock.patch.object(module, name, other))
        return convert(fed)
