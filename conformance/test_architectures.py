"""Our layers of every architecture against transformers' own classes: rows and caches, token by token, for T = 4 and T = 1."""
import dataclasses

import numpy as np
import pytest

import oracle_hf
import oracle_run
from architectures import VARIANTS
from oracle_run import Setting
from test_oracle_hf import BLOCK, EXACT, NOISE, new_call

MAX_SEQ = 64
# Behind the window of every variant that has one, so that it shuts rows of the past and of the call itself.
PAST, TOKENS = 17, 8
SIZES = {"apart": [], "alike": ["--alike"]}


@pytest.fixture(scope="session")
def variant_of(checkpoint_of):
    """The oracle's model of a variant, with its checkpoint's folder."""
    loaded = {}

    def load(variant, sizes="apart"):
        if (variant, sizes) not in loaded:
            folder = checkpoint_of((variant, *SIZES[sizes]))
            loaded[variant, sizes] = (oracle_hf.load(folder), folder)
        return loaded[variant, sizes]

    return load


@pytest.fixture
def run(graphc, script, tmp_path):
    def call(setting, call, tokens, fault=None):
        return oracle_run.run(graphc, script, tmp_path / f"{len(call.positions)} by {tokens}", setting, call, tokens, fault)

    return call


@pytest.mark.parametrize("precision, bound", [("fp64", EXACT), ("fp16", NOISE)])
@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_layers_are_hugging_face_s(variant, sizes, precision, bound, variant_of, run, measured):
    model, folder = variant_of(variant, sizes)
    call = new_call(model, PAST, TOKENS)
    setting = Setting(folder, VARIANTS[variant][3], MAX_SEQ, precision)
    theirs = oracle_hf.answer(model, setting.layers, call)
    blocks = run(setting, call, BLOCK)
    found = oracle_run.distances(setting, call, blocks, theirs)
    worst = max(found, key=found.get)
    measured(f"{variant}, {sizes}, {precision}: relative L2 {found[worst]:.1e} at worst ({worst}), bound {bound:.0e}")
    assert found[worst] < bound, found
    first = dataclasses.replace(call, x=call.x[:BLOCK], positions=call.positions[:BLOCK])
    single = run(setting, first, 1)
    assert max(oracle_run.distances(setting, first, single, theirs).values()) < bound
    assert np.array_equal(blocks[0][:BLOCK], single[0])
    rows = [(state[0][:, first.positions], single[1][name][0][:, first.positions]) for name, state in blocks[1].items()]
    assert len(rows) == 2 * len(setting.layers)
    assert all(np.array_equal(one, other) for one, other in rows)


# --- planted faults -----------------------------------------------------------------------------------------------

# Mistakes of the record, and the variants in which each of them must show.
RECORD_FAULTS = {
    "gain_convention": ["llama", "qwen3", "gemma2", "gemma3"],
    "no_post_norms": ["gemma2", "gemma3"],
    "head_norms_lost": ["qwen3", "gemma3"],
    "biases_lost": ["llama, biases", "qwen2"],
    "other_activation": ["llama", "gemma2"],
    "gelu_exact": ["gemma2", "gemma3"],
    "neighbours_turned": ["llama", "gemma3"],
    "turned_nowhere": ["smollm3", "qwen2"],
    "scale_of_head_dim": ["gemma2", "gemma3"],
    "scale_lost": ["llama", "smollm3"],
    "cap_lost": ["gemma2"],
}

# Mistakes of the host, the same.
HOST_FAULTS = {
    "window_wider": ["phi3, a window", "mistral, a window", "qwen2, windows", "gemma2", "gemma3"],
    "window_narrower": ["phi3, a window", "mistral, a window", "qwen2, windows", "gemma2", "gemma3"],
    "unscaled": ["llama, llama3", "llama, linear", "llama, yarn", "qwen3, yarn", "gemma3, linear"],
    "no_attention_factor": ["llama, yarn"],
    "local_table_lost": ["gemma3"],
    "mask_too_wide": ["llama", "gemma3"],
    "rope_of_next_position": ["smollm3", "gemma2"],
}


def each(faults):
    return [(fault, variant) for fault, variants in faults.items() for variant in variants]


@pytest.mark.parametrize("fault, variant", each(RECORD_FAULTS))
def test_a_wrong_record_is_noticed(fault, variant, variant_of, script, tmp_path, measured):
    model, folder = variant_of(variant)
    call = new_call(model, PAST, BLOCK)
    setting = Setting(folder, VARIANTS[variant][3], MAX_SEQ)
    theirs = oracle_hf.answer(model, setting.layers, call)
    found = oracle_run.run_faults(script, tmp_path / "jobs", setting, call, ["right", fault])
    right, wrong = (max(oracle_run.distances(setting, call, found[name], theirs).values()) for name in ("right", fault))
    measured(f"planted {fault}, {variant}: relative L2 {wrong:.1e}, noticed above {EXACT:.0e}")
    assert right < EXACT < 1e-6 < wrong


# Mistakes of the layer's wiring, in layer 0 of each of these.
WIRING_FAULTS = ["head_group_by_modulo", "wrong_gqa_group", "kv_swapped", "gate_up_swapped", "residual_skipped"]


@pytest.mark.parametrize("variant", ["llama, biases", "mistral, a window", "qwen2", "qwen3", "smollm3", "gemma2", "gemma3"])
def test_wrong_wiring_is_noticed(variant, variant_of, script, tmp_path, measured):
    model, folder = variant_of(variant)
    call = new_call(model, PAST, BLOCK)
    setting = Setting(folder, (0,), MAX_SEQ)
    theirs = oracle_hf.answer(model, setting.layers, call)
    results = oracle_run.run_faults(script, tmp_path / "jobs", setting, call, ["none", *WIRING_FAULTS])
    found = {fault: max(oracle_run.distances(setting, call, ours, theirs).values()) for fault, ours in results.items()}
    least = min(WIRING_FAULTS, key=found.get)
    measured(f"planted wiring, {variant}: relative L2 {found[least]:.1e} at least ({least}), noticed above {EXACT:.0e}")
    assert found["none"] < EXACT < 1e-6 < found[least]


@pytest.mark.parametrize("fault, variant", each(HOST_FAULTS))
def test_a_wrong_host_is_noticed(fault, variant, variant_of, run, measured):
    model, folder = variant_of(variant)
    call = new_call(model, PAST, BLOCK)
    setting = Setting(folder, VARIANTS[variant][3], MAX_SEQ)
    theirs = oracle_hf.answer(model, setting.layers, call)
    wrong = max(oracle_run.distances(setting, call, run(setting, call, BLOCK, fault), theirs).values())
    measured(f"planted {fault}, {variant}: relative L2 {wrong:.1e}, noticed above 1e-6")
    assert wrong > 1e-6

