"""`graphc equal`: our layers of one token against transformers' own classes, which coremltools converted; and with faults of the model."""
import gc
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

import convert_hf
from conftest import ROOT
from convert_hf import FAULTS, MODELS, ROWS, Fed

AUTHORED_FAULT = next(name for name, fault in FAULTS.items() if fault.model == "qwen3")
NAMES = {"names": {name: f"layers_0_{name}" for name in convert_hf.STATES}}


@pytest.fixture(scope="module")
def ours(graphc, tmp_path_factory):
    """Our package of each model, from the checkpoint that transformers saved."""
    folder = tmp_path_factory.mktemp("ours")
    for name in MODELS:
        convert_hf.model_of(name).half().save_pretrained(folder / name)
        graphc("emit", folder / name, "--max-seq", ROWS, "--no-prove", "--out", folder / f"{name} emitted")
    return {name: next((folder / f"{name} emitted").glob("*.t1.mlpackage")) for name in MODELS}


@pytest.fixture(scope="module")
def authored(graphc, ours, tmp_path_factory):
    """The package of an author's file that is made of graphc's blocks, at the sizes of the checkpoint."""
    checkpoint, out = ours["qwen3"].parent.parent / "qwen3", tmp_path_factory.mktemp("authored")
    graphc("emit", ROOT / "examples" / "qwen3.ts", "--weights", checkpoint, "--max-seq", ROWS, "--no-prove", "--out", out)
    return next(out.glob("*.t1.mlpackage"))


@pytest.fixture(scope="module")
def told(graphc, ours, authored, tmp_path_factory):
    """What `graphc equal` says of our package and a converted one, by the name of the model or of the fault: compared while the next is
    converted."""
    folder = tmp_path_factory.mktemp("theirs")
    names = folder / "names.json"
    names.write_text(json.dumps(NAMES))

    def compared(name, package, code, ours=ours):
        return json.loads(graphc("equal", ours[name], package, "--interface", names, "--json", code=code))

    def saved(name, package):
        package.save(str(folder / f"{name}.mlpackage"))
        return folder / f"{name}.mlpackage"

    gc.freeze()  # coremltools collects garbage after every conversion, and its modules are none.
    with ThreadPoolExecutor(2) as pool:
        right = {name: pool.submit(compared, name, saved(name, convert_hf.convert(Fed(convert_hf.model_of(name)))), 0)
                 for name in MODELS}  # fmt: skip
        wrong = {name: pool.submit(compared, fault.model, saved(name, convert_hf.faulty(fault)), 1)
                 for name, fault in FAULTS.items()}  # fmt: skip
        packages = {"right": folder / "qwen3.mlpackage", "wrong": folder / f"{AUTHORED_FAULT}.mlpackage"}
        example = {f"example, {which}": pool.submit(compared, "qwen3", package, int(which == "wrong"), {"qwen3": authored})
                   for which, package in packages.items()}  # fmt: skip
    gc.unfreeze()
    return {**right, **wrong, **example}


@pytest.mark.parametrize("name", MODELS)
def test_our_layer_is_hugging_face_s(told, name):
    verdict = told[name].result()
    assert verdict["claim"] == "PROVEN (reals)"
    assert verdict["attacked"]["witness"]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_model_is_refuted(told, fault):
    assert told[fault].result()["claim"] == "REFUTED"


def test_the_example_of_the_blocks_is_hugging_face_s(told):
    """examples/qwen3.ts, and the same against a faulty model."""
    assert told["example, right"].result()["claim"] == "PROVEN (reals)"
    assert told["example, wrong"].result()["claim"] == "REFUTED"
