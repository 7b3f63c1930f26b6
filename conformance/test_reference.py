"""`graphc parity --reference` on what Hugging Face computes: the right checkpoint is near, one of another convention is
not, which no proof of block against steps could see."""
import json
import re

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import oracle_hf
import oracle_run
from conftest import ROOT
from oracle_run import Setting
from test_oracle_hf import model_of, new_call  # noqa: F401

SIZE = ["--tokens", 4, "--max-seq", 64]


@pytest.fixture(scope="module")
def reference(script, model_of, checkpoint_of, tmp_path_factory):  # noqa: F811
    """One file with the inputs and what the oracle says of them, and one with the caches at entry."""
    folder = tmp_path_factory.mktemp("reference")
    setting = Setting(checkpoint_of("small"), (0,), 64, "fp16")
    call = new_call(model_of("small"), past=17, tokens=4)
    theirs = oracle_hf.answer(model_of("small"), setting.layers, call)
    (inputs,) = oracle_run.input_files(script, folder, setting, call, 4)
    state = oracle_run.entry_state(setting, call)
    save_file(state, folder / "state.safetensors")
    held = load_file(inputs) | {"hidden": np.ascontiguousarray(theirs.hidden.T[None, :, :, None]).astype(np.float32)}
    for name, rows in zip("kv", theirs.rows[0], strict=True):
        cache = state[f"layers_0_{name}_state"].astype(np.float32)
        cache[0, :, call.positions] = rows.transpose(1, 0, 2)
        held[f"layers_0_{name}_state"] = cache
    save_file(held, folder / "reference.safetensors")
    return ["--reference", folder / "reference.safetensors", "--state", folder / "state.safetensors"]


def test_the_docs_snippet_writes_such_a_file(graphc, checkpoint_of, reference, tmp_path, monkeypatch):
    """What docs/checkpoint.md shows, run on the oracle's arrays."""
    [snippet] = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "checkpoint.md").read_text(), re.DOTALL)
    held = load_file(reference[1])
    names = {"cos": "rope_cos", "sin": "rope_sin", "mask": "attn_mask", "slot": "kv_write_mask"}
    arrays = {short: held[name] for short, name in names.items()} | {k: held[k][0, :, :, 0].T for k in ("x", "hidden")}
    monkeypatch.chdir(tmp_path)
    exec(snippet, arrays | {"np": np})
    told = graphc("parity", checkpoint_of("small"), "--layer", 0, *SIZE, "--reference", tmp_path / "reference.safetensors", *reference[2:])
    assert "WITHIN 0.01: 4 rows" in told


def test_the_oracles_rows_are_near(graphc, checkpoint_of, reference, measured):
    told = json.loads(graphc("parity", checkpoint_of("small"), "--layer", 0, *SIZE, *reference, "--json"))
    assert told["verdict"] == "WITHIN"
    tokens = [row for row in told["rows"] if row["value"] == "hidden"]
    caches = [row for row in told["rows"] if row["of"]["kind"] == "cache row"]
    assert [row["of"]["at"] for row in tokens] == [0, 1, 2, 3] and len(caches) == 2 * 64
    worst = max(row["relativeL2"] for row in told["rows"])
    measured(f"parity --reference, fp16 of one layer against transformers: {worst:.1e}, held to 1e-2")


@pytest.mark.parametrize("field, value", [("hidden_act", "gelu_pytorch_tanh"), ("rms_norm_eps", 0.5)])
def test_another_convention_is_far(graphc, checkpoint_of, reference, tmp_path, field, value):
    """Another activation, and a larger eps: proven, block against steps, as the right one is."""
    other = tmp_path / "other"
    other.mkdir()
    for path in checkpoint_of("small").iterdir():
        if path.name != "config.json":
            (other / path.name).symlink_to(path)
    config = json.loads((checkpoint_of("small") / "config.json").read_text())
    (other / "config.json").write_text(json.dumps(config | {field: value}))
    assert "PROVEN (exact)" in graphc("prove", other, "--layer", 0, *SIZE)
    told = graphc("parity", other, "--layer", 0, *SIZE, *reference, code=1)
    assert "BEYOND 0.01" in told and "hidden" in told
