"""Our reader of MLX folders against MLX on the CPU: random words of every packing, and checkpoints that mlx-lm writes."""
import hashlib
import json

import mlx.core as mx
import numpy as np
import pytest
from mlx_lm.utils import dequantize_model, load_model, quantize_model, save_config, save_model
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

from make_checkpoint import randomise

mx.set_default_device(mx.cpu)

BITS = [1, 2, 3, 4, 5, 6, 8]
GROUPS = [32, 64, 128]
DTYPES = {"F32": mx.float32, "F16": mx.float16, "BF16": mx.bfloat16}
ROWS, COLUMNS = 37, 384


def digest(array):
    """Of an array's numbers, in its dtype."""
    bits = array.view(mx.uint32 if array.dtype == mx.float32 else mx.uint16)
    return hashlib.sha256(np.array(bits).tobytes()).hexdigest()


def random_numbers(draw, dtype):
    """Of many sizes: subnormal in fp16, and too large for it when a code is 255."""
    size = 10.0 ** draw.uniform(-7, 2.5, (ROWS, 1))
    return lambda shape: mx.array((draw.standard_normal(shape) * size).astype(np.float32)).astype(dtype)


@pytest.mark.parametrize("name", DTYPES)
def test_every_packing_has_the_bits_of_mlx(script, tmp_path, measured, name):
    draw = np.random.default_rng(7)
    tensors, config, expected = {}, {"group_size": 64, "bits": 4}, {}
    for bits in BITS:
        for size in GROUPS:
            path = f"model.layers.{bits}.g{size}"
            number = random_numbers(draw, DTYPES[name])
            packed = mx.array(draw.integers(0, 2**32, (ROWS, COLUMNS * bits // 32), dtype=np.uint32))
            scales, biases = number((ROWS, COLUMNS // size)), number((ROWS, COLUMNS // size))
            tensors |= {f"{path}.weight": packed, f"{path}.scales": scales, f"{path}.biases": biases}
            config[path] = {"group_size": size, "bits": bits, "mode": "affine"}
            numbers = mx.dequantize(packed, scales, biases, group_size=size, bits=bits)
            assert not mx.isnan(numbers).any()
            expected[f"{path}.weight"] = {"dtype": name, "shape": [ROWS, COLUMNS], "sha256": digest(numbers)}
    mx.save_safetensors(str(tmp_path / "model.safetensors"), tensors)
    (tmp_path / "config.json").write_text(json.dumps({"quantization": config}))
    ours = json.loads(script("quantised", tmp_path))["tensors"]
    assert ours == expected
    measured(f"MLX with scales in {name}: {len(expected)} packings of {ROWS * COLUMNS} elements equal bit for bit")


def packages(graphc, source, out):
    graphc("emit", source, "--layer", 1, "--max-seq", 32, "--out", out)
    return {path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()}


SIZES = dict(hidden_size=128, intermediate_size=192, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
             vocab_size=96, max_position_embeddings=512)  # fmt: skip
MODELS = {
    "llama, fp16": lambda: LlamaForCausalLM(LlamaConfig(**SIZES, tie_word_embeddings=False)).half(),
    "qwen2, fp32": lambda: Qwen2ForCausalLM(Qwen2Config(**SIZES, tie_word_embeddings=True)),
}


@pytest.fixture
def original(checkpoint_of, tmp_path):
    """The folder of an unquantised model: Phi-4-mini in bf16, or one of MODELS."""

    def make(name):
        if name not in MODELS:
            return checkpoint_of("small")
        model = MODELS[name]()
        randomise(model, 3)
        model.save_pretrained(tmp_path / "original")
        return tmp_path / "original"

    return make


RECIPES = {
    "4 bits": (64, 4, None),
    "3 bits": (32, 3, None),
    "mixed": (64, 8, lambda path, module: {"group_size": 32, "bits": 6} if "down_proj" in path else "o_proj" not in path),
}


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("model", ["phi3, bf16", *MODELS])
def test_a_folder_of_mlx_lm_gives_the_packages_of_its_dequantised_model(graphc, script, original, tmp_path, model, recipe):
    size, bits, predicate = RECIPES[recipe]
    loaded, config = load_model(original(model))
    quantised, said = quantize_model(loaded, config, size, bits, quant_predicate=predicate)
    save_model(tmp_path / "q", quantised)
    save_config(dict(said), tmp_path / "q" / "config.json")
    save_model(tmp_path / "plain", dequantize_model(quantised))
    plain = {key: value for key, value in said.items() if not key.startswith("quantization")}
    save_config(plain, tmp_path / "plain" / "config.json")
    ours = json.loads(script("quantised", tmp_path / "q"))
    weights = mx.load(str(tmp_path / "plain" / "model.safetensors"))
    assert "model.embed_tokens.weight" in ours["tensors"]
    assert {name: tensor["sha256"] for name, tensor in ours["tensors"].items()} == {
        name: digest(weights[name]) for name in ours["tensors"]
    }
    from_quantised = packages(graphc, tmp_path / "q", tmp_path / "a")
    assert from_quantised == packages(graphc, tmp_path / "plain", tmp_path / "b")
    assert sum(path.name == "weight.bin" for path in from_quantised) == 2


@pytest.mark.parametrize("model", ["phi3, bf16", *MODELS])
def test_a_folder_of_mlx_lm_that_is_not_quantised_gives_the_packages_of_its_original(graphc, original, tmp_path, model):
    folder = original(model)
    loaded, config = load_model(folder)
    save_model(tmp_path / "plain", loaded)
    save_config(dict(config), tmp_path / "plain" / "config.json")
    assert packages(graphc, tmp_path / "plain", tmp_path / "a") == packages(graphc, folder, tmp_path / "b")


@pytest.mark.parametrize("mode", ["mxfp4", "nvfp4", "mxfp8"])
def test_other_modes_are_refused_by_name(graphc, original, tmp_path, mode):
    loaded, config = load_model(original("phi3, bf16"))
    quantised, said = quantize_model(loaded, config, None, None, mode=mode)
    save_model(tmp_path / "q", quantised)
    save_config(dict(said), tmp_path / "q" / "config.json")
    error = json.loads(graphc("emit", tmp_path / "q", "--out", tmp_path / "out", "--json", code=2))["error"]
    assert f'"{mode}"' in error["message"] and "mlx_lm.convert" in error["mend"]
    assert not (tmp_path / "out").exists()
