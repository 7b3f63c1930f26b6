"""Packages as coremltools itself writes them, for our reader: every op of our table, states, flexible sizes,
several functions, compressed weights.

    python make_packages.py OUT [--only SUBSTRING]

Writes OUT/<case>.mlpackage and OUT/<case>.json, the facts that a reader must find: per function the ops in order and
the type of every value, the interface, and the SHA-256 of every blob. The facts come from coremltools' own protobuf
classes and blob reader. Needs coremltools 9.0; no Mac.
"""

import argparse
import hashlib
import json
import logging
import shutil
import sys
import tempfile
from pathlib import Path

import coremltools as ct
import numpy as np
from coremltools.converters.mil import Builder as mb
from coremltools.converters.mil.mil import get_new_symbol, types
from coremltools.libmilstoragepython import _BlobStorageReader as BlobReader
from coremltools.proto import MIL_pb2

F16, F32, I32, BOOL = types.fp16, types.fp32, types.int32, types.bool
h = np.float16
RNG = np.random.default_rng(7)


def array(*shape, dtype=np.float16):
    """Numbers that differ from place to place, so that a blob read from the wrong place shows."""
    if np.issubdtype(dtype, np.integer):
        info = np.iinfo(dtype)
        return RNG.integers(info.min, info.max, size=shape, endpoint=True).astype(dtype)
    return RNG.standard_normal(shape).astype(dtype)


def tensor(*shape, dtype=F16):
    return mb.TensorSpec(shape, dtype)


def state(*shape):
    return mb.StateTensorSpec(shape, F16)


def convert(specs, build, inputs=None, passes=False, target=ct.target.iOS18, precision=ct.precision.FLOAT32):
    """The package of a program. Without passes the file holds the ops as they were built."""
    program = mb.program(input_specs=specs, opset_version=target)(build)
    return ct.convert(
        program,
        convert_to="mlprogram",
        inputs=inputs,
        minimum_deployment_target=target,
        pass_pipeline=ct.PassPipeline.DEFAULT if passes else ct.PassPipeline.EMPTY,
        compute_precision=precision,
        skip_model_load=True,
    )


# By name, what saves the package at a path.
CASES = {}


def case(name, specs, build, **options):
    CASES[name] = lambda path: convert(specs, build, **options).save(path)


def saved_by(name):
    return lambda save: CASES.setdefault(name, save)


X = [tensor(2, 3, 4)]
XY = [tensor(2, 3, 4), tensor(3, 1)]
IMAGE = [tensor(1, 6, 5, 7)]


def op(name, **args):
    """mb.<name> on the program's only input."""
    return lambda x: getattr(mb, name)(x=x, **args)


def binary(name):
    return lambda x, y: getattr(mb, name)(x=x, y=y)


# --- conv, linear, matmul ---------------------------------------------------------------------------------------
case("conv.1x1", [tensor(1, 8, 4, 1)], lambda x: mb.conv(x=x, weight=array(6, 8, 1, 1)))
case("conv.bias", IMAGE, lambda x: mb.conv(x=x, weight=array(4, 6, 3, 3), bias=array(4)))
case(
    "conv.general",
    IMAGE,
    lambda x: mb.conv(
        x=x, weight=array(4, 3, 2, 3), strides=[2, 1], dilations=[1, 2], groups=2, pad_type="custom", pad=[1, 0, 2, 3]
    ),
)
case("conv.same", IMAGE, lambda x: mb.conv(x=x, weight=array(4, 6, 3, 2), strides=[2, 2], pad_type="same"))
case("conv.same_lower", IMAGE, lambda x: mb.conv(x=x, weight=array(4, 6, 3, 2), pad_type="same_lower"))
case("conv.1d", [tensor(1, 6, 9)], lambda x: mb.conv(x=x, weight=array(4, 6, 3)))
case("conv.3d", [tensor(1, 2, 4, 4, 4)], lambda x: mb.conv(x=x, weight=array(3, 2, 2, 2, 2)))
case("linear", [tensor(4, 8)], lambda x: mb.linear(x=x, weight=array(6, 8)))
case("linear.bias", [tensor(4, 8)], lambda x: mb.linear(x=x, weight=array(6, 8), bias=array(6)))
case("matmul", [tensor(1, 2, 3, 4), tensor(2, 4, 5)], lambda x, y: mb.matmul(x=x, y=y))
case(
    "matmul.transposed",
    [tensor(2, 4, 3), tensor(2, 5, 4)],
    lambda x, y: mb.matmul(x=x, y=y, transpose_x=True, transpose_y=True),
)
case(
    "scaled_dot_product_attention",
    [tensor(1, 2, 3, 4), tensor(1, 2, 5, 4), tensor(1, 2, 5, 6), tensor(1, 1, 3, 5)],
    lambda q, k, v, mask: mb.scaled_dot_product_attention(query=q, key=k, value=v, attn_mask=mask),
)
case("matmul.weight", [tensor(2, 3, 4)], lambda x: mb.matmul(x=x, y=array(4, 5)))

# --- elementwise ------------------------------------------------------------------------------------------------
for name in ["add", "sub", "mul", "real_div", "maximum", "minimum", "pow"]:
    case(name, XY, binary(name))
case("add.scalar", X, lambda x: mb.add(x=x, y=h(0.1)))
case("add.scalar_first", X, lambda x: mb.sub(x=h(1), y=x))
case("add.int32", [tensor(3, dtype=I32)], lambda x: mb.add(x=x, y=np.array([1, -2, 70000], np.int32)))
case("mul.blob", X, lambda x: mb.mul(x=x, y=array(2, 3, 4)))


def compared(name):
    return lambda x, y: mb.cast(x=binary(name)(x, y), dtype="fp16")


def logical(name):
    return lambda x, y: mb.cast(x=binary(name)(mb.greater(x=x, y=h(0)), mb.less(x=y, y=h(1))), dtype="int32")


for name in ["greater", "greater_equal", "less", "less_equal", "equal", "not_equal"]:
    case(name, XY, compared(name))
for name in ["logical_and", "logical_or"]:
    case(name, XY, logical(name))
case("logical_not", X, lambda x: mb.cast(x=mb.logical_not(x=mb.greater(x=x, y=h(0))), dtype="fp32"))
case("select", XY, lambda x, y: mb.select(cond=mb.greater(x=x, y=h(0)), a=x, b=mb.add(x=y, y=x)))
for name in ["sqrt", "exp", "tanh", "sigmoid", "silu", "square", "abs", "erf", "sin", "cos"]:
    case(name, X, op(name))
case("rsqrt", X, lambda x: mb.rsqrt(x=x, epsilon=h(1e-5)))
case("rsqrt.default", X, op("rsqrt"))
case("log", X, lambda x: mb.log(x=x, epsilon=h(1e-3)))
case("log.default", X, op("log"))
for mode in ["EXACT", "TANH_APPROXIMATION", "SIGMOID_APPROXIMATION"]:
    case(f"gelu.{mode.lower()}", X, op("gelu", mode=mode))
case("clip", X, op("clip", alpha=h(-0.5), beta=h(2)))


def cast_there_and_back(dtype):
    return lambda x: mb.cast(x=mb.cast(x=x, dtype=dtype), dtype="fp32")


for dtype in ["fp16", "fp32", "int32", "int16", "uint16", "int8", "uint8", "bool"]:
    case(f"cast.{dtype}", X, cast_there_and_back(dtype))
case("identity", X, op("identity"))

# --- reductions, softmax, norms ---------------------------------------------------------------------------------
for name in ["reduce_sum", "reduce_mean", "reduce_max", "reduce_min", "reduce_sum_square", "reduce_l2_norm"]:
    case(name, X, op(name, axes=[-1, 0], keep_dims=True))
    case(f"{name}.dropped", X, op(name, axes=[1]))
    case(f"{name}.all", X, op(name))
case("softmax", X, op("softmax", axis=-2))
case("softmax.default", X, op("softmax"))
case("layer_norm", X, lambda x: mb.layer_norm(x=x, axes=[-1], gamma=array(4), beta=array(4), epsilon=h(1e-3)))
case("layer_norm.plain", X, op("layer_norm", axes=[1, 2]))
case("l2_norm", X, op("l2_norm", epsilon=h(1e-3)))

# --- shape and data movement ------------------------------------------------------------------------------------
case("reshape", X, op("reshape", shape=[4, 6]))
case("reshape.minus_one", X, op("reshape", shape=[3, -1, 2]))
case("reshape.zero", X, op("reshape", shape=[0, -1]))
case("transpose", X, op("transpose", perm=[2, 0, 1]))
case("transpose.negative", X, op("transpose", perm=[-1, 0, -2]))
case("expand_dims", X, op("expand_dims", axes=[0, -1]))
case("squeeze", [tensor(1, 3, 1, 4)], op("squeeze", axes=[-2]))
case("squeeze.all", [tensor(1, 3, 1, 4)], op("squeeze"))
case("squeeze.not_one", [tensor(1, 3, 1, 4)], op("squeeze", axes=[0, 1]))
case("squeeze.to_scalar", [tensor(1, 1)], lambda x: mb.expand_dims(x=mb.squeeze(x=x), axes=[0]))
case("concat", [tensor(2, 3), tensor(2, 5)], lambda x, y: mb.concat(values=[x, y, x], axis=-1))
case("concat.interleave", [tensor(2, 3), tensor(2, 3)], lambda x, y: mb.concat(values=[x, y], axis=0, interleave=True))
case("concat.const", [tensor(2, 3)], lambda x: mb.concat(values=[x, array(1, 3), array(4, 3)], axis=0))
case("stack", [tensor(2, 3), tensor(2, 3)], lambda x, y: mb.stack(values=[x, y], axis=-1))
case("split.count", X, op("split", num_splits=2, axis=-1))
case("split.sizes", [tensor(2, 10)], op("split", split_sizes=[2, 5, 3], axis=1))
# Ten numbers are enough for coremltools to move them into weight.bin.
case("split.many", [tensor(2, 24)], op("split", split_sizes=[2] * 12, axis=1))
case("slice_by_index", X, op("slice_by_index", begin=[0, 1, 0], end=[2, 3, 2]))
case("slice_by_index.negative", X, op("slice_by_index", begin=[-2, -2, 0], end=[2, -1, -1]))
case(
    "slice_by_index.masks",
    [tensor(5, 6, 7)],
    op(
        "slice_by_index",
        begin=[1, 2, 0],
        end=[3, 0, 6],
        stride=[1, 1, 2],
        begin_mask=[False, False, True],
        end_mask=[False, True, False],
        squeeze_mask=[True, False, False],
    ),
)
case("slice_by_index.stride", [tensor(5, 6)], op("slice_by_index", begin=[0, 1], end=[5, 6], stride=[2, 3]))
case("slice_by_index.backwards", [tensor(5)], op("slice_by_index", begin=[-1], end=[-4], stride=[-1]))
case("slice_by_size", X, op("slice_by_size", begin=[0, 1, 2], size=[2, 2, -1]))
case(
    "slice_update",
    [tensor(4, 6), tensor(2, 3)],
    lambda x, y: mb.slice_update(x=x, update=y, begin=[1, 2], end=[3, 5], stride=[1, 1]),
)
case(
    "slice_update.masks",
    [tensor(4, 6), tensor(2, 3)],
    lambda x, y: mb.slice_update(
        x=x, update=y, begin=[0, 1], end=[2, 6], stride=[1, 2], begin_mask=[True, False], end_mask=[False, True]
    ),
)
case(
    "slice_update.position",
    [tensor(1, 2, 8, 4), tensor(1, 2, 1, 4), tensor(1, dtype=I32)],
    lambda x, y, position: mb.slice_update(
        x=x,
        update=y,
        begin=mb.concat(values=[np.int32([0, 0]), position, np.int32([0])], axis=0),
        end=mb.concat(values=[np.int32([1, 2]), mb.add(x=position, y=np.int32(1)), np.int32([4])], axis=0),
    ),
)
case("tile", X, op("tile", reps=[1, 2, 3]))
case("gather", [tensor(5, 6)], op("gather", indices=np.int32([[3, 0], [1, 1]]), axis=-1))
case("gather.scalar", [tensor(5, 6)], op("gather", indices=np.int32(2), axis=0))
case("gather.input", [tensor(5, 6), tensor(3, dtype=I32)], lambda x, i: mb.gather(x=x, indices=i, axis=0))
case("gather.many", [tensor(40, 2)], op("gather", indices=np.arange(39, -1, -1).astype(np.int32), axis=0))
case(
    "gather.batch",
    [tensor(2, 5, 6), tensor(2, 3, dtype=I32)],
    lambda x, i: mb.gather(x=x, indices=i, axis=1, batch_dims=1),
)
case(
    "gather_along_axis",
    [tensor(5, 6), tensor(5, 2, dtype=I32)],
    lambda x, i: mb.gather_along_axis(x=x, indices=i, axis=-1),
)


def scattered(mode):
    return lambda x, y: mb.scatter(data=x, indices=np.int32([3, 1]), updates=y, axis=0, mode=mode)


for mode in ["update", "add", "mul", "max", "min", "sub", "div"]:
    case(f"scatter.{mode}", [tensor(5, 6), tensor(2, 6)], scattered(mode))
case(
    "scatter.default",
    [tensor(5, 6), tensor(5, 1)],
    lambda x, y: mb.scatter(data=x, indices=np.int32([2]), updates=y, axis=-1),
)
case(
    "scatter_along_axis",
    [tensor(5, 6), tensor(5, 2), tensor(5, 2, dtype=I32)],
    lambda x, y, i: mb.scatter_along_axis(data=x, indices=i, updates=y, axis=1, mode="update"),
)

# --- compressed weights -----------------------------------------------------------------------------------------


def compressed(make, *shape):
    """A layer with the weight that `make` makes: a matrix of the given shape, or the kernel of a conv."""
    return lambda x: mb.matmul(x=x, y=make()) if shape else mb.conv(x=x, weight=make())


def look_up(bits):
    """A palette of 2 to the power `bits` numbers."""
    dtype = getattr(types, f"uint{bits}")
    return lambda: mb.constexpr_lut_to_dense(
        indices=sub_byte((16, 8, 1, 1), dtype), lut=array(1, 1, 1, 1, 2**bits, 1)
    )


def sub_byte(shape, dtype):
    bits = {types.int4: (-8, 8), types.uint4: (0, 16), types.uint2: (0, 4), types.uint3: (0, 8), types.uint6: (0, 64)}
    low, high = bits.get(dtype, (0, 2))
    return RNG.integers(low, high, size=shape).astype(types.nptype_from_builtin(dtype))


def shift_scale(data, scale, offset=None):
    return lambda: mb.constexpr_blockwise_shift_scale(data=data(), scale=scale(), offset=None if not offset else offset())


case(
    "shift_scale.int8",
    [tensor(1, 8, 4, 1)],
    compressed(shift_scale(lambda: array(16, 8, 1, 1, dtype=np.int8), lambda: array(16, 1, 1, 1))),
)
case(
    "shift_scale.offset",
    [tensor(3, 8)],
    compressed(
        shift_scale(
            lambda: array(8, 16, dtype=np.uint8), lambda: array(1, 16), lambda: array(1, 16, dtype=np.uint8)
        ),
        8,
        16,
    ),
)
case(
    "shift_scale.blocks_int4",
    [tensor(3, 8)],
    compressed(shift_scale(lambda: sub_byte((8, 16), types.int4), lambda: array(2, 16)), 8, 16),
)
case(
    "shift_scale.odd_int4",
    [tensor(3, 3)],
    compressed(shift_scale(lambda: sub_byte((3, 5), types.int4), lambda: array(1, 5)), 3, 5),
)
for bits in [1, 2, 3, 4, 6]:
    case(f"lut.uint{bits}", [tensor(1, 8, 4, 1)], compressed(look_up(bits)))
case(
    "lut.blocks",
    [tensor(3, 8)],
    compressed(
        lambda: mb.constexpr_lut_to_dense(indices=sub_byte((8, 16), types.uint4), lut=array(2, 1, 16, 1)), 8, 16
    ),
)
case(
    "lut.vector",
    [tensor(3, 8)],
    compressed(
        lambda: mb.constexpr_lut_to_dense(
            indices=sub_byte((8, 8), types.uint4), lut=array(1, 1, 16, 2), vector_axis=np.int32(1)
        ),
        8,
        16,
    ),
)


@saved_by("quantized.int8")
def quantized(path):
    model = convert([tensor(1, 64, 4, 1)], lambda x: mb.conv(x=x, weight=array(64, 64, 1, 1)), passes=True)
    optimize = ct.optimize.coreml
    config = optimize.OptimizationConfig(optimize.OpLinearQuantizerConfig(mode="linear_symmetric", weight_threshold=0))
    optimize.linear_quantize_weights(model, config=config).save(path)


# --- states -----------------------------------------------------------------------------------------------------
CACHE = [tensor(1, 2, 4), state(1, 2, 4)]


def update(k, value):
    return mb.coreml_update_state(state=k, value=value)


def read(k):
    return mb.read_state(input=k)


case("state.blend", CACHE, lambda x, k: mb.mul(x=update(k, mb.add(x=read(k), y=x)), y=h(2)))
case("state.read_only", CACHE, lambda x, k: mb.mul(x=read(k), y=x))


def old_and_new(x, k):
    before = read(k)
    after = update(k, mb.add(x=before, y=x))
    return mb.sub(x=after, y=before)


def written_twice(x, k):
    first = update(k, mb.add(x=read(k), y=x))
    second = update(k, mb.mul(x=first, y=h(3)))
    return mb.sub(x=mb.exp(x=second), y=first)


def write_only(x, k):
    update(k, mb.exp(x=x))
    return mb.tanh(x=x)


case("state.old_and_new", CACHE, old_and_new)
case("state.written_twice", CACHE, written_twice)
case("state.write_only", CACHE, write_only)
case("state.passes", CACHE, old_and_new, passes=True)

# --- flexible sizes ---------------------------------------------------------------------------------------------


def flexible(shape):
    return ct.TensorType(name="x", shape=shape, dtype=np.float16)


def block(x):
    y = mb.conv(x=x, weight=array(16, 8, 1, 1))
    heads = mb.reshape(x=y, shape=[2, 8, -1])
    scores = mb.matmul(x=heads, y=heads, transpose_x=True)
    return mb.softmax(x=scores, axis=-1)


def open_sized():
    return [mb.TensorSpec((1, 8, get_new_symbol(), 1), F16)]


def open_case(name, shape):
    """Each program needs an unknown size of its own."""
    CASES[name] = lambda path: convert(open_sized(), block, inputs=[flexible(shape)], passes=True).save(path)


open_case("range", ct.Shape((1, 8, ct.RangeDim(1, 4, default=4), 1)))
open_case("enumerated", ct.EnumeratedShapes([[1, 8, n, 1] for n in (4, 1, 2)], default=[1, 8, 4, 1]))

# --- whole programs ---------------------------------------------------------------------------------------------


def scatter_layer(tokens):
    """A layer's attention with a cache that is written through a one-hot mask, small."""
    specs = [tensor(1, 8, tokens, 1), tensor(1, 1, tokens, 16), tensor(1, 1, 16, tokens), state(1, 2, 16, 4)]
    weight = np.random.default_rng(3).standard_normal((8, 8, 1, 1)).astype(h)

    def build(x, attn_mask, kv_write_mask, k_state):
        rows = mb.transpose(x=mb.reshape(x=mb.conv(x=x, weight=weight), shape=[1, 2, 4, tokens]), perm=[0, 1, 3, 2])
        keep = mb.sub(x=h(1), y=mb.reduce_sum(x=kv_write_mask, axes=[3], keep_dims=True))
        kept = mb.mul(x=read(k_state), y=keep)
        cache = update(k_state, mb.add(x=kept, y=mb.matmul(x=kv_write_mask, y=rows), name="k.cache"))
        scores = mb.add(x=mb.matmul(x=rows, y=cache, transpose_y=True), y=attn_mask)
        return mb.matmul(x=mb.softmax(x=scores, axis=-1), y=cache, name="hidden")

    return convert(specs, build, passes=True)


CASES["layer.t4"] = lambda path: scatter_layer(4).save(path)
CASES["layer.t1"] = lambda path: scatter_layer(1).save(path)


@saved_by("multifunction")
def multifunction(path):
    """Both sizes of the layer in one package, which then holds the weight once."""
    with tempfile.TemporaryDirectory() as folder:
        both = ct.utils.MultiFunctionDescriptor()
        for tokens in (4, 1):
            one = f"{folder}/t{tokens}.mlpackage"
            scatter_layer(tokens).save(one)
            both.add_function(one, "main", f"t{tokens}")
        both.default_function_name = "t4"
        ct.utils.save_multifunction(both, path)


case("names", [tensor(2, 3)], lambda x: mb.add(x=mb.mul(x=x, y=h(2), name="q.rope"), y=h(1), name="layers.0.out"))
case("fp32", [tensor(2, 3, dtype=F32)], lambda x: mb.mul(x=mb.add(x=x, y=np.float32(0.1)), y=array(2, 3, dtype=np.float32)))
case("fp32.blob", [tensor(4, 4, dtype=F32)], lambda x: mb.matmul(x=x, y=array(4, 4, dtype=np.float32)))
case("two_outputs", X, lambda x: (mb.exp(x=x), mb.exp(x=mb.exp(x=x))))
case("input_is_output", X, lambda x: x, passes=True)

# Older opsets, through the pass that turns fp32 programs into fp16 ones.
OLDER = [ct.target.iOS15, ct.target.iOS16, ct.target.iOS17]


def older(target):
    def build(x):
        y = mb.layer_norm(x=mb.linear(x=x, weight=array(6, 8, dtype=np.float32)), axes=[-1])
        picked = mb.gather(x=y, indices=np.int32([2, 0]), axis=0)
        return mb.softmax(x=mb.slice_by_index(x=picked, begin=[0, 1], end=[2, 5]), axis=-1)

    return lambda path: convert(
        [tensor(4, 8, dtype=F32)], build, passes=True, target=target, precision=ct.precision.FLOAT16
    ).save(path)


for target in OLDER:
    CASES[f"older.{target.name}"] = older(target)

# --- what our reader refuses, with a part of what it must say -----------------------------------------------------
REFUSED = {}


def refused(name, says, specs, build, **options):
    case(name, specs, build, **options)
    REFUSED[name] = says


refused("refused.logical_xor", 'op 5 (logical_xor "logical_xor_0")', XY, logical("logical_xor"))
refused("refused.topk", "topk", [tensor(2, 6)], lambda x: mb.topk(x=x, k=2, axis=1))
refused(
    "refused.cond",
    "has nested blocks",
    X,
    lambda x: mb.cond(
        pred=mb.equal(x=mb.reduce_sum(x=x), y=h(0)), _true_fn=lambda: mb.exp(x=x), _false_fn=lambda: mb.tanh(x=x)
    ),
)
refused(
    "refused.reshape_at_run_time",
    'takes "shape" from a computed value',
    [tensor(2, 6), tensor(2, dtype=I32)],
    lambda x, shape: mb.reshape(x=x, shape=shape),
)
refused(
    "refused.image",
    'input "x": is an image',
    [tensor(1, 3, 4, 4, dtype=F32)],
    lambda x: mb.exp(x=x),
    inputs=[ct.ImageType(name="x", shape=(1, 3, 4, 4))],
)



@saved_by("refused.neural_network")
def save_neural_network(path):
    three = ct.models.datatypes.Array(3)
    builder = ct.models.neural_network.NeuralNetworkBuilder(
        [("x", three)], [("y", three)], disable_rank5_shape_mapping=True
    )
    builder.add_elementwise(name="add", input_names=["x", "x"], output_name="y", mode="ADD")
    ct.models.MLModel(builder.spec, skip_model_load=True).save(path)


@saved_by("refused.pipeline")
def save_pipeline(path):
    first = convert(X, lambda x: mb.exp(x=x, name="y"))
    second = convert([tensor(2, 3, 4)], lambda y: mb.exp(x=y, name="z"))
    ct.utils.make_pipeline(first, second).save(path)


REFUSED["refused.neural_network"] = "this is a neural network; graphc reads ML Programs"
REFUSED["refused.pipeline"] = "this is a pipeline; graphc reads ML Programs"

# --- facts ------------------------------------------------------------------------------------------------------
NAMES = {
    "BOOL": "bool", "STRING": "string", "FLOAT16": "fp16", "FLOAT32": "fp32", "INT8": "int8", "INT16": "int16",
    "INT32": "int32", "INT4": "int4", "UINT8": "uint8", "UINT16": "uint16", "UINT4": "uint4", "UINT3": "uint3",
    "UINT2": "uint2", "UINT1": "uint1", "UINT6": "uint6",
}  # fmt: skip
READERS = {
    "fp16": "read_fp16_data", "fp32": "read_float_data", "uint8": "read_uint8_data", "int8": "read_int8_data",
    "int16": "read_int16_data", "uint16": "read_uint16_data", "int32": "read_int32_data", "int4": "read_int4_data",
    "uint4": "read_uint4_data", "uint3": "read_uint3_data", "uint2": "read_uint2_data", "uint1": "read_uint1_data",
    "uint6": "read_uint6_data",
}  # fmt: skip
SUB_BYTE = {"int4", "uint4", "uint3", "uint2", "uint1", "uint6"}


def shown(value_type):
    """`fp16[1,8,?,1]`, as our reader prints types."""
    inner = value_type.stateType.wrappedType if value_type.HasField("stateType") else value_type
    sizes = [str(d.constant.size) if d.HasField("constant") else "?" for d in inner.tensorType.dimensions]
    return f"{NAMES[MIL_pb2.DataType.Name(inner.tensorType.dataType)]}[{','.join(sizes)}]"


def values_of(operation):
    """Every literal of an operation: its const value and its inline operands."""
    yield from operation.attributes.values()
    for argument in operation.inputs.values():
        yield from (binding.value for binding in argument.arguments if binding.HasField("value"))


def blobs_of(block, weight_file):
    reader = BlobReader(str(weight_file)) if weight_file.exists() else None
    found = {}
    for operation in block.operations:
        for value in values_of(operation):
            if value.HasField("blobFileValue"):
                offset = value.blobFileValue.offset
                dtype = shown(value.type).split("[")[0]
                data = np.asarray(getattr(reader, READERS[dtype])(offset))
                # The blob reader unpacks sub-byte elements: one byte each.
                what = "unpacked" if dtype in SUB_BYTE else "sha256"
                found[str(offset)] = {"type": shown(value.type), what: hashlib.sha256(data.tobytes()).hexdigest()}
    return found


def facts_of(name, package):
    if name in REFUSED:
        return {"refused": REFUSED[name]}
    spec = ct.utils.load_spec(str(package))
    weight_file = package / "Data/com.apple.CoreML/weights/weight.bin"
    functions = {}
    for name, function in spec.mlProgram.functions.items():
        block = function.block_specializations[function.opset]
        functions[name] = {
            "opset": function.opset,
            "inputs": {x.name: shown(x.type) for x in function.inputs},
            "states": [x.name for x in function.inputs if x.type.HasField("stateType")],
            "outputs": list(block.outputs),
            "ops": [x.type for x in block.operations],
            "values": {v.name: shown(v.type) for x in block.operations for v in x.outputs},
            "blobs": blobs_of(block, weight_file),
        }
    return {"specificationVersion": spec.specificationVersion, "functions": functions}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", default="")
    args = parser.parse_args()
    logging.disable(logging.CRITICAL)
    args.out.mkdir(parents=True, exist_ok=True)
    chosen = {name: make for name, make in CASES.items() if args.only in name}
    for name, make in chosen.items():
        package = args.out / f"{name}.mlpackage"
        shutil.rmtree(package, ignore_errors=True)
        try:
            make(str(package))
        except Exception as error:
            sys.exit(f"case {name}: {type(error).__name__}: {error}")
        (args.out / f"{name}.json").write_text(json.dumps(facts_of(name, package), indent=1) + "\n")
    print(f"{len(chosen)} packages in {args.out}")


main()
