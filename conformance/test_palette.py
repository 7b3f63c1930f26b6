"""Packages that we write with tables of 16 and 64 numbers: coremltools loads and unpacks them, and its own palettiser costs no less."""
import coremltools as ct
import coremltools.optimize.coreml as cto
import numpy as np
import pytest
from coremltools.optimize.coreml import _quantization_passes as passes
from coremltools.converters.mil.frontend.milproto import load as milproto
from load_package import WEIGHTS


def built(graphc, checkpoint, out, how):
    graphc("build", checkpoint, "--out", out, "--max-seq", 64, "--heads", 2, "--tokens", 4, "--quantize", how, "--ahead-of-evidence")
    return sorted(out.glob("**/*.mlpackage"))


def loaded(package):
    spec = ct.utils.load_spec(str(package))
    return milproto.load(spec, spec.specificationVersion, f"{package}/{WEIGHTS}").functions["main"]


def convolved(package):
    """Of every convolution, in order: what its weight is made by, and the weight that coremltools makes of it."""
    ops = [op for op in loaded(package).operations if op.op_type == "conv"]
    return [(op.weight.op.op_type, np.asarray(op.weight.op.materialized_val_inference() if op.weight.op.op_type.startswith("constexpr") else op.weight.val)) for op in ops]


def squares(weight, other):
    return float(((weight.astype(np.float64) - other.astype(np.float64)) ** 2).sum())


@pytest.mark.parametrize("bits", [4, 6])
def test_no_table_of_coremltools_costs_less(graphc, checkpoint_of, tmp_path, measured, monkeypatch, bits):
    # It solves k-means of 10,000 elements and more by kmeans1d, and searches for fewer by scikit-learn: here all are solved.
    solved = passes._get_kmeans_lookup_table_and_weight
    monkeypatch.setattr(passes, "_get_kmeans_lookup_table_and_weight", lambda bits, weight, **others: solved(bits, weight, **others | {"force_kmeans1d": True}))
    checkpoint = checkpoint_of("small", "bf16")
    plain, ours = (built(graphc, checkpoint, tmp_path / how, how) for how in ("none", f"lut{bits}"))
    config = cto.OpPalettizerConfig(mode="kmeans", nbits=bits, granularity="per_grouped_channel", group_size=32, weight_threshold=2048)
    total, matrices = np.zeros(2), 0
    for n, (fp16, palettised) in enumerate(zip(plain, ours, strict=True)):
        path = tmp_path / f"{n}.mlpackage"
        model = ct.models.MLModel(str(fp16), skip_model_load=True)
        cto.palettize_weights(model, cto.OptimizationConfig(global_config=config)).save(str(path))
        for (_, weight), (kind, own), (theirs_kind, theirs) in zip(*map(convolved, (fp16, palettised, path)), strict=True):
            if theirs_kind != "constexpr_lut_to_dense":
                continue
            assert kind == theirs_kind and own.dtype == np.float16
            cost, their_cost = squares(weight, own), squares(weight, theirs)
            assert cost <= their_cost * (1 + 1e-9)
            total, matrices = total + (cost, their_cost), matrices + 1
    assert matrices > 0
    measured(f"lut{bits}: {matrices} matrices, the sum of squares is {total[0] / total[1]:.4f} of coremltools'")
