"""`graphc equal`: our layers of one token against transformers' own classes, which coremltools converted; and with faults of the model."""
import gc
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

import convert_hf
from convert_hf import FAULTS, MODELS, ROWS, Fed

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
def told(graphc, ours, tmp_path_factory):
    """What `graphc equal` says of our package and a converted one, by the name of the model or of the fault: compared while the next is
    converted."""
    folder = tmp_path_factory.mktemp("theirs")
    names = folder / "names.json"
    names.write_text(json.dumps(NAMES))

    def compared(name, package, code):
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
    gc.unfreeze()
    return {**right, **wrong}


@pytest.mark.parametrize("name", MODELS)
def test_our_layer_is_hugging_face_s(told, name):
    verdict = told[name].result()
    assert verdict["claim"] == "PROVEN (reals)"
    assert verdict["attacked"]["witness"]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_model_is_refuted(told, fault):
    assert told[fault].result()["claim"] == "REFUTED"
