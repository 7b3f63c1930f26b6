"""The meaning of each op against coremltools' own numpy semantics, or torch's where coremltools has none."""
import base64
import collections
import json
import pathlib

import coremltools as ct
import numpy as np
import pytest
import few_ops
import torch
from coremltools.converters.mil.mil import Builder as mb
from coremltools.converters.mil.mil import Function, types

NUMPY = {
    "fp16": np.float16, "fp32": np.float32, "int32": np.int32, "int16": np.int16, "uint16": np.uint16,
    "int8": np.int8, "uint8": np.uint8, "bool": np.bool_,
    "int4": types.np_int4_dtype, "uint4": types.np_uint4_dtype, "uint1": types.np_uint1_dtype,
    "uint2": types.np_uint2_dtype, "uint3": types.np_uint3_dtype, "uint6": types.np_uint6_dtype,
}

# Ops that choose, move or compare elements, and IEEE operations that are rounded correctly by both: equal bits (NaN is NaN).
EXACT = set("""abs cast clip concat equal expand_dims gather gather_along_axis greater greater_equal identity less less_equal
    logical_and logical_not logical_or logical_xor maximum minimum not_equal reduce_max reduce_min reshape scatter_along_axis select
    slice_by_index slice_by_size slice_update split squeeze stack tile transpose add sub mul square
    relu relu6 thresholded_relu floor ceil round sign floor_div reduce_argmax reduce_argmin pad reverse sliding_windows band_part fill
    range_1d gather_nd topk argsort one_hot fill_like flatten2d threshold clamped_relu prelu max_pool crop reverse_sequence
    depth_to_space space_to_depth pixel_shuffle pixel_unshuffle space_to_batch batch_to_space upsample_nearest_neighbor
    resize_nearest_neighbor quantize dequantize""".split())


# Ops that sum: numpy adds fp16 in fp16 and in another order.
SUMS = set("""conv linear matmul scaled_dot_product_attention reduce_sum reduce_mean reduce_sum_square reduce_l1_norm reduce_l2_norm
    reduce_log_sum reduce_log_sum_exp reduce_prod softmax layer_norm l2_norm scatter gelu batch_norm instance_norm einsum cumsum mod
    elu softplus sigmoid_hard linear_activation softplus_parametric scatter_nd avg_pool l2_pool conv_transpose local_response_norm
    upsample_bilinear resize_bilinear resize""".split())


def array(plain):
    data = np.frombuffer(base64.b64decode(plain["data"]), dtype=np.float64).reshape(plain["shape"])
    return data.astype(np.int64).astype(NUMPY[plain["dtype"]]) if plain["dtype"] not in ("fp16", "fp32") else data.astype(NUMPY[plain["dtype"]])


@pytest.fixture(scope="session")
def cases(script, tmp_path_factory):
    path = tmp_path_factory.mktemp("semantics") / "cases.jsonl"
    script("export-semantics", path)
    by_op = collections.defaultdict(list)
    for line in path.read_text().splitlines():
        case = json.loads(line)
        by_op[case["op"]].append(case)
    return by_op


def parameters(case):
    """Operands as numpy arrays and attributes in the spelling of coremltools' builder."""
    operands = {k: [array(x) for x in v] if isinstance(v, list) else array(v) for k, v in case["operands"].items()}
    attrs = {k: np.array(v, dtype=np.int32) if isinstance(v, list) and v and not isinstance(v[0], bool) else v for k, v in case["attrs"].items()}
    if attrs.get("return_indices") is False:
        del attrs["output_indices_dtype"]  # May not be named then.
    if case["op"] in ("quantize", "dequantize") and operands["scale"].ndim == 0:
        del attrs["axis"]  # Stands for none.
    model = next(x for x in operands.values() if not isinstance(x, list)) if case["op"] not in ("concat", "stack", "einsum") else None
    for name in ("epsilon", "alpha", "beta", "constant_val"):
        if isinstance(attrs.get(name), (int, float)):
            attrs[name] = model.dtype.type(attrs[name])
    # A rank-0 array is a scalar to the builder.
    return {**{k: v[()] if isinstance(v, np.ndarray) and v.ndim == 0 else v for k, v in operands.items()}, **attrs}


def coremltools_value(case):
    """What coremltools folds the op to, or None where it does not fold it."""
    if not has_reference(case):
        return None
    given = parameters(case)
    with Function({}, opset_version=ct.target.iOS18):
        result = getattr(mb, case["op"])(**given)
        if isinstance(result, (list, tuple)):
            result = result[case["part"]]
        assert list(result.shape) == case["result"]["shape"], (case, result.shape)
        assert types.builtin_to_string(result.dtype) == case["result"]["dtype"], (case, result.dtype)
        value = result.op.materialized_val_inference() if case["op"].startswith(("constexpr_", "dequantize")) else result.val
    return None if value is None else np.asarray(value).reshape(result.shape)


def has_reference(case):
    """Where coremltools' numpy text leaves something out of what its documentation says, there is nothing to compare."""
    attrs = case["attrs"]
    if case["op"] == "squeeze" and case["result"]["shape"] == []:
        return False  # The builder stops at its own scalar.
    if case["op"] == "concat":
        return not attrs["interleave"]
    if falls_before_the_axis(case):
        return False  # test_a_falling_slice_meets_the_first_element has them.
    return case["op"] != "scatter_along_axis" or attrs["mode"] == "update"


def torch_value(case):
    given = {k: torch.from_numpy(v.astype(np.float64)) if isinstance(v, np.ndarray) and v.dtype.kind == "f" else v for k, v in parameters(case).items()}
    return TORCH[case["op"]](given).numpy()


def torch_conv(g):
    spatial = g["x"].dim() - 2
    kernel = [(k - 1) * d + 1 for k, d in zip(g["weight"].shape[2:], g["dilations"])]
    pads = [[0, 0]] * spatial
    if g["pad_type"] == "custom":
        pads = [[int(g["pad"][2 * i]), int(g["pad"][2 * i + 1])] for i in range(spatial)]
    elif g["pad_type"].startswith("same"):
        pads = []
        for n, k, s in zip(g["x"].shape[2:], kernel, g["strides"]):
            total = max((-(-n // int(s)) - 1) * int(s) + k - n, 0)
            small, large = total // 2, total - total // 2
            pads.append([small, large] if g["pad_type"] == "same" else [large, small])
    padded = torch.nn.functional.pad(g["x"], [p for pair in reversed(pads) for p in pair])
    conv = [None, torch.nn.functional.conv1d, torch.nn.functional.conv2d, torch.nn.functional.conv3d][spatial]
    return conv(padded, g["weight"], g.get("bias"), stride=[int(s) for s in g["strides"]], dilation=[int(d) for d in g["dilations"]], groups=g["groups"])


def numpy_scatter(g):
    """scatter as coremltools documents it, one index after another."""
    axis, mode = int(g["axis"]), g["mode"]
    data = np.moveaxis(np.array(g["data"], dtype=np.float64), axis, 0).copy()
    indices = np.asarray(g["indices"])
    updates = np.asarray(g["updates"], dtype=np.float64)
    updates = np.moveaxis(updates, list(range(axis, axis + indices.ndim)), list(range(indices.ndim)))
    combine = {"update": lambda old, new: new, "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "max": np.maximum, "min": np.minimum}[mode]
    for place in np.ndindex(indices.shape):
        data[indices[place]] = combine(data[indices[place]], updates[place])
    result = np.moveaxis(data, 0, axis)
    return np.trunc(result) if np.asarray(g["data"]).dtype.kind == "i" else result


def torch_norm(g, of_batch):
    """batch_norm with given statistics, instance_norm with those of each channel."""
    x, none = g["x"], None
    scale = {"weight": g.get("gamma", none), "bias": g.get("beta", none), "eps": float(g["epsilon"])}
    if of_batch:
        return torch.nn.functional.batch_norm(x, g["mean"], g["variance"], **scale)
    behind = tuple(range(2, x.dim()))
    y = (x - x.mean(behind, keepdim=True)) / torch.sqrt(x.var(behind, keepdim=True, unbiased=False) + scale["eps"])
    along = [1, -1] + [1] * (x.dim() - 2)
    y = y if scale["weight"] is None else y * scale["weight"].reshape(along)
    return y if scale["bias"] is None else y + scale["bias"].reshape(along)


def numpy_cumsum(g):
    x, axis = np.asarray(g["x"]), int(g["axis"])
    whole = x.astype(np.int64 if x.dtype.kind == "i" else np.float64)
    turned = np.flip(whole, axis) if g["reverse"] else whole
    sums = np.cumsum(turned, axis) - (turned if g["exclusive"] else 0)
    return (np.flip(sums, axis) if g["reverse"] else sums).copy()


def numpy_gather_nd(g):
    """As tf.gather_nd and ONNX's GatherND have it."""
    x, indices, batch = np.asarray(g["x"]), np.asarray(g["indices"]), int(g["batch_dims"])
    out = np.empty(indices.shape[:-1] + x.shape[batch + indices.shape[-1]:], dtype=x.dtype)
    for at in np.ndindex(indices.shape[:-1]):
        out[at] = x[at[:batch] + tuple(indices[at])]
    return out


def numpy_windows(g):
    axis, size, stride = int(g["axis"]), int(g["size"]), int(g["stride"])
    starts = range(0, g["x"].shape[axis] - size + 1, stride)
    return np.stack([np.take(np.asarray(g["x"]), range(s, s + size), axis) for s in starts], axis)


TORCH = {
    **few_ops.REFERENCES,
    "batch_norm": lambda g: torch_norm(g, True),
    "instance_norm": lambda g: torch_norm(g, False),
    "elu": lambda g: torch.nn.functional.elu(g["x"], alpha=float(g["alpha"])),
    "softplus": lambda g: torch.nn.functional.softplus(g["x"], threshold=1e9),
    "sigmoid_hard": lambda g: torch.clamp(float(g["alpha"]) * g["x"] + float(g["beta"]), 0, 1),
    "linear_activation": lambda g: float(g["alpha"]) * g["x"] + float(g["beta"]),
    "einsum": lambda g: torch.einsum(g["equation"], *[torch.from_numpy(np.asarray(v).astype(np.float64)) for v in g["values"]]),
    "cumsum": lambda g: torch.from_numpy(numpy_cumsum(g)),
    "gather_nd": lambda g: torch.from_numpy(numpy_gather_nd(g)),
    "sliding_windows": lambda g: torch.from_numpy(numpy_windows(g)),
    "scatter": lambda g: torch.from_numpy(numpy_scatter(g)),
    "conv": torch_conv,
    "silu": lambda g: torch.nn.functional.silu(g["x"]),
    "scaled_dot_product_attention": lambda g: torch.nn.functional.scaled_dot_product_attention(
        g["query"], g["key"], g["value"],
        attn_mask=None if g.get("attn_mask") is None else torch.as_tensor(g["attn_mask"])),
}


def compare(case, theirs):
    ours = array(case["result"])
    assert list(ours.shape) == list(theirs.shape), case
    a, b = ours.astype(np.float64), theirs.astype(np.float64)
    if case["op"] in EXACT or ours.dtype.kind != "f":
        assert np.array_equal(a, b, equal_nan=True), (case, a, b)
        return
    finite = np.isfinite(b)
    assert np.array_equal(a[~finite], b[~finite], equal_nan=True), (case, a, b)
    eps, least = (2.0**-10, 2.0**-24) if ours.dtype == np.float16 else (2.0**-23, 2.0**-149)
    # numpy rounds each step of a formula to the result's dtype, we only the result: a few steps of that dtype at most,
    # of the element itself or, where elements are summed or cancel, of the largest.
    size = np.max(np.abs(b[finite]), initial=0) if case["op"] in SUMS else np.abs(b[finite])
    tolerance = (8 if case["op"] in SUMS else 4) * eps * size + least
    assert np.all(np.abs(a - b)[finite] <= tolerance), (case, a, b)


def falls_before_the_axis(case):
    """A falling slice whose end lies before the axis."""
    if case["op"] not in ("slice_by_index", "slice_update"):
        return False
    given, shape = parameters(case), case["operands"]["x"]["shape"]
    axes = zip(given["stride"], np.atleast_1d(given["end"]), given["end_mask"], given["squeeze_mask"], shape)
    return any(step < 0 and end < -size and not (mask or squeezed) for step, end, mask, squeezed, size in axes)


def test_a_falling_slice_meets_the_first_element(cases):
    """As numpy has it, whose slices the op is documented by. coremltools' rule of shapes moves such an end to 0, in place."""
    compared = 0
    for case in filter(falls_before_the_axis, cases["slice_by_index"]):
        given = parameters(case)
        if len(given["end"]) > 1 or given["begin_mask"][0]:
            continue
        begin, end, stride = (int(given[key][0]) for key in ("begin", "end", "stride"))
        assert np.array_equal(array(case["result"]), given["x"][begin:end:stride]), case
        with Function({}, opset_version=ct.target.iOS18):
            theirs = mb.slice_by_index(x=given["x"], begin=[begin], end=[end], stride=[stride])
        assert theirs.shape[0] == array(case["result"]).size - 1, "coremltools agrees by now: docs/ops.md and has_reference are out of date"
        compared += 1
    assert compared >= 6


def op_names():
    text = (pathlib.Path(__file__).parent.parent / "docs" / "ops.md").read_text()
    return [line[3:].split()[0] for line in text.splitlines() if line.startswith("## ")]


@pytest.mark.parametrize("op", op_names())
def test_op_means_what_coremltools_says(cases, op):
    assert cases[op], f"no cases of {op}"
    compared = 0
    for case in cases[op]:
        theirs = torch_value(case) if op in TORCH else coremltools_value(case)
        if theirs is None:
            continue
        compare(case, theirs)
        compared += 1
    assert compared >= len(cases[op]) // 10, f"{op}: only {compared} of {len(cases[op])} compared"
