"""Exponents for the engine: a Gemma 3 whose residual leaves fp16 says with them what transformers says in fp32, and nothing at all without."""
import json
import subprocess

import pytest
import torch
from conftest import ROOT
from gemma_sink import BOS, hidden_most, sinking

FP16_MOST = 65504
PROMPTS = [[BOS, 10, 20, 30, 40, 50], [BOS, 61, 7, 7, 33], [BOS, 90, 12, 55, 4, 81, 23], [BOS, 18]]
NEW_TOKENS = 12


@pytest.fixture(scope="module")
def model():
    return sinking()


@pytest.fixture(scope="module")
def checkpoint(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sink")
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def built(graphc, checkpoint, tmp_path_factory):
    """Without exponents and with them, and what the build says of itself."""
    folders = [tmp_path_factory.mktemp(name) / "model" for name in ("plain", "safe")]
    options = ["--max-seq", 32, "--heads", 2, "--shards", "2,4", "--ahead-of-evidence", "--json"]
    graphc("build", checkpoint, "--out", folders[0], *options)
    told = json.loads(graphc("build", checkpoint, "--engine-safe", "--out", folders[1], *options))
    return *folders, told


def ids(prompt):
    return ["--prompt-ids", ",".join(map(str, prompt)), "--max-new", NEW_TOKENS, "--json"]


def test_the_first_token_alone_leaves_fp16(model):
    for prompt in PROMPTS:
        first, *others = hidden_most(model, prompt)
        assert first > 2 * FP16_MOST and max(others) < FP16_MOST / 10


def test_without_exponents_it_says_nothing(built):
    command = ["node", str(ROOT / "dist" / "cli.js"), "generate", str(built[0]), *map(str, ids(PROMPTS[0]))]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 2 and "no logit is a number" in result.stdout, result


def test_every_part_is_proven_and_the_exponents_are_on_record(built):
    _, folder, told = built
    claims = {path: entry.get("claim", "") for path, entry in told["parts"].items()}
    packages = [claim for path, claim in claims.items() if not path.endswith(".bin")]
    assert len(packages) == 4 and all("EQUAL (reals) to the graph without exponents" in claim for claim in packages)
    assert sum("PROVEN (exact)" in claim for claim in packages) == 2
    safe = told["engineSafe"]
    assert safe["holds"] and safe["unmended"] == []
    exponents = safe["exponents"]
    assert exponents["residual"] == 2 and [layer["mlp"] > 0 for layer in exponents["layers"]] == [False, True, False, False, False, False]
    manifest = json.loads((folder / "phi4mini_runtime_meta.json").read_text())
    assert manifest["graphc"]["decoder"]["exponents"] == exponents
    assert safe["drift"]["safe"]["hidden"] < 0.05


def test_with_exponents_it_says_what_transformers_says_in_fp32(model, built, graphc, script, tmp_path):
    (tmp_path / "prompts.json").write_text(json.dumps(PROMPTS))
    said = json.loads(script("speak", built[1], tmp_path / "prompts.json", NEW_TOKENS))
    for prompt, ours in zip(PROMPTS, said, strict=True):
        with torch.no_grad():
            theirs = model.generate(torch.tensor([prompt]), max_new_tokens=NEW_TOKENS, do_sample=False, eos_token_id=None)[0, len(prompt) :].tolist()
        assert ours["greedy"]["tokens"] == ours["drafted"]["tokens"] == theirs
    assert len({token for one in said for token in one["greedy"]["tokens"]}) >= 3
    # Here the prompt of the last one is the only one left in `theirs`.
    assert json.loads(graphc("generate", built[1], *ids(PROMPTS[-1]), "--arithmetic", "engine"))["tokens"] == theirs
