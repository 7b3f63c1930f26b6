"""`--interface anemll` on packages that coremltools converted from PyTorch: the right ones are proven, those with a mistake are not."""
import json
import sys

import pytest

from conftest import HERE, called


@pytest.fixture(scope="session")
def packages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prompt")
    called([sys.executable, HERE / "convert_prompt.py", folder])
    return lambda name: [folder / f"{name}.mlpackage", folder / "infer.mlpackage"]


def told(graphc, pair, code, *more):
    return json.loads(graphc("prove", *pair, "--interface", "anemll", *more, "--json", code=code))


@pytest.mark.parametrize(
    "name, claim",
    [
        ("prefill", "PROVEN (exact)"),
        ("prefill_last", "PROVEN (exact)"),
        ("positions_one_on", "REFUTED"),
        ("rows_reversed", "REFUTED"),
        ("mask_scaled_away", "REFUTED"),
    ],
)
def test_verdict(packages, graphc, name, claim):
    verdict = told(graphc, packages(name), 0 if claim.startswith("PROVEN") else 1)
    assert verdict["claim"] == claim
    assert verdict.get("notCompared") == (["output_hidden_states"] if name == "prefill_last" else None)
    masks = [role for role in verdict["roles"] if role["role"] == "mask"]
    assert [mask["closed"] for mask in masks] == ["-inf"]


def test_another_number_in_the_mask_is_another_claim(packages, graphc):
    assert told(graphc, packages("prefill"), 0, "--role", "causal_mask=mask:closed=-10000")["gapBound"] > 4000
    assert told(graphc, packages("prefill"), 1, "--role", "causal_mask=mask:closed=-2")["claim"] == "REFUTED"


def test_parity_feeds_what_the_preset_says(packages, graphc):
    for name, code in [("prefill", 0), ("prefill_last", 0), ("mask_scaled_away", 1)]:
        report = json.loads(graphc("parity", *packages(name), "--interface", "anemll", "--json", code=code))
        assert report["equal"] == (code == 0)


def test_the_interface_that_is_printed_gives_the_same_verdict(packages, graphc, tmp_path):
    pair = packages("prefill_last")
    path = tmp_path / "i.json"
    path.write_text(graphc("interface", *pair, "--interface", "anemll"))
    again = json.loads(graphc("prove", *pair, "--interface", path, "--json"))
    assert (again["claim"], again["notCompared"]) == ("PROVEN (exact)", ["output_hidden_states"])
    asked = json.loads(graphc("interface", *pair, code=1))
    assert asked["?"] == ["position_ids", "output_hidden_states"]
