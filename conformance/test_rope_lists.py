"""LongRoPE's two lists against transformers' Phi3: each is right for the sequences that graphc says, and far off for the others."""
import dataclasses
import json

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

import architectures
import oracle_hf
import oracle_run
from oracle_run import Setting
from test_oracle_hf import BLOCK, EXACT, new_call

ORIGINAL = architectures.LONGROPE_ORIGINAL
MAX_SEQ = 128
TOKENS = 8
# The wrong list moves hidden - x by a tenth and more: no rounding does that.
FAR = 1e-2
# How many tokens the sequence has in all, and the list that is right for it. transformers takes the list by the last
# position of a call, so that the last call of a sequence is the whole sequence's.
SEQUENCES = {
    "short": ("short", 25),
    "as long as the original": ("short", ORIGINAL),
    "one more": ("long", ORIGINAL + 1),
    "long": ("long", 120),
}


@pytest.fixture(scope="module")
def longrope(checkpoint_of):
    folder = checkpoint_of(("phi3, longrope",))
    return oracle_hf.load(folder), folder


@pytest.mark.parametrize("name", SEQUENCES)
def test_the_list_of_the_sequence_is_transformers_s_and_the_other_is_far_off(name, longrope, graphc, script, tmp_path, measured):
    model, folder = longrope
    right, length = SEQUENCES[name]
    call = new_call(model, length - TOKENS, TOKENS)
    theirs = oracle_hf.answer(model, (0, 1), call)
    found = {}
    for rope_list in ("short", "long"):
        setting = Setting(folder, (0, 1), MAX_SEQ, rope_list=rope_list)
        ours = oracle_run.run(graphc, script, tmp_path / rope_list, setting, call, BLOCK)
        found[rope_list] = oracle_run.distances(setting, call, ours, theirs)
    (wrong,) = {"short", "long"} - {right}
    here, there = max(found[right].values()), max(found[wrong].values())
    measured(f"LongRoPE, a sequence of {length}: relative L2 {here:.1e} by the {right} list, {there:.1e} by the {wrong} one")
    assert here < EXACT < 1e-6 < FAR < there
    # Every row of K is turned, by which each of them is told; V is not, so that layer 0's is the same.
    assert all(d > FAR for what, d in found[wrong].items() if what.startswith("K row") and what.endswith("layer 0"))
    assert all(d < EXACT for what, d in found[wrong].items() if what.startswith("V row") and what.endswith("layer 0"))


@pytest.mark.parametrize("max_seq, right", [(ORIGINAL, "short"), (ORIGINAL + 1, "long")])
def test_max_seq_takes_the_list_of_the_longest_sequence_that_it_holds(max_seq, right, longrope, graphc, script, tmp_path):
    model, folder = longrope
    call = new_call(model, max_seq - BLOCK, BLOCK)
    setting = Setting(folder, (0,), max_seq)
    theirs = oracle_hf.answer(model, (0,), call)
    ours = oracle_run.run(graphc, script, tmp_path / "own", setting, call, BLOCK)
    assert max(oracle_run.distances(setting, call, ours, theirs).values()) < EXACT
    chosen = dataclasses.replace(setting, rope_list=right)
    same = oracle_run.run(graphc, script, tmp_path / "chosen", chosen, call, BLOCK)
    assert np.array_equal(ours[0], same[0])


def test_the_tables_that_emit_writes_are_transformers_s(longrope, graphc, tmp_path):
    model, folder = longrope
    graphc("emit", folder, "--max-seq", MAX_SEQ, "--out", tmp_path)
    [path] = tmp_path.glob("*.rope.json")
    record = json.loads(path.read_text())
    tables = load_file(tmp_path / record["data"]["file"])
    assert record["assumed"] == "long" and record["cacheInvalidWhenCrossing"] is True
    assert [one["list"] for one in record["lists"]] == ["short", "long"]
    pairs = record["rotaryDims"] // 2
    for one in record["lists"]:
        positions = torch.arange(one["rows"])[None]
        # Of a sequence that the list is for, as far as the cache reaches.
        longest = torch.tensor([[min(one["forSequencesUpTo"], MAX_SEQ) - 1]])
        with oracle_hf.widened():
            rows = model.model.rotary_emb(torch.zeros(1, dtype=torch.float64), torch.cat([positions, longest], 1))
        for name, expected in zip(("cos", "sin"), rows, strict=True):
            table = tables[one[name]]
            assert table.dtype == np.float16 and table.shape == (one["rows"], pairs)
            # Rounded once: half of the last place of numbers below 2.
            assert np.abs(table.astype(np.float64) - expected[0, :-1, :pairs].numpy()).max() <= 2**-11 + 1e-12
    short, long = ({tables[one[name]].tobytes() for name in ("cos", "sin")} for one in record["lists"])
    assert not short & long
