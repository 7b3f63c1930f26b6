"""A window in a ring buffer, converted from PyTorch: rows are written at position modulo N, and the block may wrap."""
import json

import coremltools as ct
import numpy as np
import pytest
import torch
from torch import nn

D, ROWS, WINDOW, BLOCK, POSITIONS = 16, 8, 4, 3, 64


class Ring(nn.Module):
    """Attention to the last `window` rows; one position for the block, masks and places made from it."""

    def __init__(self, tokens, window=WINDOW, modulo=ROWS):
        super().__init__()
        torch.manual_seed(1)
        self.tokens, self.window, self.modulo = tokens, window, modulo
        self.q, self.k, self.v = (nn.Linear(D, D, bias=False) for _ in range(3))
        for name in ("k_state", "v_state"):
            self.register_buffer(name, torch.zeros(1, ROWS, D))
        self.register_buffer("turn", torch.cos(0.3 * torch.arange(POSITIONS)[:, None] * torch.ones(1, D)))
        self.register_buffer("rows", torch.arange(ROWS, dtype=torch.int32))

    def forward(self, x, position):
        at = position + torch.arange(self.tokens, dtype=torch.int32)
        turn = self.turn[at]
        q, k, v = self.q(x) * turn, self.k(x) * turn, self.v(x)
        columns = (self.rows[:, None] == (at % self.modulo)[None]).to(x.dtype)
        keep = 1 - columns.sum(1, keepdim=True)
        self.k_state[:] = self.k_state * keep + columns @ k
        self.v_state[:] = self.v_state * keep + columns @ v
        age = (at[:, None] - self.rows[None]) % ROWS
        seen = (age < self.window) & (age <= at[:, None])
        scores = torch.where(seen[None], q @ self.k_state.transpose(1, 2), torch.tensor(-1e4))
        return torch.softmax(scores, -1) @ self.v_state


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rings")

    def package(name, tokens, **how):
        path = folder / f"{name}.mlpackage"
        if path.exists():
            return path
        x, position = torch.rand(1, tokens, D), torch.tensor([2], dtype=torch.int32)
        cache = ct.TensorType(shape=(1, ROWS, D), dtype=np.float16)
        ct.convert(
            torch.jit.trace(Ring(tokens, **how).eval(), (x, position)),
            inputs=[
                ct.TensorType(name="x", shape=x.shape, dtype=np.float16),
                ct.TensorType(name="position", shape=(1,), dtype=np.int32),
            ],
            outputs=[ct.TensorType(name="y", dtype=np.float16)],
            states=[ct.StateType(wrapped_type=cache, name=name) for name in ("k_state", "v_state")],
            minimum_deployment_target=ct.target.iOS18,
            skip_model_load=True,
        ).save(str(path))
        return path

    return package


def test_a_window_that_leaves_room_is_proven_wherever_the_ring_wraps(packages, graphc):
    verdict = json.loads(graphc("prove", packages("block", BLOCK), packages("step", 1), "--json"))
    assert verdict["claim"] == "PROVEN (exact)" and not verdict["anyCacheSize"]
    says = {one["id"]: one["says"] for one in verdict["preconditions"]}
    # RoPE's table bounds the positions, not the ring.
    assert f"[0, {POSITIONS})" in says["P2"] and f"the ring of {ROWS} " in says["P2'"]


def test_what_is_refuted_is_told_where_it_is(packages, graphc):
    def finding(block, step):
        verdict = json.loads(graphc("prove", block, step, "--json", code=1))
        assert verdict["claim"] == "REFUTED"
        return verdict["finding"]

    step = packages("step", 1)
    assert finding(packages("modulo", BLOCK, modulo=ROWS - 1), step)["op"] in ("floor_div", "mod")
    assert finding(packages("wider", BLOCK, window=WINDOW + 1), step)["op"] == "less"
    # Both graphs look one row too far: the block has written over it.
    far = {"window": ROWS - BLOCK + 2}
    found = finding(packages("far", BLOCK, **far), packages("far1", 1, **far))
    assert found["later"] and found["op"] == "select"
