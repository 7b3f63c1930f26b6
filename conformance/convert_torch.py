"""Pairs of packages that coremltools converted from PyTorch: a layer with a KV cache for T = 4 and for T = 1, each
from its own trace of the same weights, in the ways people write such a layer.

    python convert_torch.py OUT [--only NAME]

Writes OUT/<name>.t4.mlpackage, OUT/<name>.t1.mlpackage and OUT/<name>.wrong.mlpackage, a block of four with a mistake;
of one layer also OUT/<name>.t1.swapped.mlpackage, a mistake of the model: RoPE turns the pairs the other way round; of two
styles OUT/<name>.<plant>.mlpackage, blocks with one fault each, whose place is known.
Needs coremltools 9.0 and torch; no Mac.
"""

import argparse
import dataclasses
import logging
import sys
import warnings
from pathlib import Path

import coremltools as ct
import numpy as np
import torch
from torch import nn
from torch.nn import functional

D, HEADS, KV_HEADS, DIM, ROTARY, SLOTS, FFN = 24, 6, 2, 16, 12, 16, 20
GROUP = HEADS // KV_HEADS
BLOCK = 4


@dataclasses.dataclass(frozen=True)
class Style:
    """How a layer is written, and the mistake of its wrong twin."""

    # Projections: 1x1 convolutions on [1, D, T, 1] or linear layers on [1, T, D].
    conv: bool = False
    # A blend or a choice (where) by a one-hot mask, or an assignment to a slice at a position known at run time.
    cache: str = "blend"
    # Spelled out, or functional.scaled_dot_product_attention.
    attention: str = "spelled"
    # How K and V meet three query heads each: expand, repeat_interleave, einsum, or query heads folded into rows.
    gqa: str = "expand"
    mistake: str = "heads_not_permuted"


PAIRS = {
    "masked_blend": Style(conv=True),
    "slice_assignment": Style(cache="slice", gqa="fold", mistake="rows_reversed"),
    "scaled_dot_product_attention": Style(attention="fused", mistake="first_mask_row"),
    "repeat_interleave": Style(gqa="repeat_interleave", mistake="heads_repeated"),
    "slice_and_fused": Style(cache="slice", attention="fused", gqa="repeat_interleave", mistake="attends_before_write"),
    "where_and_einsum": Style(cache="where", gqa="einsum", mistake="first_rope_row"),
}

# Faults of a block, each at one known op, and the styles that they are planted in.
PLANTS = ("rope_rows_exchanged", "mask_shifted", "future_row", "scale", "slot_off_by_one")
PLANTED_STYLES = ("masked_blend", "slice_assignment")


class RMSNorm(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(1 + torch.rand(D) / 2)

    def forward(self, x):
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5))


class Projection(nn.Module):
    """y = W x for rows [1, T, D]."""

    def __init__(self, inputs, outputs, conv):
        super().__init__()
        self.conv = conv
        self.op = nn.Conv2d(inputs, outputs, 1, bias=False) if conv else nn.Linear(inputs, outputs, bias=False)

    def forward(self, x):
        if not self.conv:
            return self.op(x)
        return self.op(x.transpose(1, 2).unsqueeze(3)).squeeze(3).transpose(1, 2)


class Layer(nn.Module):
    """A decoder layer for calls of `tokens` tokens."""

    def __init__(self, tokens, style, mistake=None):
        super().__init__()
        self.tokens, self.style, self.mistake = tokens, style, mistake
        self.norm1, self.norm2 = RMSNorm(), RMSNorm()
        self.qkv = Projection(D, (HEADS + 2 * KV_HEADS) * DIM, style.conv)
        self.out = Projection(HEADS * DIM, D, style.conv)
        self.gate_up = Projection(D, 2 * FFN, style.conv)
        self.down = Projection(FFN, D, style.conv)
        self.register_buffer("k_state", torch.zeros(1, KV_HEADS, SLOTS, DIM))
        self.register_buffer("v_state", torch.zeros(1, KV_HEADS, SLOTS, DIM))

    def forward(self, x, rope_cos, rope_sin, attn_mask, place):
        q, k, v = self.qkv(self.norm1(x)).split([HEADS * DIM, KV_HEADS * DIM, KV_HEADS * DIM], dim=-1)
        q, k, v = (a.view(1, self.tokens, -1, DIM).transpose(1, 2) for a in (q, k, v))
        rope_cos, attn_mask, place = self.planted(rope_cos, attn_mask, place)
        q, k = self.turned(q, rope_cos, rope_sin), self.turned(k, rope_cos, rope_sin)
        if self.mistake == "rows_reversed":  # Not by flip: that op (reverse) is not in graphc's table.
            k, v = (torch.cat([a[:, :, t : t + 1] for t in reversed(range(self.tokens))], dim=2) for a in (k, v))
        before = self.k_state + 0, self.v_state + 0
        self.write(k, v, place)
        keys, values = before if self.mistake == "attends_before_write" else (self.k_state, self.v_state)
        mask = attn_mask[:, :, :1] if self.mistake == "first_mask_row" else attn_mask
        heads = self.attend(q, keys, values, mask)
        if self.mistake != "heads_not_permuted":
            heads = heads.transpose(1, 2)
        h = x + self.out(heads.reshape(1, self.tokens, HEADS * DIM))
        gate, up = self.gate_up(self.norm2(h)).chunk(2, dim=-1)
        return h + self.down(up * functional.silu(gate))

    def planted(self, cos, mask, place):
        if self.mistake == "rope_rows_exchanged":
            cos = torch.cat([cos[1:2], cos[:1], cos[2:]])
        if self.mistake == "mask_shifted":
            mask = torch.cat([mask[..., -1:], mask[..., :-1]], dim=-1)
        if self.mistake == "future_row":
            mask = torch.cat([mask[:, :, 1:], mask[:, :, -1:]], dim=2)
        if self.mistake == "slot_off_by_one":
            at_position = self.style.cache == "slice"
            place = place - 1 if at_position else torch.cat([place[:, :, 1:], place[:, :, :1]], dim=2)
        return cos, mask, place

    def turned(self, x, cos, sin):
        if self.mistake == "first_rope_row":
            cos, sin = cos[:1], sin[:1]
        rotated, rest = x[..., :ROTARY], x[..., ROTARY:]
        lo, hi = rotated.chunk(2, dim=-1)
        if self.mistake == "rope_pairs_swapped":
            lo, hi = hi, lo
        cos, sin = torch.cat((cos, cos), -1), torch.cat((sin, sin), -1)
        return torch.cat((rotated * cos + torch.cat((-hi, lo), -1) * sin, rest), -1)

    def write(self, k, v, place):
        if self.style.cache == "slice":
            begin = place[0]
            self.k_state[:, :, begin : begin + self.tokens, :] = k
            self.v_state[:, :, begin : begin + self.tokens, :] = v
            return
        written = place.sum(dim=3, keepdim=True)
        if self.style.cache == "where":
            self.k_state[:] = torch.where(written > 0.5, place @ k, self.k_state)
            self.v_state[:] = torch.where(written > 0.5, place @ v, self.v_state)
            return
        keep = 1 - written
        self.k_state[:] = self.k_state * keep + place @ k
        self.v_state[:] = self.v_state * keep + place @ v

    def attend(self, q, keys, values, mask):
        if self.mistake == "scale":
            q = q * 0.5
        if self.style.gqa == "fold":
            q = q.reshape(1, KV_HEADS, GROUP * self.tokens, DIM)
            scores = (q @ keys.transpose(2, 3) * DIM**-0.5).view(1, HEADS, self.tokens, SLOTS) + mask
            weights = torch.softmax(scores, dim=-1).view(1, KV_HEADS, GROUP * self.tokens, SLOTS)
            return (weights @ values).view(1, HEADS, self.tokens, DIM)
        if self.style.gqa == "einsum":
            q = q.view(1, KV_HEADS, GROUP, self.tokens, DIM)
            scores = torch.einsum("bghtd,bgsd->bghts", q, keys) * DIM**-0.5 + mask[:, None]
            mixed = torch.einsum("bghts,bgsd->bghtd", torch.softmax(scores, dim=-1), values)
            return mixed.reshape(1, HEADS, self.tokens, DIM)
        keys, values = self.repeated(keys), self.repeated(values)
        if self.style.attention == "fused":
            return functional.scaled_dot_product_attention(q, keys, values, attn_mask=mask)
        return torch.softmax(q @ keys.transpose(2, 3) * DIM**-0.5 + mask, dim=-1) @ values

    def repeated(self, x):
        if self.mistake == "heads_repeated":
            return x.repeat(1, GROUP, 1, 1)
        if self.style.gqa == "repeat_interleave":
            return x.repeat_interleave(GROUP, dim=1)
        return x[:, :, None].expand(1, KV_HEADS, GROUP, SLOTS, DIM).reshape(1, HEADS, SLOTS, DIM)


def inputs_of(tokens, style):
    """Example inputs by name; the names are those of docs/architecture.md, "The interface of a layer package"."""
    at_position = style.cache == "slice"
    place = torch.tensor([2], dtype=torch.int32) if at_position else torch.rand(1, 1, SLOTS, tokens)
    return {
        "x": torch.rand(1, tokens, D),
        "rope_cos": torch.rand(tokens, ROTARY // 2),
        "rope_sin": torch.rand(tokens, ROTARY // 2),
        "attn_mask": torch.zeros(1, 1, tokens, SLOTS),
        "position" if at_position else "kv_write_mask": place,
    }


def layer_of(tokens, style, mistake=None):
    """A layer whose weights are the same for every T and every mistake of a style."""
    torch.manual_seed(11)
    return Layer(tokens, style, mistake).eval()


def convert(tokens, style, mistake=None):
    """The package of a layer."""
    layer = layer_of(tokens, style, mistake)
    inputs = inputs_of(tokens, style)
    dtype = {torch.int32: np.int32, torch.float32: np.float16}
    cache = ct.TensorType(shape=(1, KV_HEADS, SLOTS, DIM), dtype=np.float16)
    return ct.convert(
        torch.jit.trace(layer, tuple(inputs.values())),
        inputs=[ct.TensorType(name=name, shape=x.shape, dtype=dtype[x.dtype]) for name, x in inputs.items()],
        outputs=[ct.TensorType(name="hidden", dtype=np.float16)],
        states=[ct.StateType(wrapped_type=cache, name=name) for name in ("k_state", "v_state")],
        minimum_deployment_target=ct.target.iOS18,
        compute_precision=ct.precision.FLOAT16,
        skip_model_load=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", choices=PAIRS)
    args = parser.parse_args()
    logging.disable(logging.CRITICAL)
    warnings.filterwarnings("ignore")
    args.out.mkdir(parents=True, exist_ok=True)
    for name in [args.only] if args.only else PAIRS:
        style = PAIRS[name]
        single = [("t1.swapped", 1, "rope_pairs_swapped")] if name == "where_and_einsum" else []
        plants = [(plant, BLOCK, plant) for plant in PLANTS] if name in PLANTED_STYLES else []
        calls = [("t4", BLOCK, None), ("t1", 1, None), ("wrong", BLOCK, style.mistake)]
        for suffix, tokens, mistake in [*calls, *single, *plants]:
            try:
                convert(tokens, style, mistake).save(str(args.out / f"{name}.{suffix}.mlpackage"))
            except Exception as error:  # the converter raises whatever it likes
                sys.exit(f"{name}.{suffix}: {type(error).__name__}: {error}")
    print(f"{len(list(args.out.glob('*.mlpackage')))} packages in {args.out}")


if __name__ == "__main__":
    main()
