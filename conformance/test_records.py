"""What a record can say and no architecture that we read does, against transformers' classes that have it: RoPE by
neighbours, RMSNorm of queries and keys over all heads at once, multipliers of residuals and of the embedding."""
import dataclasses
import json

import numpy as np
import pytest
import torch
import transformers
from safetensors.numpy import load_file
from transformers.models.olmo2.modeling_olmo2 import Olmo2Attention

import oracle_hf
import oracle_run
from make_checkpoint import randomise
from oracle_run import Setting
from test_oracle_hf import BLOCK, EXACT, new_call

SIZES = {
    "apart": dict(hidden_size=48, intermediate_size=40, num_attention_heads=6, num_key_value_heads=2, head_dim=8),
    "alike": dict(hidden_size=16, intermediate_size=16, num_attention_heads=4, num_key_value_heads=4, head_dim=4),
}
COMMON = dict(vocab_size=64, rms_norm_eps=1e-5, num_hidden_layers=2, max_position_embeddings=4096, bos_token_id=0,
              eos_token_id=0, pad_token_id=0, tie_word_embeddings=False)  # fmt: skip
MAX_SEQ, PAST, TOKENS, LAYERS = 64, 17, 8, (0, 1)
MULTIPLIERS = dict(embedding_multiplier=12.0, residual_multiplier=0.22, attention_multiplier=0.11)


def of(name, **more):
    """A class of transformers with its own configuration."""
    return lambda sizes: getattr(transformers, f"{name}ForCausalLM")(getattr(transformers, f"{name}Config")(**COMMON | sizes | more))


def whole_norms(sizes):
    """Llama's layer around OLMo 2's attention, which norms queries and keys over all heads; OLMo 2's own layer norms nothing
    before its blocks, which no record says."""
    model = of("Llama")(sizes)
    for i, layer in enumerate(model.model.layers):
        layer.self_attn = Olmo2Attention(model.config, i)
    return model


# Name: the model, and what its record says otherwise than Llama's.
MODELS = {
    "neighbours (Helium)": (of("Helium", rope_theta=10000.0), dict(ropePairs="neighbours")),
    "neighbours of some dims (GLM)": (
        of("Glm", rope_theta=10000.0, partial_rotary_factor=0.5, attention_bias=True),
        dict(ropePairs="neighbours", stored=dict(qkv="split", gateUp="fused"), biases=dict(qkv=True, output=False, mlp=False)),
    ),
    "whole norms (OLMo 2)": (whole_norms, dict(qkNorm="whole")),
    "multipliers (Granite)": (
        of("Granite", **MULTIPLIERS),
        dict(residualMultiplier=0.22, queryScale=0.11, embeddingMultiplier=12),
    ),
}  # fmt: skip
RECORD_FAULTS = {
    "halves_turned": ["neighbours (Helium)", "neighbours of some dims (GLM)"],
    "neighbours_turned": ["whole norms (OLMo 2)"],
    "head_norms_lost": ["whole norms (OLMo 2)"],
    "biases_lost": ["neighbours of some dims (GLM)"],
    "residual_multiplier_lost": ["multipliers (Granite)"],
    "scale_of_head_dim": ["multipliers (Granite)"],
}


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """The oracle's model, and the folder of its weights with a config.json of Llama's beside them."""
    built = {}

    def make(name, sizes="apart"):
        if (name, sizes) not in built:
            model = MODELS[name][0](SIZES[sizes])
            model.set_attn_implementation("eager")
            randomise(model, 0)
            folder = tmp_path_factory.mktemp("record") / "checkpoint"
            # Eight bits of a number, so that a small multiple of it is exact in fp16.
            model.bfloat16().save_pretrained(folder)
            ours = dict(model_type="llama", rope_theta=10000.0) | COMMON | SIZES[sizes]
            if "GLM" in name:  # Of what graphc reads Phi-3 alone turns a part of each head.
                ours |= dict(model_type="phi3", partial_rotary_factor=0.5)
            (folder / "config.json").write_text(json.dumps(ours))
            built[name, sizes] = (oracle_hf.prepared(model), folder)
        return built[name, sizes]

    return make


def embedding_of(script, folder, record, tmp_path):
    """Rows of the embedding as we feed them, [vocab, d]."""
    (tmp_path / "record.json").write_text(json.dumps(record))
    script("embedding-rows", folder, tmp_path / "record.json", tmp_path / "rows.safetensors")
    return load_file(tmp_path / "rows.safetensors")["x"][0, :, :, 0].T


def embedded_call(model, script, folder, record, tmp_path):
    """A call whose rows are those of tokens, and the rows that the model's embedding has for them."""
    tokens = np.random.default_rng(2).permutation(64)[:TOKENS]
    rows = embedding_of(script, folder, record, tmp_path)[tokens]
    with torch.no_grad():
        embedded = model.get_input_embeddings()(torch.from_numpy(tokens)).numpy()
    return dataclasses.replace(new_call(model, PAST, TOKENS), x=rows), embedded


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("name", MODELS)
def test_layers_of_a_record_are_hugging_face_s(name, sizes, made, script, tmp_path, measured):
    model, folder = made(name, sizes)
    record = MODELS[name][1]
    call, embedded = embedded_call(model, script, folder, record, tmp_path)
    theirs = oracle_hf.answer(model, LAYERS, call, embedded=embedded)
    setting = Setting(folder, LAYERS, MAX_SEQ, record=record)
    results = {}
    for tokens in (BLOCK, 1):
        results[tokens] = oracle_run.run_record(script, tmp_path / f"by {tokens}", setting, call, tokens)
        found = oracle_run.distances(setting, call, results[tokens], theirs)
        worst = max(found, key=found.get)
        measured(f"{name}, {sizes}, T={tokens}: relative L2 {found[worst]:.1e} at worst ({worst}), bound {EXACT:.0e}")
        assert found[worst] < EXACT, found
    assert np.array_equal(results[BLOCK][0], results[1][0])


@pytest.mark.parametrize("fault, name", [(fault, name) for fault, names in RECORD_FAULTS.items() for name in names])
def test_a_wrong_record_is_noticed(fault, name, made, script, tmp_path, measured):
    model, folder = made(name)
    record = MODELS[name][1]
    call, embedded = embedded_call(model, script, folder, record, tmp_path)
    theirs = oracle_hf.answer(model, LAYERS, call, embedded=embedded)
    setting = Setting(folder, LAYERS, MAX_SEQ, record=record)
    for tokens in (BLOCK, 1):
        wrong = oracle_run.run_record(script, tmp_path / f"by {tokens}", setting, call, tokens, fault)
        worst = max(oracle_run.distances(setting, call, wrong, theirs).values())
        measured(f"planted {fault}, {name}, T={tokens}: relative L2 {worst:.1e}, noticed above {EXACT:.0e}")
        assert worst > 1e-6


def test_rows_of_the_embedding_are_those_that_the_first_layer_sees(made, script, tmp_path):
    """With their multiplier, and to the bit; without it they are not."""
    model, folder = made("multipliers (Granite)")
    seen = []
    watch = model.model.layers[0].register_forward_pre_hook(lambda _module, given: seen.append(given[0]))
    with torch.no_grad():
        model(input_ids=torch.arange(64)[None])
    watch.remove()
    theirs = seen[0][0].numpy()
    assert np.array_equal(theirs.astype(np.float16), theirs), "products of eight bits and 12"
    assert np.array_equal(embedding_of(script, folder, dict(embeddingMultiplier=12), tmp_path), theirs)
    for wrong in (1, 11.99):
        assert not np.array_equal(embedding_of(script, folder, dict(embeddingMultiplier=wrong), tmp_path), theirs)
