"""Weights that coremltools.optimize compressed: the numbers that our reader makes of them, and equal packages in proofs."""
import coremltools as ct
import coremltools.optimize as cto
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from coremltools.converters.mil import Builder as mb

RNG = np.random.default_rng(4)
ROWS = 64
WEIGHT = (RNG.normal(size=(ROWS, 32)) * 0.1).astype(np.float16)


def model(target, rows):
    """y = x · W: with the unit matrix for x every element of the weight is one of the output."""
    @mb.program(input_specs=[mb.TensorSpec(shape=(rows, ROWS), dtype=ct.converters.mil.mil.types.fp16)], opset_version=target)
    def program(x):
        return mb.matmul(x=x, y=WEIGHT, name="y")
    return ct.convert(program, minimum_deployment_target=target, compute_precision=ct.precision.FLOAT16, skip_model_load=True)


def palettized(**how):
    return lambda x: cto.coreml.palettize_weights(x, cto.coreml.OptimizationConfig(cto.coreml.OpPalettizerConfig(weight_threshold=0, **how)))


def pruned(x):
    return cto.coreml.prune_weights(x, cto.coreml.OptimizationConfig(cto.coreml.OpMagnitudePrunerConfig(target_sparsity=0.5, weight_threshold=0)))


def quantized(**how):
    return lambda x: cto.coreml.linear_quantize_weights(x, cto.coreml.OptimizationConfig(cto.coreml.OpLinearQuantizerConfig(weight_threshold=0, **how)))


def jointly(x):
    how = cto.coreml.OptimizationConfig(cto.coreml.OpLinearQuantizerConfig(mode="linear_symmetric", weight_threshold=0))
    return cto.coreml.linear_quantize_weights(pruned(x), how, joint_compression=True)


def jointly_palettized(x):
    how = cto.coreml.OptimizationConfig(cto.coreml.OpPalettizerConfig(mode="uniform", nbits=4, weight_threshold=0))
    return cto.coreml.palettize_weights(pruned(x), how, joint_compression=True)


OLD, NEW = ct.target.iOS16, ct.target.iOS18
GROUPS = {"mode": "uniform", "nbits": 4, "granularity": "per_grouped_channel", "group_size": 16}
CASES = {
    "old.lut1": (OLD, palettized(mode="uniform", nbits=1)),
    "old.lut4": (OLD, palettized(mode="uniform", nbits=4)),
    "old.lut6": (OLD, palettized(mode="uniform", nbits=6)),
    "old.lut8": (OLD, palettized(mode="uniform", nbits=8)),
    "old.int8": (OLD, quantized(mode="linear_symmetric")),
    "old.uint8": (OLD, quantized(mode="linear", dtype="uint8")),
    "old.sparse": (OLD, pruned),
    "lut3": (NEW, palettized(mode="uniform", nbits=3)),
    "lut4": (NEW, palettized(mode="uniform", nbits=4)),
    "lut4.groups": (NEW, palettized(**GROUPS)),
    "lut4.scaled": (NEW, palettized(**GROUPS, enable_per_channel_scale=True)),
    "int4.blocks": (NEW, quantized(mode="linear", dtype="int4", granularity="per_block", block_size=16)),
    "sparse": (NEW, pruned),
    "sparse.lut": (NEW, jointly_palettized),
    "sparse.int8": (NEW, jointly),
}


@pytest.fixture(scope="session")
def packages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compressed")

    def make(name, rows=ROWS):
        path = folder / f"{name}.{rows}.mlpackage"
        if not path.exists():
            target, compress = CASES[name]
            compress(model(target, rows)).save(path)
        return path
    return make


def stored(package):
    """The weight as coremltools decompresses it."""
    dense = cto.coreml.decompress_weights(ct.models.MLModel(str(package), skip_model_load=True))
    [product] = [op for op in dense._mil_program.functions["main"].operations if op.op_type in ("matmul", "linear")]
    return product.y.val if product.op_type == "matmul" else product.weight.val.T


@pytest.mark.parametrize("name", CASES)
def test_the_numbers_are_those_of_coremltools(graphc, packages, tmp_path, name):
    package, out = packages(name), tmp_path / "out.safetensors"
    assert "= constexpr_" in graphc("inspect", package), "coremltools compressed nothing"
    save_file({"x": np.eye(ROWS, dtype=np.float16)}, tmp_path / "in.safetensors")
    graphc("run", package, "--inputs", tmp_path / "in.safetensors", "--out", out)
    ours, theirs = load_file(out)["y"], stored(package).astype(np.float16)
    assert ours.shape == theirs.shape
    assert np.array_equal(ours, theirs), np.max(np.abs(ours.astype(float) - theirs))
    assert np.count_nonzero(ours) > ROWS


@pytest.mark.parametrize("name", ["old.lut4", "old.int8", "old.sparse", "lut4.scaled", "sparse.lut"])
def test_the_same_compressed_weight_is_one_weight_in_a_proof(graphc, packages, name):
    assert graphc("prove", packages(name, 4), packages(name, 1)).startswith("PROVEN (exact)")


def test_another_table_is_another_weight(graphc, packages):
    """The same indices, or the same rows of another length, prove nothing."""
    assert graphc("prove", packages("old.lut4", 4), packages("old.lut6", 1), code=1).startswith("REFUTED")
