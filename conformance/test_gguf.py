"""Our GGUF reader against the gguf package: files that it writes of random blocks of every type, and real weights."""
import hashlib
import json

import numpy as np
import pytest
import torch
import transformers
from gguf import GGMLQuantizationType as Type, GGUFReader, GGUFWriter, GGUFValueType, GGML_QUANT_SIZES, quants
from gguf import MODEL_ARCH, RopeScalingType, get_tensor_name_map
from safetensors.numpy import load_file
from transformers import LlamaConfig, LlamaForCausalLM, Phi3ForCausalLM
from transformers.modeling_gguf_pytorch_utils import load_gguf_checkpoint
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

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


def test_types_are_those_of_the_gguf_package(script):
    """Numbers, names and blocks; what is neither there nor retired is unknown."""
    ours = dict(enumerate(json.loads(script("gguf", "types"))))
    for kind in Type:
        name, *block = ours.pop(kind.value)
        if kind in TYPES:
            assert (name, *block) == (kind.name, *GGML_QUANT_SIZES[kind])
        else:
            assert (name, block) == (f"the type {kind.name}", [])
    retired = {id for id, (name,) in ours.items() if name.startswith(f"the retired type {id} (")}
    assert retired == {4, 5, 31, 32, 33, 36, 37, 38}
    assert all(name == f"the unknown type {id}" for id, (name,) in ours.items() if id not in retired)


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
             vocab_size=64, max_position_embeddings=512, rms_norm_eps=1e-6, tie_word_embeddings=False,
             bos_token_id=0, eos_token_id=0, pad_token_id=0)  # fmt: skip
BASE = dict(rope_theta=1e6)
# The scale of queries is not in the file, and so as llama.cpp has it.
GEMMA = dict(head_dim=32, query_pre_attn_scalar=32, sliding_window=12, tie_word_embeddings=True)
ROPE = {"full_attention": dict(rope_type="default", rope_theta=1e6), "sliding_attention": dict(rope_type="default", rope_theta=1e4)}
LINEAR = ROPE | {"full_attention": dict(rope_type="linear", factor=8.0, rope_theta=1e6)}
# Name: its architecture in the file, the class, what it adds to the sizes, and two layers that show all its kinds.
OTHERS = {
    "llama": ("llama", "Llama", BASE, 0),
    "llama, biases": ("llama", "Llama", BASE | dict(attention_bias=True, mlp_bias=True), 0),
    "qwen2": ("qwen2", "Qwen2", BASE, 0),
    "qwen3": ("qwen3", "Qwen3", BASE | dict(head_dim=32), 0),
    "smollm3": ("smollm3", "SmolLM3", BASE | dict(num_hidden_layers=4), 2),
    "gemma2": ("gemma2", "Gemma2", GEMMA | dict(attn_logit_softcapping=20.0, final_logit_softcapping=10.0), 0),
    "gemma3": ("gemma3", "Gemma3Text", GEMMA | dict(num_hidden_layers=6, rope_parameters=ROPE), 4),
    "gemma3, linear": ("gemma3", "Gemma3Text", GEMMA | dict(num_hidden_layers=6, rope_parameters=LINEAR), 4),
    "gemma3, no window": ("gemma3", "Gemma3Text", GEMMA | dict(rope_parameters=ROPE, layer_types=["full_attention"] * 2), 0),
    "gemma2, 27B": ("gemma2", "Gemma2", GEMMA | dict(num_hidden_layers=46, query_pre_attn_scalar=16), 0),
}
# What the converter of llama.cpp does to tensors, and the keys that it writes; without one of them the file is another model's.
FAULTS = {
    "rows left as they are": ["llama", "llama, biases", "smollm3"],
    "rows of biases left as they are": ["llama, biases"],
    "rows interleaved": ["qwen2", "qwen3", "gemma2", "gemma3"],
    "gains left as they are": ["gemma2", "gemma3"],
    "gains of heads left as they are": ["gemma3"],
    "norms changed over": ["gemma2", "gemma3"],
    "caps lost": ["gemma2"],
    "window lost": ["gemma2", "gemma3"],
    "scaling lost": ["gemma3, linear"],
    "theta lost": ["smollm3", "gemma3"],
}


def other_model(variant):
    """The class with random weights. Gains are numbers of bf16 and none is near 0, so that 1 + gain is exact in fp32."""
    _, name, more, _ = OTHERS[variant]
    torch.manual_seed(0)
    config = getattr(transformers, f"{name}Config")(**SIZES | more)
    model = getattr(transformers, {"Gemma3Text": "Gemma3ForCausalLM"}.get(name, f"{name}ForCausalLM"))(config).eval()
    for parameter_name, tensor in model.state_dict().items():
        if "norm" in parameter_name or "bias" in parameter_name:
            least = -0.5 if name.startswith("Gemma") else 0.5
            tensor.uniform_(least, least + 1)
            tensor.copy_(tensor.bfloat16())
            tensor[tensor.abs() < 2**-16] = 0
    return model


def interleaved(data, heads):
    """As the converter of llama permutes the rows of q and k."""
    return data.reshape(heads, 2, data.shape[0] // heads // 2, *data.shape[1:]).swapaxes(1, 2).reshape(data.shape)


def converted(architecture, name, data, c, fault):
    """A tensor as the converter writes it."""
    rows = {"q": c.num_attention_heads, "k": c.num_key_value_heads}
    which = next((which for which in rows if f".{which}_proj." in name), None)
    left = fault == "rows left as they are" or (fault == "rows of biases left as they are" and name.endswith("bias"))
    if which and (architecture in ("llama", "smollm3") and not left or fault == "rows interleaved"):
        return interleaved(data, rows[which])
    left = fault == "gains left as they are" or (fault == "gains of heads left as they are" and "self_attn" in name)
    if architecture.startswith("gemma") and name.endswith("norm.weight") and not left:
        return data + np.float32(1)
    return data


def write_keys(writer, architecture, c, fault):
    writer.add_context_length(c.max_position_embeddings)
    writer.add_embedding_length(c.hidden_size)
    writer.add_feed_forward_length(c.intermediate_size)
    writer.add_block_count(c.num_hidden_layers)
    writer.add_head_count(c.num_attention_heads)
    writer.add_head_count_kv(c.num_key_value_heads)
    writer.add_layer_norm_rms_eps(c.rms_norm_eps)
    rope = c.rope_parameters.get("full_attention", c.rope_parameters)
    # The converter of gemma2 writes no theta: it is 10000.
    if architecture != "gemma2" and fault != "theta lost":
        writer.add_rope_freq_base(rope["rope_theta"])
    if rope["rope_type"] == "linear" and fault != "scaling lost":
        writer.add_rope_scaling_type(RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(rope["factor"])
    if architecture == "qwen3" or architecture.startswith("gemma"):
        writer.add_key_length(c.head_dim)
        writer.add_value_length(c.head_dim)
    if architecture.startswith("gemma") and "sliding_attention" in c.layer_types and fault != "window lost":
        writer.add_sliding_window(c.sliding_window)
    if architecture == "gemma2" and fault != "caps lost":
        writer.add_attn_logit_softcapping(c.attn_logit_softcapping)
        writer.add_final_logit_softcapping(c.final_logit_softcapping)


def write_other(variant, folder, path, fault=None):
    """A model of transformers in a folder, and in a file as llama.cpp's converter lays it out."""
    architecture = OTHERS[variant][0]
    model = other_model(variant)
    model.save_pretrained(folder)
    writer = GGUFWriter(path, architecture)
    write_keys(writer, architecture, model.config, fault)
    names = get_tensor_name_map(MODEL_ARCH[architecture.upper()], model.config.num_hidden_layers)
    tensors = {n: t.numpy() for n, t in model.state_dict().items() if n != "lm_head.weight" or not model.config.tie_word_embeddings}
    other = {"post_attention_layernorm": "post_feedforward_layernorm", "post_feedforward_layernorm": "post_attention_layernorm"}
    for name, data in tensors.items():
        parts = name.split(".")
        if fault == "norms changed over" and parts[-2] in other:
            parts[-2] = other[parts[-2]]
        writer.add_tensor(names.get_name(".".join(parts), (".weight", ".bias")), converted(architecture, name, data, model.config, fault))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return {name: digests(data)["fp16"] for name, data in tensors.items()}


def package_files(graphc, source, layer, out):
    graphc("emit", source, "--layer", layer, "--layers", 2, "--ahead-of-evidence", "--max-seq", 32, "--out", out)
    return {p.relative_to(out): p.read_bytes() for p in out.rglob("*") if p.is_file()}


@pytest.mark.parametrize("variant", OTHERS)
def test_a_model_written_by_the_gguf_package(variant, graphc, script, tmp_path):
    """The tensors of a model of transformers under their GGUF names: its record, its tensors and its packages are those of
    its folder."""
    folder, path = tmp_path / "folder", tmp_path / "model.gguf"
    expected = write_other(variant, folder, path)
    ours, theirs = (json.loads(script("gguf", "checkpoint", source)) for source in (path, folder))
    assert ours["decoder"] == theirs["decoder"]
    assert ours["tensors"] == expected == {name: theirs["tensors"][name] for name in expected}
    files = [package_files(graphc, source, OTHERS[variant][3], tmp_path / out) for source, out in ((folder, "a"), (path, "b"))]
    assert files[0] == files[1]
    assert sum(p.name == "weight.bin" for p in files[0]) == 2


@pytest.mark.parametrize("fault, variant", [(fault, variant) for fault, variants in FAULTS.items() for variant in variants])
def test_a_file_of_another_layout_is_not_the_same(fault, variant, script, tmp_path):
    folder, path = tmp_path / "folder", tmp_path / "model.gguf"
    expected = write_other(variant, folder, path, fault)
    ours, theirs = (json.loads(script("gguf", "checkpoint", source)) for source in (path, folder))
    assert (ours["decoder"], ours["tensors"]) != (theirs["decoder"], expected)
    is_told = fault in ("caps lost", "window lost", "scaling lost", "theta lost")
    assert (ours["decoder"] != theirs["decoder"]) == is_told
    assert (ours["tensors"] != expected) != is_told


LLAMA3 = dict(rope_type="llama3", rope_theta=5e5, factor=32.0, low_freq_factor=1.0, high_freq_factor=4.0,
              original_max_position_embeddings=128)  # fmt: skip
YARN = dict(rope_type="yarn", rope_theta=1e6, factor=4.0, original_max_position_embeddings=128)


def llama3_divisors(rope, pairs):
    """As the converter of llama computes them: a turn longer than the original context over the low factor is divided whole."""
    divisors = []
    for j in range(pairs):
        wave = 2 * np.pi * rope["rope_theta"] ** (j / pairs)
        turns = rope["original_max_position_embeddings"] / wave
        share = (turns - rope["low_freq_factor"]) / (rope["high_freq_factor"] - rope["low_freq_factor"])
        share = min(max(share, 0), 1)
        divisors.append(1 / ((1 - share) / rope["factor"] + share))
    return np.array(divisors, dtype=np.float32)


@pytest.mark.parametrize("rope, architecture, name", [(LLAMA3, "llama", "Llama"), (YARN, "qwen2", "Qwen2")])
def test_scaled_frequencies_are_those_of_transformers(rope, architecture, name, script, tmp_path, measured):
    """Llama 3's as divisors, YaRN's as keys; without them, and with another factor, frequencies are others."""
    config = getattr(transformers, f"{name}Config")(**SIZES | dict(hidden_size=256, rope_parameters=rope))
    expected, factor = ROPE_INIT_FUNCTIONS[rope["rope_type"]](config, "cpu")

    def read(scaled, stretch=1.0):
        path = tmp_path / f"{scaled}{stretch}.gguf"
        writer = GGUFWriter(path, architecture)
        write_keys(writer, architecture, config, None)
        writer.add_tensor("token_embd.weight", np.zeros((64, 256), np.float32))
        changed = rope | dict(factor=rope["factor"] * stretch)
        if scaled and architecture == "llama":
            writer.add_tensor("rope_freqs.weight", llama3_divisors(changed, 32))
        elif scaled:
            writer.add_rope_scaling_type(RopeScalingType.YARN)
            writer.add_rope_scaling_factor(changed["factor"])
            writer.add_rope_scaling_orig_ctx_len(changed["original_max_position_embeddings"])
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        found = json.loads(script("gguf", "checkpoint", path))
        frequencies = np.array(found["inverseFrequencies"])
        return float(np.abs(frequencies / expected.double().numpy() - 1).max()), found["attentionFactor"]

    error, ours = read(True)
    assert error < 1e-6 < 0.1 < min(read(False)[0], read(True, 1.5)[0])
    assert ours == pytest.approx(factor, rel=1e-12)
    measured(f"{rope['rope_type']} of a GGUF: frequencies within {error:.0e} of transformers'")


def test_of_any_gain_2_to_the_minus_24_is_lost(script, tmp_path, measured):
    """What a converter adds in fp32 costs a gain half a unit of 1; the rest is its rounding to fp16."""
    gains = np.random.default_rng(3).uniform(-0.5, 0.9, 4096).astype(np.float32)
    back = (gains + np.float32(1)) - np.float32(1)
    assert 2**-26 < np.abs(back.astype(np.float64) - gains).max() <= 2**-24
    path = tmp_path / "gains.gguf"
    writer = GGUFWriter(path, "gemma3")
    config = transformers.Gemma3TextConfig(**SIZES | GEMMA)
    write_keys(writer, "gemma3", config, None)
    writer.add_tensor("token_embd.weight", np.zeros((64, 64), np.float32))
    writer.add_tensor("blk.0.ffn_norm.weight", gains + np.float32(1))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    found = json.loads(script("gguf", "checkpoint", path))["tensors"]
    assert found["model.layers.0.pre_feedforward_layernorm.weight"] == digests(back)["fp16"]
    measured(f"gains of Gemma: {np.abs(back.astype(np.float64) - gains).max():.1e} at worst from those of safetensors, before fp16")
