"""Packages of one op each: every op of our table, in every spelling that coremltools has for it."""

import coremltools as ct
import numpy as np
from coremltools.converters.mil import Builder as mb
from package_case import F32, I32, IMAGE, X, XY, array, binary, case, h, logical, op, tensor

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
# Before iOS 17 positions below 0 count from the end.
case("gather.known_ios16", [tensor(5, 6)], op("gather", indices=np.int32([-1, 0]), axis=0), target=ct.target.iOS16)
case(
    "gather.input_ios16",
    [tensor(5, 6), tensor(3, dtype=I32)],
    lambda x, i: mb.gather(x=x, indices=i, axis=0),
    target=ct.target.iOS16,
)
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


def coded(dtype, scale, zero=None, axis=None):
    """quantize and dequantize, with a scale of the tensor or of each place of an axis."""
    given = {"scale": scale, **({} if zero is None else {"zero_point": zero}), **({} if axis is None else {"axis": axis})}
    return lambda x: mb.dequantize(input=mb.quantize(input=x, output_dtype=dtype, **given), **given)


case("quantize.scalar", X, coded("int8", h(0.5)))
case("quantize.zero_point", X, coded("uint8", h(0.03), np.uint8(128)))
case("quantize.axis", X, coded("int8", np.float16([0.5, 0.01, 0.3]), np.int8([0, -3, 20]), axis=-2))
case("quantize.fp32", [tensor(2, 3, 4, dtype=F32)], coded("uint8", np.float32(0.25)))
