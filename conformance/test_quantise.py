"""Packages that we write in int8 against coremltools' own quantiser on the same package in fp16: every code and every scale."""
import coremltools as ct
import coremltools.optimize.coreml as cto
import numpy as np
import pytest
from coremltools.libmilstoragepython import _BlobStorageReader as BlobReader
from load_package import WEIGHTS


def built(graphc, checkpoint, out, how):
    graphc("build", checkpoint, "--out", out, "--max-seq", 64, "--heads", 2, "--tokens", 4, "--quantize", how, "--ahead-of-evidence")
    return sorted(out.glob("**/*.mlpackage"))


def scaled_ints(package):
    """By the value that it is for: codes and scales of every constexpr_blockwise_shift_scale op, in order."""
    reader = BlobReader(f"{package}/{WEIGHTS}/weight.bin")
    function = ct.utils.load_spec(str(package)).mlProgram.functions["main"]
    found = []
    for op in function.block_specializations[function.opset].operations:
        if op.type == "constexpr_blockwise_shift_scale":
            data, scale = (op.inputs[key].arguments[0].value for key in ("data", "scale"))
            codes = np.asarray(reader.read_int8_data(data.blobFileValue.offset), dtype=np.int8)
            scales = np.asarray(reader.read_fp16_data(scale.blobFileValue.offset)).view(np.uint16)
            found.append((codes, scales))
    return found


@pytest.fixture(scope="module")
def packages(graphc, checkpoint_of, tmp_path_factory):
    checkpoint = checkpoint_of("small", "bf16")
    return {how: built(graphc, checkpoint, tmp_path_factory.mktemp(how), how) for how in ("none", "int8", "int8-coremltools")}


def test_codes_and_scales_are_those_of_coremltools(packages, tmp_path, measured):
    config = cto.OptimizationConfig(global_config=cto.OpLinearQuantizerConfig(mode="linear_symmetric"))
    matrices = elements = 0
    for n, (plain, ours) in enumerate(zip(packages["none"], packages["int8-coremltools"], strict=True)):
        path = tmp_path / f"{n}.mlpackage"
        cto.linear_quantize_weights(ct.models.MLModel(str(plain), skip_model_load=True), config).save(str(path))
        theirs, found = scaled_ints(path), scaled_ints(ours)
        assert len(found) == len(theirs) > 0
        for (codes, scales), (want_codes, want_scales) in zip(found, theirs, strict=True):
            assert np.array_equal(codes, want_codes) and np.array_equal(scales, want_scales)
            matrices, elements = matrices + 1, elements + len(codes)
    measured(f"int8-coremltools: {matrices} matrices, {elements} codes and their scales equal to linear_quantize_weights'")


def test_the_nearest_codes_are_no_further_off(packages, measured):
    """The bound shows something: the two arithmetics give different codes."""
    differ = total = 0
    for one, other in zip(packages["int8"], packages["int8-coremltools"], strict=True):
        for (codes, _), (theirs, _) in zip(scaled_ints(one), scaled_ints(other), strict=True):
            differ, total = differ + int((codes != theirs).sum()), total + len(codes)
    measured(f"int8: {differ / total:.2%} of the codes are others than with coremltools' arithmetic")
    assert differ > 0
