"""Packages that coremltools converted from PyTorch: read, run, compared and proven; and against PyTorch itself."""
import json
import sys

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

import convert_torch
from conftest import HERE, called
from convert_torch import BLOCK, DIM, KV_HEADS, PAIRS, PLANTED_STYLES, SLOTS
from oracle_run import relative

# What `graphc prove` must say of each pair. All of them are bit-equal when run.
VERDICTS = dict.fromkeys(PAIRS, "PROVEN (exact)")


@pytest.fixture(scope="session")
def packages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("converted")
    called([sys.executable, HERE / "convert_torch.py", folder])
    return lambda name, *suffixes: [folder / f"{name}.{suffix}.mlpackage" for suffix in suffixes]


@pytest.mark.parametrize("name", PAIRS)
def test_inspect(packages, graphc, name):
    for package in packages(name, "t4", "t1"):
        text = graphc("inspect", package)
        assert 'com.github.apple.coremltools.source_dialect = "TorchScript"' in text
        assert text.count("write_state(") == 2 and "-> (hidden)" in text


@pytest.mark.parametrize("name", PAIRS)
def test_block_and_steps_have_equal_bits(packages, graphc, name):
    report = json.loads(graphc("parity", *packages(name, "t4", "t1"), "--json"))
    assert report["equal"] and len(report["calls"]) >= 4


@pytest.mark.parametrize("name", PAIRS)
def test_parity_notices_the_wrong_twin(packages, graphc, name):
    assert not json.loads(graphc("parity", *packages(name, "wrong", "t1"), "--json", code=1))["equal"]


def claim(graphc, packages, code):
    return json.loads(graphc("prove", *packages, "--json", code=code))["claim"]


@pytest.mark.parametrize("name, verdict", VERDICTS.items())
def test_verdict(packages, graphc, name, verdict):
    assert claim(graphc, packages(name, "t4", "t1"), 0 if verdict.startswith("PROVEN") else 1) == verdict


@pytest.mark.parametrize("name", PAIRS)
def test_the_wrong_twin_is_refuted(packages, graphc, name):
    assert claim(graphc, packages(name, "wrong", "t1"), 1) == "REFUTED"


# By the fault: the op whose result is the first that differs, and what it stands for in the step.
PLANTED = {
    "rope_rows_exchanged": ("concat", {"rope_cos"}),
    "mask_shifted": ("concat", {"attn_mask"}),
    "future_row": ("concat", {"attn_mask"}),
    "scale": ("mul", set()),
    "slot_off_by_one": ("concat", {"kv_write_mask"}),
}


@pytest.mark.parametrize("plant", PLANTED)
@pytest.mark.parametrize("name", PLANTED_STYLES)
def test_the_first_difference_is_where_the_fault_was_planted(packages, graphc, name, plant):
    verdict = json.loads(graphc("prove", *packages(name, plant, "t1"), "--json", code=1))
    finding, shown = verdict["finding"], verdict["counterexample"]["value"]
    assert verdict["claim"] == "REFUTED" and shown["name"] == finding["value"] and shown["block"] != shown["step"]
    op, twins = PLANTED[plant]
    if (name, plant) == ("slice_assignment", "slot_off_by_one"):
        # A position has no row for each token to compare: the first consumer is told.
        op, twins = "slice_update", set()
    assert finding["op"] == op
    if twins:
        assert finding["twin"] in twins
    if plant == "scale":
        assert finding["block"].endswith("· 0.5)")


def test_layers_written_differently_are_equal_and_a_fault_of_the_model_is_refuted(packages, graphc):
    (blend,) = packages("masked_blend", "t1")
    (fused,) = packages("scaled_dot_product_attention", "t1")
    grouped, swapped = packages("where_and_einsum", "t1", "t1.swapped")

    def said(other, code):
        return json.loads(graphc("equal", blend, other, "--json", code=code))["claim"]

    assert said(fused, 0) == "PROVEN (reals)"
    assert said(grouped, 0) == "PROVEN (exact)"
    assert said(swapped, 1) == "REFUTED"


# --- PyTorch itself -----------------------------------------------------------------------------------------------


def random_call(style, tokens, first=7, seed=3):
    """Inputs and caches in fp16, tokens at the cache rows from `first` on."""
    draw = np.random.default_rng(seed).standard_normal
    inputs = {name: draw(x.shape).astype(np.float16) for name, x in convert_torch.inputs_of(tokens, style).items()}
    rows = np.arange(first, first + tokens)
    visible = np.arange(SLOTS) <= rows[:, None]
    inputs["attn_mask"] = np.where(visible, 0, -1e4).astype(np.float16)[None, None]
    if "position" in inputs:
        inputs["position"] = np.array([first], dtype=np.int32)
    else:
        inputs["kv_write_mask"] = (np.arange(SLOTS)[:, None] == rows).astype(np.float16)[None, None]
    states = {name: draw((1, KV_HEADS, SLOTS, DIM)).astype(np.float16) for name in ("k_state", "v_state")}
    return inputs, states


def torch_results(style, tokens, inputs, states, mistake=None):
    """The module in float64, on the weights that the package holds."""
    layer = convert_torch.layer_of(tokens, style, mistake).half().double()
    for name, value in states.items():
        getattr(layer, name).copy_(torch.from_numpy(value.astype(np.float64)))
    values = [torch.from_numpy(x if x.dtype == np.int32 else x.astype(np.float64)) for x in inputs.values()]
    with torch.no_grad():
        hidden = layer(*values)
    return {"hidden": hidden, "k_state": layer.k_state, "v_state": layer.v_state}


@pytest.mark.parametrize("suffix, tokens", [("t4", BLOCK), ("t1", 1)])
@pytest.mark.parametrize("name", PAIRS)
def test_a_package_means_what_pytorch_computed(packages, graphc, tmp_path, name, suffix, tokens):
    inputs, states = random_call(PAIRS[name], tokens)
    save_file(inputs, tmp_path / "in.safetensors")
    save_file(states, tmp_path / "state.safetensors")
    twins = packages(name, suffix) + packages(name, "t1")
    graphc("run", *twins, "--inputs", tmp_path / "in.safetensors", "--state", tmp_path / "state.safetensors",
           "--precision", "fp64", "--out", tmp_path / "out.safetensors")  # fmt: skip
    ours = load_file(tmp_path / "out.safetensors")
    theirs = torch_results(PAIRS[name], tokens, inputs, states)
    for what, expected in theirs.items():
        assert relative(ours[what], expected.numpy()) < 1e-6, what
    if tokens > 1:
        wrong = torch_results(PAIRS[name], tokens, inputs, states, PAIRS[name].mistake)
        assert relative(ours["hidden"], wrong["hidden"].numpy()) > 1e-3
