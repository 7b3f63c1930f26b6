"""A layer as hosts of prompts have it, converted by coremltools: RoPE rows looked up at positions, cache rows written from the
first position on, one state for keys and values, and a mask of -inf. A block of four and the single token, and blocks with a mistake.

    python convert_prompt.py OUT

Writes OUT/<name>.mlpackage. Needs coremltools 9.0 and torch; no Mac.
"""

import logging
import sys
import warnings
from pathlib import Path

import coremltools as ct
import numpy as np
import torch
from torch import nn

D, HEADS, DIM, SLOTS, BLOCK = 16, 2, 8, 24, 4

# By name: tokens, and what is otherwise in a block.
LAYERS = {
    "infer": (1, None),
    "prefill": (BLOCK, None),
    # The last of a model's blocks, whose one row nobody reads.
    "prefill_last": (BLOCK, "one_row"),
    "positions_one_on": (BLOCK, "positions_one_on"),
    "rows_reversed": (BLOCK, "rows_reversed"),
    "mask_scaled_away": (BLOCK, "mask_scaled_away"),
}


class PromptLayer(nn.Module):
    def __init__(self, tokens, other):
        super().__init__()
        self.tokens, self.other = tokens, other
        self.q, self.k, self.v, self.o = (nn.Linear(D, D, bias=False) for _ in range(4))
        angle = torch.arange(2 * SLOTS)[:, None] / 100 ** (torch.arange(DIM // 2) / (DIM // 2))
        self.register_buffer("cos", torch.cat([angle.cos()] * 2, -1))
        self.register_buffer("sin", torch.cat([angle.sin()] * 2, -1))
        self.register_buffer("kv_cache_0", torch.zeros(2, HEADS, SLOTS, DIM))

    def forward(self, hidden_states, position_ids, causal_mask, current_pos):
        x = hidden_states
        places = position_ids + 1 if self.other == "positions_one_on" else position_ids
        cos, sin = self.cos[places], self.sin[places]
        q, k, v = (self.heads(layer(x)) for layer in (self.q, self.k, self.v))
        q, k = (y * cos + torch.cat([-y[..., DIM // 2 :], y[..., : DIM // 2]], -1) * sin for y in (q, k))
        if self.other == "rows_reversed":
            k = torch.cat([k[:, :, t : t + 1] for t in reversed(range(self.tokens))], 2)
        self.kv_cache_0[0:1, :, current_pos : current_pos + self.tokens, :] = k
        self.kv_cache_0[1:2, :, current_pos : current_pos + self.tokens, :] = v
        keys, values = self.kv_cache_0[0:1], self.kv_cache_0[1:2]
        scores = q @ keys.transpose(-1, -2) * DIM**-0.5
        if self.other == "mask_scaled_away":
            # Nothing is hidden where the mask is clipped to what a score may be.
            causal_mask = torch.clamp(causal_mask, min=-2.0)
        y = torch.softmax(scores + causal_mask, -1) @ values
        hidden = x + self.o(y.transpose(1, 2).reshape(1, self.tokens, D))
        return hidden[:, 0:1] * 0.5 if self.other == "one_row" else hidden

    def heads(self, x):
        return x.reshape(1, self.tokens, HEADS, DIM).transpose(1, 2)


def convert(tokens, other):
    torch.manual_seed(5)
    layer = PromptLayer(tokens, other).eval()
    inputs = {
        "hidden_states": torch.rand(1, tokens, D),
        "position_ids": torch.arange(tokens, dtype=torch.int32),
        "causal_mask": torch.zeros(1, 1, tokens, SLOTS),
        "current_pos": torch.zeros(1, dtype=torch.int32),
    }
    dtype = {torch.int32: np.int32, torch.float32: np.float16}
    cache = ct.TensorType(shape=(2, HEADS, SLOTS, DIM), dtype=np.float16)
    return ct.convert(
        torch.jit.trace(layer, tuple(inputs.values())),
        inputs=[ct.TensorType(name=name, shape=x.shape, dtype=dtype[x.dtype]) for name, x in inputs.items()],
        outputs=[ct.TensorType(name="output_hidden_states", dtype=np.float16)],
        states=[ct.StateType(wrapped_type=cache, name="kv_cache_0")],
        minimum_deployment_target=ct.target.iOS18,
        compute_precision=ct.precision.FLOAT16,
        skip_model_load=True,
    )


def main():
    out = Path(sys.argv[1])
    logging.disable(logging.CRITICAL)
    warnings.filterwarnings("ignore")
    out.mkdir(parents=True, exist_ok=True)
    for name, (tokens, other) in LAYERS.items():
        convert(tokens, other).save(str(out / f"{name}.mlpackage"))


if __name__ == "__main__":
    main()
