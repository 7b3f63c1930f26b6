"""Packages that coremltools wrote of ops that few graphs use, run by us in fp16: the bits of torch and numpy, rounded once."""
import json

import coremltools as ct
import few_ops
import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb
from coremltools.converters.mil.mil import types
from package_case import I32, convert, tensor

H = np.float16
RNG = np.random.default_rng(11)
TARGETS = {"iOS15": ct.target.iOS15, "iOS16": ct.target.iOS16, "iOS17": ct.target.iOS17, "iOS18": ct.target.iOS18}


def eighths(*shape):
    """Numbers whose sums and products are exact in fp32, so that one rounding is left."""
    return (RNG.integers(-32, 33, shape) / 8).astype(H)


def distinct(*shape):
    return (RNG.permutation(int(np.prod(shape))).reshape(shape) / 8 - 1).astype(H)


def topk(g):
    order = np.argsort(g["x"] if g.get("ascending") else -g["x"], axis=g["axis"], kind="stable")
    places = np.take(order, range(g["k"]), g["axis"])
    values = np.take_along_axis(g["x"], places, g["axis"])
    return [values] if g.get("return_indices") is False else [values, places]


def prelu(g):
    return np.where(g["x"] < 0, g["x"].astype(float) * g["alpha"].reshape(1, -1, 1, 1), g["x"])


def from_the_front(g, of, nd):
    """Places of iOS 15 and 16 below 0 count from the end of their axis."""
    sizes = np.array(g[of].shape[: g["indices"].shape[-1]])
    return nd({**g, "indices": np.where(g["indices"] < 0, g["indices"] + sizes, g["indices"])})


def gather_nd(g):
    return g["x"][tuple(np.moveaxis(g["indices"], -1, 0))]


ELEMENTWISE = {"tan": np.tan, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "sinh": np.sinh, "cosh": np.cosh, "atanh": np.arctanh, "exp2": np.exp2}
IMAGE, BLOCKS = eighths(2, 6, 5, 7), eighths(6, 8, 4, 6)
POOL = {"strides": [1, 1], "pad_type": "valid", "pad": [0] * 4, "ceil_mode": False}
SPREAD = {"strides": [1, 1], "pad_type": "valid", "pad": [0] * 4, "dilations": [1, 1], "groups": 1}
NEGATIVE = np.array([[-1, 0], [2, -5], [0, 4]], np.int32)

# Op, target, what is fed, what is written into the file, what is left to defaults; and the reference where it is none of few_ops.
ROWS = [
    *[("topk", t, {"x": distinct(3, 7)}, {"k": 3, "axis": 1, "ascending": up}, {}, topk) for t in TARGETS for up in (False, True)],
    *[("topk", t, {"x": distinct(3, 7)}, {"k": 2, "axis": 0, "return_indices": False}, {}, topk) for t in ("iOS16", "iOS18")],
    ("topk", "iOS17", {"x": distinct(3, 7)}, {"k": 4, "axis": 1, "output_indices_dtype": "uint16"}, {}, topk),
    ("topk", "iOS18", {"x": distinct(3, 7)}, {"k": 7, "axis": 1, "sort": False}, {}, topk),
    ("argsort", "iOS18", {"x": distinct(4, 5)}, {"axis": 0, "ascending": True}, {}, lambda g: [np.argsort(g["x"], axis=0)]),
    ("reduce_prod", "iOS18", {"x": eighths(2, 3, 4)}, {"axes": [1]}, {}, lambda g: [np.prod(g["x"].astype(float), axis=1)]),
    *[(op, "iOS18", {"x": (eighths(3, 5) / 5).astype(H)}, {}, {}, lambda g, f=f: [f(g["x"].astype(float))]) for op, f in ELEMENTWISE.items()],
    ("clamped_relu", "iOS18", {"x": eighths(3, 5)}, {"alpha": H(0.3), "beta": H(2)}, {},
     lambda g: [np.minimum(np.where(g["x"] < 0, g["x"].astype(float) * float(H(0.3)), g["x"]), 2)]),
    ("threshold", "iOS18", {"x": eighths(3, 5)}, {"alpha": H(0.5)}, {}, lambda g: [np.maximum(g["x"], H(0.5))]),
    ("prelu", "iOS18", {"x": IMAGE}, {"alpha": eighths(6)}, {}, lambda g: [prelu(g)]),
    ("softplus_parametric", "iOS18", {"x": IMAGE}, {"alpha": eighths(6), "beta": eighths(6)}, {}, None),
    ("local_response_norm", "iOS18", {"x": IMAGE}, {"size": 4, "alpha": H(0.5), "beta": H(0.5), "k": H(2)}, {}, None),
    ("one_hot", "iOS18", {"indices": np.array([2, 0, 3], np.int32)}, {"one_hot_vector_size": 4, "axis": 0, "on_value": H(2), "off_value": H(-1)}, {}, None),
    ("fill_like", "iOS18", {"ref_tensor": eighths(2, 3)}, {"value": H(1.5)}, {}, lambda g: [np.full((2, 3), 1.5)]),
    *[("scatter_nd", t, {"data": eighths(3, 5), "indices": NEGATIVE if t < "iOS17" else NEGATIVE % 3, "updates": eighths(3)}, {"mode": m}, {},
       lambda g: [from_the_front(g, "data", few_ops.scatter_nd)]) for t in TARGETS for m in ("update", "add", "max")],
    *[("gather_nd", t, {"x": eighths(3, 5), "indices": NEGATIVE if t < "iOS17" else NEGATIVE % 3}, {}, {}, lambda g: [from_the_front(g, "x", gather_nd)]) for t in TARGETS],
    ("reverse_sequence", "iOS18", {"x": eighths(3, 5), "lengths": np.array([5, 0, 2], np.int32)}, {"seq_axis": 1, "batch_axis": 0}, {}, None),
    *[(f"{how}_pool", "iOS18", {"x": IMAGE}, {"kernel_sizes": [2, 3], "pad_type": "same"}, POOL, None) for how in ("avg", "max", "l2")],
    *[(f"{how}_pool", "iOS18", {"x": IMAGE}, {"kernel_sizes": [3, 2], "strides": [2, 2], "pad_type": "custom", "pad": [1, 1, 0, 0], "ceil_mode": True}, POOL, None)
      for how in ("avg", "max", "l2")],
    ("avg_pool", "iOS18", {"x": IMAGE}, {"kernel_sizes": [3, 3], "pad_type": "same_lower", "exclude_padding_from_average": True}, POOL, None),
    ("conv_transpose", "iOS18", {"x": eighths(1, 4, 3, 5)}, {"weight": eighths(4, 3, 2, 2), "groups": 2, "strides": [2, 1]}, SPREAD, None),
    ("conv_transpose", "iOS18", {"x": eighths(1, 4, 3, 5)}, {"weight": eighths(4, 2, 3, 2), "strides": [2, 2], "pad_type": "same"}, SPREAD, None),
    *[(op, "iOS18", {"x": BLOCKS}, {key: 2}, {}, None) for op, key in
      (("depth_to_space", "block_size"), ("space_to_depth", "block_size"), ("pixel_shuffle", "upscale_factor"))],
    ("pixel_unshuffle", "iOS18", {"x": BLOCKS}, {"downscale_factor": np.uint32(2)}, {}, None),
    ("space_to_batch", "iOS18", {"x": BLOCKS}, {"block_shape": [2, 3], "paddings": [[1, 1], [0, 3]]}, {}, None),
    ("batch_to_space", "iOS18", {"x": BLOCKS}, {"block_shape": [2, 3], "crops": [[1, 0], [0, 2]]}, {}, None),
    ("upsample_nearest_neighbor", "iOS18", {"x": IMAGE}, {"scale_factor_height": 1.5, "scale_factor_width": 2.0}, {}, None),
    ("resize_nearest_neighbor", "iOS18", {"x": IMAGE}, {"target_size_height": 3, "target_size_width": 14}, {}, None),
    ("upsample_bilinear", "iOS18", {"x": IMAGE}, {"scale_factor_height": 2.0, "scale_factor_width": 2.0, "align_corners": False}, {}, None),
    ("upsample_bilinear", "iOS18", {"x": IMAGE}, {"scale_factor_height": 2.0, "scale_factor_width": 1.3, "align_corners": True}, {}, None),
    *[("resize_bilinear", "iOS18", {"x": IMAGE}, {"target_size_height": 3, "target_size_width": 9, "sampling_mode": mode}, {}, None)
      for mode in ("DEFAULT", "STRICT_ALIGN_CORNERS", "ALIGN_CORNERS", "OFFSET_CORNERS", "UNALIGN_CORNERS")],
    *[("resize", "iOS17", {"x": IMAGE}, {"shape": [5, 0, 9], "resized_dims": np.uint32(2), "sampling_mode": mode}, {}, None)
      for mode in ("DEFAULT", "STRICT_ALIGN_CORNERS", "ALIGN_CORNERS", "OFFSET_CORNERS", "UNALIGN_CORNERS")],
    ("resize", "iOS17", {"x": IMAGE}, {"shape": [9], "resized_dims": np.uint32(1), "sampling_mode": "UNALIGN_CORNERS"}, {}, None),
    ("resize", "iOS18", {"x": IMAGE}, {"shape": [3, 14], "resized_dims": np.uint32(2), "interpolation_mode": "NEAREST_NEIGHBOR"}, {}, None),
    ("crop", "iOS18", {"x": IMAGE}, {"crop_height": [1, 2], "crop_width": [0, 3]}, {}, None),
]  # fmt: skip

# Ops whose steps in fp32 round too: the others have the bits of what is computed in fp64 and rounded once.
IN_STEPS = {"softplus_parametric", "resize_bilinear", "resize"}


def name_of(n):
    return f"{n}.{ROWS[n][0]}.{ROWS[n][1]}"


def package_of(op, target, fed, written):
    names, arrays = list(fed), list(fed.values())
    # Inputs of the oldest target are fp32.
    specs = [tensor(*a.shape, dtype=I32 if a.dtype == np.int32 else types.fp16 if target != "iOS15" else types.fp32) for a in arrays]

    def build(**given):
        return getattr(mb, op)(**dict(zip(names, given.values())), **written)

    arguments = ", ".join(f"a{i}" for i in range(len(specs)))
    scope = {"build": build}
    return convert(specs, eval(f"lambda {arguments}: build({', '.join(f'a{i}=a{i}' for i in range(len(specs)))})", scope), target=TARGETS[target])


@pytest.fixture(scope="session")
def ran(script, tmp_path_factory):
    folder = tmp_path_factory.mktemp("few")
    for n, (op, target, fed, written, _, _) in enumerate(ROWS):
        model = package_of(op, target, fed, written)
        model.save(str(folder / f"{name_of(n)}.mlpackage"))
        inputs = {x.name: x for x in model.get_spec().description.input}
        plain = {}
        for i, a in enumerate(fed.values()):
            kind = inputs[f"a{i}"].type.multiArrayType.dataType
            dtype = "int32" if a.dtype == np.int32 else "fp16" if kind == ct.proto.FeatureTypes_pb2.ArrayFeatureType.FLOAT16 else "fp32"
            plain[f"a{i}"] = {"dtype": dtype, "shape": a.shape, "data": a.astype(float).ravel().tolist()}
        (folder / f"{name_of(n)}.json").write_text(json.dumps(plain))
    lines = script("run-packages", folder).splitlines()
    return {line["name"]: line["results"] for line in map(json.loads, lines)}


@pytest.mark.parametrize("n", range(len(ROWS)), ids=name_of)
def test_runs_as_torch_and_numpy_compute(ran, n):
    op, _, fed, written, defaults, reference = ROWS[n]
    given = {**defaults, **fed, **written}
    expected = [few_ops.NUMPY[op](given)] if reference is None else reference(given)
    results = ran[name_of(n)]
    assert len(results) == len(expected)
    for ours, theirs in zip(results, expected):
        theirs = np.asarray(theirs, dtype=np.float64)
        numbers = np.array([float(x.replace("Infinity", "inf")) for x in ours["data"]]).reshape(ours["shape"])
        assert ours["shape"] == list(theirs.shape)
        if ours["dtype"] in ("fp16", "fp32"):
            dtype = {"fp16": np.float16, "fp32": np.float32}[ours["dtype"]]
            numbers, theirs = numbers.astype(dtype), theirs.astype(dtype)
        if op in IN_STEPS:
            # One rounding to fp16, behind a few to fp32 of numbers below 8.
            near = np.abs(numbers.astype(float) - theirs) <= 2.0**-10 * np.abs(theirs.astype(float)) + 4 * 2.0**-22
            assert near.all(), (given, numbers, theirs)
        else:
            assert np.array_equal(numbers, theirs, equal_nan=True), (given, numbers, theirs)


def test_a_wrong_number_is_noticed(ran):
    [result] = ran[name_of(next(n for n, row in enumerate(ROWS) if row[0] == "crop"))]
    expected = few_ops.crop({"x": IMAGE, "crop_height": [0, 3], "crop_width": [0, 3]})
    assert not np.array_equal(np.array(result["data"], dtype=float).reshape(result["shape"]), expected)
