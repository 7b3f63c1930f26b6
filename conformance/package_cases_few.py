"""Packages of ops that few graphs use, in every spelling and opset that coremltools has for them."""

import coremltools as ct
import numpy as np
from coremltools.converters.mil import Builder as mb
from coremltools.converters.mil.mil import types
from package_case import I32, array, case, h, op, tensor

OLDER = {"iOS15": ct.target.iOS15, "iOS16": ct.target.iOS16, "iOS17": ct.target.iOS17, "iOS18": ct.target.iOS18}


def row():
    """Inputs of one case alone: a program of an older target turns the specs that it is given into fp32."""
    return [tensor(2, 6)]


def three():
    return [tensor(2, 3, 4)]


def image():
    return [tensor(1, 6, 5, 7)]


def deconv():
    return [tensor(1, 4, 3, 5)]


def alike(x, numbers):
    """Older targets have inputs in fp32."""
    return numbers.astype(types.nptype_from_builtin(x.dtype))



# --- rows in order ----------------------------------------------------------------------------------------------
for name, target in OLDER.items():
    case(f"topk.{name}", row(), lambda x: mb.topk(x=x, k=2, axis=1), target=target)
    if name != "iOS15":
        one = lambda x: mb.topk(x=x, k=3, axis=0 - 1, ascending=True, sort=False, return_indices=False)
        case(f"topk.values.{name}", row(), one, target=target)
for name in ["iOS17", "iOS18"]:
    case(
        f"topk.uint16.{name}",
        row(),
        lambda x: [mb.cast(x=part, dtype="fp32") for part in mb.topk(x=x, k=2, axis=1, output_indices_dtype="uint16")],
        target=OLDER[name],
    )
case("argsort", row(), lambda x: mb.argsort(x=x, axis=1, ascending=True))
case("argsort.default", row(), op("argsort"))
case("reduce_prod", three(), lambda x: mb.reduce_prod(x=x, axes=[1], keep_dims=True))
case("reduce_prod.all", three(), op("reduce_prod"))

# --- functions of one element -------------------------------------------------------------------------------------
for name in ["exp2", "tan", "asin", "acos", "atan", "sinh", "cosh", "atanh"]:
    case(name, three(), op(name))
case("clamped_relu", three(), op("clamped_relu", alpha=h(0.1), beta=h(2)))
case("threshold", three(), op("threshold", alpha=h(0.25)))
for name, target in OLDER.items():
    case(f"prelu.{name}", image(), lambda x: mb.prelu(x=x, alpha=alike(x, array(6))), target=target)
case("softplus_parametric", image(), lambda x: mb.softplus_parametric(x=x, alpha=array(6), beta=array(6)))
case("local_response_norm", image(), lambda x: mb.local_response_norm(x=x, size=3))
case("local_response_norm.all", image(), lambda x: mb.local_response_norm(x=x, size=4, alpha=h(0.5), beta=h(0.5), k=h(2)))

# --- tensors made of a few numbers --------------------------------------------------------------------------------
case("fill_like", three(), lambda x: mb.add(x=x, y=mb.fill_like(ref_tensor=x, value=h(2))))
case("one_hot", [tensor(3, dtype=I32)], lambda x: mb.one_hot(indices=x, one_hot_vector_size=4))
case("one_hot.all", [tensor(3, dtype=I32)], lambda x: mb.one_hot(indices=x, one_hot_vector_size=4, axis=0, on_value=h(2), off_value=h(-1)))
case("range_1d.floats", three(), lambda x: mb.mul(x=x, y=mb.range_1d(end=h(1), start=h(0), step=h(0.25))))
case("flatten2d", three(), lambda x: mb.flatten2d(x=x, axis=-1))
case("flatten2d.default", three(), op("flatten2d"))

# --- by place -----------------------------------------------------------------------------------------------------
for name, target in OLDER.items():
    places = [tensor(4, 5), tensor(3, 1, dtype=I32), tensor(3, 5)]
    case(f"scatter_nd.{name}", places, lambda x, i, u: mb.scatter_nd(data=x, indices=i, updates=u), target=target)
    case(f"gather_nd.{name}", [tensor(4, 5), tensor(3, 2, dtype=I32)], lambda x, i: mb.gather_nd(x=x, indices=i), target=target)
    lengths = [tensor(2, 5), tensor(2, dtype=I32)]
    case(f"reverse_sequence.{name}", lengths, lambda x, n: mb.reverse_sequence(x=x, lengths=n, seq_axis=1), target=target)
case("reverse_sequence.known", row(), lambda x: mb.reverse_sequence(x=x, lengths=np.array([2, 6], np.int32), seq_axis=1))


def combining(mode):
    known = np.array([[0], [3], [0]], np.int32)
    return lambda x, u: mb.scatter_nd(data=x, indices=known, updates=u, mode=mode)


for mode in ["update", "sub", "mul", "div", "max", "min"]:
    case(f"scatter_nd.{mode}", [tensor(4, 5), tensor(3, 5)], combining(mode))

# --- pictures -----------------------------------------------------------------------------------------------------
for name in ["avg_pool", "max_pool", "l2_pool"]:
    case(name, image(), op(name, kernel_sizes=[2, 3], pad_type="valid"))
    case(f"{name}.same", image(), op(name, kernel_sizes=[3, 2], strides=[2, 2], pad_type="same"))
    case(f"{name}.custom", image(), op(name, kernel_sizes=[3, 2], strides=[2, 1], pad_type="custom", pad=[1, 0, 0, 1]))
    case(f"{name}.ceil", image(), op(name, kernel_sizes=[3, 2], strides=[2, 2], pad_type="custom", pad=[1, 1, 0, 0], ceil_mode=True))
    case(f"{name}.iOS15", [tensor(1, 6, 9)], op(name, kernel_sizes=[3], pad_type="same"), target=ct.target.iOS15)
case("avg_pool.exclude", image(), op("avg_pool", kernel_sizes=[3, 3], pad_type="same_lower", exclude_padding_from_average=True))
case("conv_transpose", deconv(), lambda x: mb.conv_transpose(x=x, weight=array(4, 2, 3, 2)))
case("conv_transpose.bias", deconv(), lambda x: mb.conv_transpose(x=x, weight=array(4, 3, 2, 2), bias=array(6), groups=2, strides=[2, 1]))
case("conv_transpose.same", deconv(), lambda x: mb.conv_transpose(x=x, weight=array(4, 2, 3, 2), strides=[2, 2], pad_type="same"))
case(
    "conv_transpose.custom",
    deconv(),
    lambda x: mb.conv_transpose(x=x, weight=array(4, 2, 3, 3), strides=[2, 2], pad_type="custom", pad=[1, 0, 1, 1], dilations=[1, 2]),
)
case("conv_transpose.shape", deconv(), lambda x: mb.conv_transpose(x=x, weight=array(4, 2, 2, 2), strides=[2, 2], output_shape=[1, 2, 7, 10]))
case("conv_transpose.1d", [tensor(1, 4, 3)], lambda x: mb.conv_transpose(x=x, weight=alike(x, array(4, 2, 3))), target=ct.target.iOS15)
BLOCKS = [tensor(2, 8, 4, 6)]
case("depth_to_space", BLOCKS, op("depth_to_space", block_size=2))
case("space_to_depth", BLOCKS, op("space_to_depth", block_size=2))
case("pixel_shuffle", BLOCKS, op("pixel_shuffle", upscale_factor=2))
case("pixel_unshuffle", BLOCKS, op("pixel_unshuffle", downscale_factor=np.uint32(2)))
case("space_to_batch", BLOCKS, op("space_to_batch", block_shape=[2, 3], paddings=[[1, 1], [0, 3]]))
case("batch_to_space", [tensor(6, 2, 2, 3)], op("batch_to_space", block_shape=[2, 3], crops=[[1, 0], [0, 2]]))
case("upsample_nearest_neighbor", image(), op("upsample_nearest_neighbor", scale_factor_height=2, scale_factor_width=3))
case("upsample_nearest_neighbor.part", image(), op("upsample_nearest_neighbor", scale_factor_height=1.5, scale_factor_width=2.5))
case("upsample_bilinear", image(), op("upsample_bilinear", scale_factor_height=2, scale_factor_width=2))
case("upsample_bilinear.part", image(), op("upsample_bilinear", scale_factor_height=1.3, scale_factor_width=2.0, align_corners=False))
case(
    "upsample_bilinear.neither",
    image(),
    op("upsample_bilinear", scale_factor_height=2.0, scale_factor_width=2.0, align_corners=False, half_pixel_centers=False),
)
case("upsample_bilinear.iOS15", image(), op("upsample_bilinear", scale_factor_width=2, align_corners=False), target=ct.target.iOS15)
case("resize_nearest_neighbor", image(), op("resize_nearest_neighbor", target_size_height=3, target_size_width=14))
for mode in ["DEFAULT", "STRICT_ALIGN_CORNERS", "ALIGN_CORNERS", "OFFSET_CORNERS", "UNALIGN_CORNERS"]:
    case(f"resize_bilinear.{mode}", image(), op("resize_bilinear", target_size_height=3, target_size_width=9, sampling_mode=mode))
case("resize", image(), op("resize", shape=[5, 0, 9], resized_dims=np.uint32(2), sampling_mode="UNALIGN_CORNERS"))
case("resize.nearest", image(), op("resize", shape=[3, 14], resized_dims=np.uint32(2), interpolation_mode="NEAREST_NEIGHBOR"))
case("crop", image(), op("crop", crop_height=[1, 2], crop_width=[0, 3]))
