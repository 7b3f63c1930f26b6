"""A compressed matrix that one package holds whole and the other in three: equal rows of codes, tables and scales are equal weights."""
import json

import coremltools as ct
import coremltools.optimize.coreml as cto
import numpy as np
import pytest
import torch
from torch import nn

D, ROWS, BLOCK = 32, 16, 4


class Projections(nn.Module):
    """q, k and v of rows, by one linear layer or by three on the same rows."""

    def __init__(self, fused, order=(0, 1, 2)):
        super().__init__()
        torch.manual_seed(5)
        whole = torch.randn(3 * ROWS, D) / 4
        parts = [whole[ROWS * k : ROWS * (k + 1)] for k in order]
        matrices = [torch.cat(parts)] if fused else parts
        self.layers = nn.ModuleList(nn.Linear(D, len(matrix), bias=False) for matrix in matrices)
        for layer, matrix in zip(self.layers, matrices):
            layer.weight.data = matrix.clone()

    def forward(self, x):
        return torch.tanh(torch.cat([layer(x) for layer in self.layers], dim=-1))


def compressed(form, module, tokens):
    x = torch.rand(1, tokens, D)
    package = ct.convert(
        torch.jit.trace(module.eval(), x),
        inputs=[ct.TensorType(name="x", shape=x.shape, dtype=np.float16)],
        outputs=[ct.TensorType(name="y", dtype=np.float16)],
        minimum_deployment_target=ct.target.iOS18,
        skip_model_load=True,
    )
    if form == "int8_for_each_row":
        op = cto.OpLinearQuantizerConfig(mode="linear_symmetric", dtype="int8", granularity="per_channel", weight_threshold=0)
        return cto.linear_quantize_weights(package, cto.OptimizationConfig(global_config=op))
    op = cto.OpPalettizerConfig(
        mode="uniform", nbits=4, granularity="per_grouped_channel", group_size=4, weight_threshold=0
    )
    return cto.palettize_weights(package, cto.OptimizationConfig(global_config=op))


@pytest.mark.parametrize("form", ["int8_for_each_row", "tables_for_four_rows"])
def test_a_matrix_may_be_divided(graphc, tmp_path, form):
    def said(name, block, step, code):
        paths = [tmp_path / f"{name}.{tokens}.mlpackage" for tokens in (BLOCK, 1)]
        for path, module, tokens in zip(paths, (block, step), (BLOCK, 1)):
            compressed(form, module, tokens).save(str(path))
        return json.loads(graphc("prove", *paths, "--json", code=code))["claim"]

    assert said("divided", Projections(fused=True), Projections(fused=False), 0) == "PROVEN (exact)"
    swapped = Projections(fused=False, order=(0, 2, 1))
    assert said("swapped", Projections(fused=True), swapped, 1) == "REFUTED"
