"""Our GGUF reader against the gguf package: files that it writes of random blocks of every type, and real weights."""
import hashlib
import json

import numpy as np
import pytest
import torch
from gguf import GGMLQuantizationType as Type, GGUFReader, GGUFWriter, GGUFValueType, GGML_QUANT_SIZES, quants
from gguf import MODEL_ARCH, get_tensor_name_map
from safetensors.numpy import load_file
from transformers import LlamaConfig, LlamaForCausalLM, Phi3ForCausalLM, Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM
from transformers.modeling_gguf_pytorch_utils import load_gguf_checkpoint

TYPES = [
    Type.F32, Type.F16, Type.BF16, Type.Q8_0, Type.Q4_0, Type.Q4_1, Type.Q5_0, Type.Q5_1,
    Type.Q2_K, Type.Q3_K, Type.Q4_K, Type.Q5_K, Type.Q6_K,
]  # fmt: skip
# Where a block holds fp16 numbers; of the others every bit pattern is a value.
HALVES = {
    "Q8_0": [0], "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q2_K": [80, 82], "Q3_K": [108],
    "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208],
}  # fmt: skip


def random_rows(draw, kind, rows, blocks):
    """Stored rows of random bits, whose fp16 numbers are finite and small enough for fp16 to hold every element."""
    elements, size = GGML_QUANT_SIZES[kind]
    if kind in (Type.F32, Type.F16, Type.BF16):
        numbers = (draw.standard_normal((rows, blocks * 256)) * 10.0 ** draw.integers(-6, 4, (rows, 1))).astype(np.float32)
        return numbers if kind == Type.F32 else quants.quantize(numbers, kind)
    raw = draw.integers(0, 256, (rows, blocks, size), dtype=np.uint8)
    for at in HALVES[kind.name]:
        scale = (draw.standard_normal((rows, blocks, 1)) * 10.0 ** draw.integers(-6, 0, (rows, blocks, 1))).astype(np.float16)
        raw[:, :, at : at + 2] = scale.view(np.uint8)
    return raw.reshape(rows, blocks * size)


def digests(fp32):
    return {
        "fp32": hashlib.sha256(np.ascontiguousarray(fp32, dtype=np.float32).tobytes()).hexdigest(),
        "fp16": hashlib.sha256(fp32.astype(np.float16).tobytes()).hexdigest(),
    }


def as_read(found):
    """A file through both readers: what ours says, and what it ought to."""
    theirs = {}
    for tensor in found.tensors:
        fp32 = quants.dequantize(tensor.data, tensor.tensor_type)
        sums = digests(fp32)
        if tensor.tensor_type in (Type.F16, Type.BF16):
            del sums["fp32"]
        theirs[tensor.name] = {
            "shape": [int(n) for n in reversed(tensor.shape)], "encoding": tensor.tensor_type.name, **sums,
        }  # fmt: skip
    return theirs


@pytest.mark.parametrize("alignment", [32, 8, 4096])
def test_random_blocks_of_every_type(script, tmp_path, alignment):
    draw = np.random.default_rng(alignment)
    path = tmp_path / "random.gguf"
    writer = GGUFWriter(path, "phi3")
    writer.add_custom_alignment(alignment)
    writer.add_block_count(3)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_key_value("int64", -(2**40), GGUFValueType.INT64)
    writer.add_key_value("truth", True, GGUFValueType.BOOL)
    writer.add_key_value("text", "größer ≥ 1\n", GGUFValueType.STRING)
    writer.add_array("list", ["a", "", "b"])
    writer.add_array("numbers", [1.5, 2.5])
    for kind in TYPES:
        for n, (rows, blocks) in enumerate([(1, 1), (3, 2), (37, 5)]):
            rows_of = random_rows(draw, kind, rows, blocks)
            writer.add_tensor(f"{kind.name}.{n}", rows_of, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    ours = json.loads(script("gguf", "file", path))
    assert ours["tensors"] == as_read(GGUFReader(path))
    metadata = ours["metadata"]
    assert (metadata["int64"], metadata["truth"], metadata["text"]) == (-(2**40), True, "größer ≥ 1\n")
    assert metadata["phi3.block_count"] == 3
    assert metadata["phi3.attention.layer_norm_rms_epsilon"] == float(np.float32(1e-5))


def test_every_tensor_of_real_weights(script, smollm2, measured):
    ours = json.loads(script("gguf", "file", smollm2))
    theirs = as_read(GGUFReader(smollm2))
    assert ours["tensors"] == theirs
    measured(f"SmolLM2-135M-Instruct: {len(theirs)} tensors, fp32 and fp16 equal bit for bit")


def test_real_weights_are_those_that_transformers_reads(script, smollm2, measured):
    """Names, and the order of the rows of q and k, which the converter of llama turns."""
    ours = json.loads(script("gguf", "checkpoint", smollm2))
    config = {**load_gguf_checkpoint(smollm2)["config"], "tie_word_embeddings": True}
    with torch.device("meta"):
        model = LlamaForCausalLM(LlamaConfig(**{k: v for k, v in config.items() if k != "_model_name_or_path"}))
    theirs = load_gguf_checkpoint(smollm2, return_tensors=True, model_to_load=model)["tensors"]
    names = {"hidden_size", "num_attention_heads", "num_key_value_heads", "intermediate_size", "num_hidden_layers",
             "vocab_size", "max_position_embeddings", "model_type"}  # fmt: skip
    assert {name: ours["config"][name] for name in names} == {name: config[name] for name in names}
    assert ours["config"]["rms_norm_eps"] == 1e-5
    assert ours["config"]["rope_theta"] == config["rope_theta"] == 100000
    expected = {name: digests(tensor.numpy())["fp16"] for name, tensor in theirs.items() if name != "lm_head.weight"}
    assert ours["tensors"] == expected
    measured(f"SmolLM2-135M-Instruct as a checkpoint: {len(expected)} tensors equal to those of transformers in fp16")


KINDS = {"f32": Type.F32, "bf16": Type.BF16, "q8_0": Type.Q8_0}


def gguf_of(folder, path, kind):
    """A phi3 checkpoint of transformers as the gguf package writes it, the keys those of llama.cpp's converter."""
    model = Phi3ForCausalLM.from_pretrained(folder, dtype=torch.float32)
    c = model.config
    rope = c.rope_parameters
    heads, rotary = c.num_attention_heads, int(c.hidden_size // c.num_attention_heads * 0.75)
    writer = GGUFWriter(path, "phi3")
    writer.add_context_length(c.max_position_embeddings)
    writer.add_rope_scaling_orig_ctx_len(4096)
    writer.add_embedding_length(c.hidden_size)
    writer.add_feed_forward_length(c.intermediate_size)
    writer.add_block_count(c.num_hidden_layers)
    writer.add_head_count(heads)
    writer.add_head_count_kv(c.num_key_value_heads)
    writer.add_layer_norm_rms_eps(c.rms_norm_eps)
    writer.add_rope_dimension_count(rotary)
    writer.add_rope_freq_base(rope["rope_theta"])
    writer.add_sliding_window(c.sliding_window)
    stretch = c.max_position_embeddings / 4096
    writer.add_rope_scaling_attn_factors(float(np.sqrt(1 + np.log(stretch) / np.log(4096))))
    for which in ("short", "long"):
        factors = np.array(rope[f"{which}_factor"], dtype=np.float32)
        writer.add_tensor(f"rope_factors_{which}.weight", factors, raw_dtype=Type.F32)
    names = get_tensor_name_map(MODEL_ARCH.PHI3, c.num_hidden_layers)
    numbers = {}
    for name, tensor in model.state_dict().items():
        if name == "lm_head.weight":
            continue
        data = tensor.numpy()
        stored = Type.F32 if data.ndim == 1 else KINDS[kind]
        raw = quants.quantize(data, stored)
        numbers[name] = quants.dequantize(raw, stored)
        writer.add_tensor(names.get_name(name, (".weight",)), raw, raw_dtype=stored)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return numbers


@pytest.mark.parametrize("kind", KINDS)
def test_a_phi3_checkpoint_written_by_the_gguf_package(script, checkpoint_of, tmp_path, kind):
    folder, path = checkpoint_of("small", "bf16"), tmp_path / "phi3.gguf"
    numbers = gguf_of(folder, path, kind)
    ours = json.loads(script("gguf", "checkpoint", path))
    assert ours["tensors"] == {name: digests(data)["fp16"] for name, data in numbers.items()}
    config = json.loads((folder / "config.json").read_text())
    for name in ("hidden_size", "num_attention_heads", "num_key_value_heads", "intermediate_size", "rms_norm_eps",
                 "num_hidden_layers", "vocab_size", "max_position_embeddings", "sliding_window", "model_type",
                 "tie_word_embeddings", "hidden_act"):  # fmt: skip
        assert ours["config"][name] == config[name], name
    assert ours["config"]["partial_rotary_factor"] == 0.75
    assert ours["config"]["rope_theta"] == 10000


def test_a_phi3_gguf_has_the_rope_tables_of_its_checkpoint(graphc, checkpoint_of, tmp_path):
    """Both lists of LongRoPE's, and which of them is assumed, on both sides of the original length."""
    folder, path = checkpoint_of("small", "bf16"), tmp_path / "phi3.gguf"
    gguf_of(folder, path, "bf16")
    for max_seq, assumed in (4096, "short"), (4097, "long"):
        records = []
        for n, operand in enumerate((folder, path)):
            out = tmp_path / f"{max_seq}.{n}"
            graphc("emit", operand, "--no-prove", "--max-seq", max_seq, "--tokens", 1, "--out", out, code=0)
            [record] = out.glob("*.rope.json")
            records.append((json.loads(record.read_text()), load_file(out / record.name.replace(".json", ".safetensors"))))
        (theirs, there), (ours, here) = records
        assert ours.pop("data")["file"] == theirs.pop("data")["file"]
        assert ours == theirs and ours["assumed"] == assumed
        # The factors are floats there, which moves an angle by 2^-24 of itself: no more than a place in fp16.
        assert here.keys() == there.keys()
        assert all(np.abs(here[name].astype(float) - there[name].astype(float)).max() <= 2**-10 for name in here)


SIZES = dict(hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
             vocab_size=64, max_position_embeddings=512, rms_norm_eps=1e-6, rope_theta=1e6, tie_word_embeddings=False)  # fmt: skip
OTHERS = {
    "qwen2": lambda: Qwen2ForCausalLM(Qwen2Config(**SIZES)),
    "qwen3": lambda: Qwen3ForCausalLM(Qwen3Config(**SIZES, head_dim=32)),
}


@pytest.mark.parametrize("architecture", OTHERS)
def test_qwen_written_by_the_gguf_package(graphc, script, tmp_path, architecture):
    """The tensors of a model of transformers under their GGUF names; what comes of it is what comes of its folder."""
    torch.manual_seed(0)
    model = OTHERS[architecture]().eval()
    for name, tensor in model.state_dict().items():
        if "norm" in name or "bias" in name:
            tensor.uniform_(0.5, 1.5)
    folder, path = tmp_path / "folder", tmp_path / "model.gguf"
    model.save_pretrained(folder)
    c = model.config
    writer = GGUFWriter(path, architecture)
    writer.add_context_length(c.max_position_embeddings)
    writer.add_embedding_length(c.hidden_size)
    writer.add_feed_forward_length(c.intermediate_size)
    writer.add_block_count(c.num_hidden_layers)
    writer.add_head_count(c.num_attention_heads)
    writer.add_head_count_kv(c.num_key_value_heads)
    writer.add_layer_norm_rms_eps(c.rms_norm_eps)
    writer.add_rope_freq_base(SIZES["rope_theta"])
    if architecture == "qwen3":
        writer.add_key_length(32)
        writer.add_value_length(32)
    names = get_tensor_name_map(MODEL_ARCH[architecture.upper()], c.num_hidden_layers)
    for name, tensor in model.state_dict().items():
        writer.add_tensor(names.get_name(name, (".weight", ".bias")), tensor.numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    expected = {name: digests(tensor.numpy())["fp16"] for name, tensor in model.state_dict().items()}
    assert json.loads(script("gguf", "checkpoint", path))["tensors"] == expected
    for source, out in ((folder, "a"), (path, "b")):
        graphc("emit", source, "--layer", 1, "--max-seq", 32, "--out", tmp_path / out)
    files = {out: {p.relative_to(tmp_path / out): p.read_bytes() for p in (tmp_path / out).rglob("*") if p.is_file()} for out in "ab"}
    assert files["a"] == files["b"]
    assert sum(p.name == "weight.bin" for p in files["a"]) == 2
