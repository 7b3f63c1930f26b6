"""Clamps for the engine: what no exponent mends is clipped, and the build says what transformers says in fp32, where no value leaves its clamp."""
import json

import loud_rows
import pytest
import torch
from loud_scores import LAYER, LOUD, LOUDER, loud, scores_of

LIMIT = 4948
QUIET = [[2, 10, 20, 30, 40, 50], [2, 61, 7, 7, 33], [2, 88, 12, 55, 4, 81, 23], [2, 18]]
OUTSIDE = [2, LOUD, 12, LOUDER, 30, LOUD]
NEW_TOKENS, MARGIN = 12, 4


@pytest.fixture(scope="module")
def model():
    return loud()


def ids(prompt):
    return ["--prompt-ids", ",".join(map(str, prompt))]


@pytest.fixture(scope="module")
def built(model, graphc, tmp_path_factory):
    checkpoint, folder = (tmp_path_factory.mktemp("loud") / name for name in ("checkpoint", "model"))
    model.save_pretrained(checkpoint)
    options = ["--max-seq", 32, "--heads", 2, "--shards", "1,3", "--ahead-of-evidence", "--json"]
    clamp = ["--engine-safe", "--clamp", MARGIN, *ids(QUIET[0])]
    return folder, json.loads(graphc("build", checkpoint, *clamp, "--out", folder, *options))


def theirs(model, prompt):
    with torch.no_grad():
        return model.generate(torch.tensor([prompt]), max_new_tokens=NEW_TOKENS, do_sample=False, eos_token_id=None)[0, len(prompt) :].tolist()


def ours(graphc, built, prompt):
    return json.loads(graphc("generate", built[0], *ids(prompt), "--max-new", NEW_TOKENS, "--json"))["tokens"]


def test_the_clamp_is_the_margin_over_what_torch_finds_on_the_prompt(model, built):
    safe = built[1]["engineSafe"]
    assert safe["holds"] and safe["exponents"]["clamps"] == {"margin": MARGIN, "tokens": len(QUIET[0])}
    clamps = [layer.get("clamps", {}).get("scores") for layer in safe["exponents"]["layers"]]
    assert [k for k, one in enumerate(clamps) if one] == [LAYER]
    reached = scores_of(model, QUIET[0])
    assert clamps[LAYER]["reached"] == pytest.approx(reached, rel=1e-4)
    assert MARGIN * reached * 0.9999 <= clamps[LAYER]["most"] <= MARGIN * reached * 1.002


def test_only_the_shard_that_has_it_is_equal_under_a_condition(built):
    claims = [entry.get("claim", "") for entry in built[1]["parts"].values()]
    assert sum("EQUAL (reals)" in claim for claim in claims) == 4 and sum("P15" in claim for claim in claims) == 1
    assert sum("PROVEN (exact)" in claim for claim in claims) == 2


def test_within_the_clamp_it_says_what_transformers_says(model, built, graphc):
    most = built[1]["engineSafe"]["exponents"]["layers"][LAYER]["clamps"]["scores"]["most"]
    for prompt in QUIET:
        said = theirs(model, prompt)
        assert scores_of(model, prompt + said[:-1]) < most
        assert ours(graphc, built, prompt) == said


def test_outside_it_is_another_model(model, built, graphc):
    assert scores_of(model, OUTSIDE) > 2 * built[1]["engineSafe"]["exponents"]["layers"][LAYER]["clamps"]["scores"]["most"]
    assert ours(graphc, built, OUTSIDE) != theirs(model, OUTSIDE)


@pytest.fixture(scope="module")
def wide():
    return loud_rows.loud()


@pytest.fixture(scope="module")
def wide_built(wide, graphc, tmp_path_factory):
    checkpoint, folder = (tmp_path_factory.mktemp("wide") / name for name in ("checkpoint", "model"))
    wide.save_pretrained(checkpoint)
    with pytest.raises(AssertionError, match="no exponent mends that; with a prompt --clamp 4 may"):
        graphc("build", checkpoint, "--engine-safe", "--out", folder, "--ahead-of-evidence")
    options = ["--max-seq", 32, "--heads", 2, "--shards", "1,3", "--ahead-of-evidence", "--json"]
    clamp = ["--engine-safe", "--clamp", MARGIN, *ids(QUIET[0])]
    return folder, json.loads(graphc("build", checkpoint, *clamp, "--out", folder, *options))


def wide_clamps(wide_built):
    return wide_built[1]["engineSafe"]["exponents"]["layers"][loud_rows.LAYER]["clamps"]


def test_rows_are_clipped_at_the_margin_over_what_torch_finds(wide, wide_built):
    assert wide_built[1]["engineSafe"]["holds"]
    reached = loud_rows.values_of(wide, QUIET[0])
    clamps = wide_clamps(wide_built)
    assert {"k", "v", "gate"} <= clamps.keys()
    for name in clamps.keys() - {"scores"}:
        assert clamps[name]["reached"] == pytest.approx(reached[name], rel=1e-3)
        assert MARGIN * reached[name] * 0.999 <= clamps[name]["most"] <= MARGIN * reached[name] * 1.003


def test_within_their_clamps_it_says_what_transformers_says(wide, wide_built, graphc):
    for prompt in QUIET:
        said = theirs(wide, prompt)
        seen = loud_rows.values_of(wide, prompt + said[:-1])
        assert all(seen[name] < clamp["most"] for name, clamp in wide_clamps(wide_built).items() if name != "scores")
        assert ours(graphc, wide_built, prompt) == said


def test_outside_of_them_it_is_another_model(wide, wide_built, graphc):
    outside = [2, loud_rows.LOUD, 12, loud_rows.LOUDER, 30, loud_rows.LOUD]
    seen = loud_rows.values_of(wide, outside)
    assert all(seen[name] > 2 * wide_clamps(wide_built)[name]["most"] for name in ("k", "v", "gate"))
    assert ours(graphc, wide_built, outside) != theirs(wide, outside)
