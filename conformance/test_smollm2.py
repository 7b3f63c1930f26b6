"""All 30 layers of a trained model, out of a GGUF file, through our kernels: its logits and what it says, against transformers."""
import numpy as np
import pytest
import torch
from oracle_hf import Call, load
from oracle_llama import llama_of
from oracle_run import Setting, input_files, relative
from safetensors.numpy import load_file
from transformers import AutoTokenizer

PROMPT = (
    "The Apple Neural Engine is a processor for neural networks. It is fast because it does one thing only: "
    "it multiplies matrices, and it adds them. A language model is a"
)
PROMPT_TOKENS, NEW_TOKENS, MAX_SEQ = 32, 32, 64
BOUNDS = {"fp16": 2e-3, "fp64": 1e-6}


@pytest.fixture(scope="module")
def checkpoint(smollm2, tmp_path_factory):
    """The dequantised weights as transformers saves them, and the tokens of the prompt."""
    folder, file = tmp_path_factory.mktemp("smollm2-hf"), smollm2.rsplit("/", 1)
    model = llama_of(smollm2)
    model.save_pretrained(folder)
    ids = AutoTokenizer.from_pretrained(file[0], gguf_file=file[1])(PROMPT)["input_ids"]
    assert len(ids) >= PROMPT_TOKENS
    return folder, ids[:PROMPT_TOKENS]


@pytest.fixture(scope="module")
def spoken(checkpoint):
    """The model in float64 with the numbers that our packages hold, and what it says greedily after the prompt."""
    folder, prompt = checkpoint
    model = load(folder)
    with torch.no_grad():
        ids = model.generate(torch.tensor([prompt]), max_new_tokens=NEW_TOKENS, min_new_tokens=NEW_TOKENS, do_sample=False)[0]
        logits = model(ids[None]).logits[0].numpy()
    return model, ids.tolist(), logits


def our_logits(graphc, script, work, source, model, ids, tokens, precision):
    """The tokens in blocks of so many through our layers, then the model's own last norm and head in float64."""
    file, folder = source
    layers = tuple(range(model.config.num_hidden_layers))
    x = model.model.embed_tokens.weight.detach().numpy()[ids].astype(np.float16)
    empty = np.zeros((model.config.num_key_value_heads, 0, model.config.hidden_size // model.config.num_attention_heads))
    call = Call(x=x, past={i: (empty, empty) for i in layers}, positions=list(range(len(ids))))
    setting, state, hidden = Setting(folder, layers, MAX_SEQ, precision), None, []
    work.mkdir()
    for n, inputs in enumerate(input_files(script, work, setting, call, tokens)):
        out = work / f"state{n}.safetensors"
        graphc("run", file, "--layers", len(layers), "--tokens", tokens, "--max-seq", MAX_SEQ, "--precision", precision,
               "--inputs", inputs, "--out", out, *(["--state", state] if state else []))  # fmt: skip
        hidden.append(load_file(out)["hidden"][0, :, :, 0].T.astype(np.float64))
        state = out
    with torch.no_grad():
        return model.lm_head(model.model.norm(torch.from_numpy(np.concatenate(hidden)))).numpy()


@pytest.mark.parametrize("precision", BOUNDS)
def test_logits_and_greedy_tokens(graphc, script, smollm2, checkpoint, spoken, tmp_path, measured, precision):
    model, ids, theirs = spoken
    source = (smollm2, checkpoint[0])
    ours = our_logits(graphc, script, tmp_path / "one", source, model, ids, len(ids), precision)
    distance = relative(ours[:PROMPT_TOKENS], theirs[:PROMPT_TOKENS])
    measured(f"SmolLM2-135M, 30 layers, {precision}: logits of {PROMPT_TOKENS} tokens off by {distance:.1e} relative L2, bound {BOUNDS[precision]:.0e}")
    assert distance < BOUNDS[precision]
    # Each of the new tokens is the one that ours says after those before it: so ours says the same ones.
    said = ours[PROMPT_TOKENS - 1 : -1].argmax(axis=1).tolist()
    assert said == ids[PROMPT_TOKENS:]
    measured(f"SmolLM2-135M, {precision}: {NEW_TOKENS} greedy tokens after the prompt equal to those of transformers")


def test_a_wrong_order_of_rows_is_noticed(graphc, script, smollm2, checkpoint, spoken, tmp_path, measured):
    """Planted: the layers of the second token's row for the first, so that a bound that nothing fails would show."""
    model, ids, theirs = spoken
    swapped = [ids[1], ids[0], *ids[2:]]
    ours = our_logits(graphc, script, tmp_path / "one", (smollm2, checkpoint[0]), model, swapped, len(ids), "fp16")
    distance = relative(ours[2:PROMPT_TOKENS], theirs[2:PROMPT_TOKENS])
    measured(f"SmolLM2-135M, planted: two tokens of the prompt swapped, {distance:.1e} relative L2")
    assert distance > 10 * BOUNDS["fp16"]


def test_blocks_of_four_equal_single_tokens(graphc, smollm2):
    said = graphc("parity", smollm2, "--layers", 30, "--tokens", 4, "--max-seq", 32)
    assert "EQUAL: every bit of every token and state" in said.replace("\n", " ").replace("    ", "")
