"""Our reader of FP8 checkpoints against torch's float8 types: every code, every layout of scales, and a whole model."""
import hashlib
import json

import pytest
import torch
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM
from transformers.integrations.finegrained_fp8 import Fp8Dequantize

from make_checkpoint import randomise

FP8 = {"F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2}
SCALES = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
ROWS, COLUMNS = 300, 272
BLOCK = (128, 128)


def digest(numbers):
    """Of fp32 numbers, every NaN the same one."""
    bits = numbers.view(torch.int32).clone()
    bits[torch.isnan(numbers)] = 0x7FC00000
    return hashlib.sha256(bits.numpy().tobytes()).hexdigest()


def spread(scale, block):
    """A scale for each element: those at the edges hold for what there is of a block."""
    return scale.repeat_interleave(block[0], 0).repeat_interleave(block[1], 1)[:ROWS, :COLUMNS]


def random_scale(shape, dtype):
    return (torch.randn(shape) * 10.0 ** torch.empty(shape).uniform_(-6, 3)).to(dtype)


# Each gives the stored scale and that of every element; the name of the tensor and what config.json says of it.
LAYOUTS = {
    "blocks": ("_scale_inv", {"quant_method": "fp8", "weight_block_size": list(BLOCK)}, (3, 3), BLOCK),
    "long blocks": ("_scale_inv", {"quant_method": "fp8", "weight_block_size": [32, 272]}, (10, 1), (32, 272)),
    "rows": ("_scale", {"quant_method": "fbgemm_fp8"}, (ROWS, 1), (1, COLUMNS)),
    "rows in a line": ("_scale", None, (ROWS,), (1, COLUMNS)),
    "tensor": ("_scale", {"quant_method": "fp8", "activation_scheme": "static"}, (1,), (ROWS, COLUMNS)),
    "a number": ("_scale_inv", None, (), (ROWS, COLUMNS)),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_code_and_layout_has_the_bits_of_torch(script, tmp_path, measured, layout):
    torch.manual_seed(11)
    end, said, shape, block = LAYOUTS[layout]
    codes = torch.randint(0, 256, (ROWS, COLUMNS), dtype=torch.uint8)
    codes[: 3, :256] = torch.arange(256, dtype=torch.uint8)
    tensors, expected = {}, {}
    for fp8, dtype in FP8.items():
        for stored, scale_dtype in SCALES.items():
            name = f"{fp8}.{stored}.weight"
            scale = random_scale(shape, scale_dtype)
            tensors |= {name: codes.clone().view(dtype), name + end: scale}
            matrix = scale.float().reshape(shape if len(shape) == 2 else (-1, 1))
            numbers = codes.view(dtype).float() * spread(matrix, block)
            expected[name] = {"dtype": "F32", "shape": [ROWS, COLUMNS], "sha256": digest(numbers)}
    save_file(tensors, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps({} if said is None else {"quantization_config": said}))
    ours = json.loads(script("quantised", tmp_path))
    assert ours["tensors"] == expected
    measured(f"{ours['what']}: {len(expected)} tensors of {ROWS * COLUMNS} elements equal to torch bit for bit")


def test_blocks_are_those_of_transformers(script, tmp_path):
    torch.manual_seed(12)
    weight = torch.randint(0, 0x7F, (256, 384), dtype=torch.uint8).view(torch.float8_e4m3fn)
    scale = random_scale((2, 3), torch.float32)
    save_file({"w.weight": weight, "w.weight_scale_inv": scale}, tmp_path / "model.safetensors")
    said = {"quant_method": "fp8", "weight_block_size": [128, 128]}
    (tmp_path / "config.json").write_text(json.dumps({"quantization_config": said}))
    theirs = Fp8Dequantize(None)._dequantize_one(weight, scale, torch.float32)
    assert theirs.dtype == torch.float32
    assert json.loads(script("quantised", tmp_path))["tensors"]["w.weight"]["sha256"] == digest(theirs)


SIZES = dict(hidden_size=160, intermediate_size=200, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
             vocab_size=96, max_position_embeddings=512)  # fmt: skip


def in_blocks(weight, block=BLOCK):
    """FP8 codes and a scale for each block, and the numbers that they stand for, computed block by block."""
    grid = [range(0, n, size) for n, size in zip(weight.shape, block)]
    scale = torch.empty([len(side) for side in grid])
    codes, numbers = weight.to(torch.float8_e4m3fn), weight.clone()
    for i, top in enumerate(grid[0]):
        for j, left in enumerate(grid[1]):
            part = (slice(top, top + block[0]), slice(left, left + block[1]))
            scale[i, j] = weight[part].abs().max() / 448
            codes[part] = (weight[part] / scale[i, j]).to(torch.float8_e4m3fn)
            numbers[part] = codes[part].float() * scale[i, j]
    return codes, scale, numbers


def in_rows(weight):
    scale = weight.abs().amax(1, keepdim=True) / 448
    codes = (weight / scale).to(torch.float8_e4m3fn)
    return codes, scale, codes.float() * scale


COMPRESSED = {
    "quant_method": "compressed-tensors", "format": "float-quantized", "quantization_status": "compressed",
    "ignore": ["lm_head"], "kv_cache_scheme": None,
    "config_groups": {"group_0": {
        "targets": ["Linear"], "output_activations": None,
        "input_activations": {"num_bits": 8, "type": "float", "dynamic": True, "strategy": "token", "symmetric": True},
        "weights": {"num_bits": 8, "type": "float", "dynamic": False, "strategy": "channel", "symmetric": True},
    }},
}  # fmt: skip
WAYS = {
    "blocks": (in_blocks, "_scale_inv", {"quant_method": "fp8", "weight_block_size": list(BLOCK), "activation_scheme": "dynamic"}),
    "rows": (in_rows, "_scale", COMPRESSED),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_model_gives_the_packages_of_its_dequantised_weights(graphc, tmp_path, way):
    quantise, end, said = WAYS[way]
    model = LlamaForCausalLM(LlamaConfig(**SIZES, tie_word_embeddings=False))
    randomise(model, 5)
    model.save_pretrained(tmp_path / "plain")
    config = json.loads((tmp_path / "plain" / "config.json").read_text())
    stored, plain = {}, {}
    for name, tensor in model.state_dict().items():
        if "_proj" not in name:
            stored[name] = plain[name] = tensor
            continue
        codes, scale, plain[name] = quantise(tensor)
        stored |= {name: codes, name + end: scale, name.replace("weight", "input_scale"): torch.ones(1)}
    save_file(plain, tmp_path / "plain" / "model.safetensors")
    (tmp_path / "fp8").mkdir()
    save_file(stored, tmp_path / "fp8" / "model.safetensors")
    (tmp_path / "fp8" / "config.json").write_text(json.dumps(config | {"quantization_config": said}))
    card = json.loads(graphc("check", tmp_path / "fp8", "--max-seq", 32, "--json", code=1))[0]["checkpoint"]
    assert card["checkpoint"].startswith("Hugging Face folder, FP8 ")
    assert card["not needed"].startswith("14 tensors (input_scale)")
    files = {}
    for source in ("plain", "fp8"):
        out = tmp_path / f"{source}.out"
        graphc("emit", tmp_path / source, "--layer", 1, "--max-seq", 32, "--out", out)
        files[source] = {path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert files["fp8"] == files["plain"]
    assert sum(path.name == "weight.bin" for path in files["fp8"]) == 2
