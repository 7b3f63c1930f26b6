"""Packages of the ops that other people's models bring, one each."""

import numpy as np
from coremltools.converters.mil import Builder as mb
from package_case import I32, X, XY, array, binary, case, h, logical, op, tensor

THREE = [tensor(2, 3, 4)]

for name in ["relu", "relu6", "softplus", "softsign", "floor", "ceil", "round", "sign"]:
    case(name, X, op(name))
for name in ["leaky_relu", "thresholded_relu", "elu"]:
    case(name, X, op(name, alpha=h(0.3)))
for name in ["sigmoid_hard", "linear_activation", "scaled_tanh"]:
    case(name, X, op(name, alpha=h(0.3), beta=h(0.7)))
case("inverse", X, op("inverse", epsilon=h(1e-3)))
case("inverse.default", X, op("inverse"))
for name in ["floor_div", "mod"]:
    case(name, XY, binary(name))
case("logical_xor", XY, logical("logical_xor"))

for name in ["reduce_l1_norm", "reduce_log_sum", "reduce_log_sum_exp"]:
    case(name, X, op(name, axes=[-1, 0], keep_dims=True))
    case(f"{name}.all", X, op(name))


def place(name, **options):
    return lambda x: mb.cast(x=getattr(mb, name)(x=x, **options), dtype="fp32")


for name in ["reduce_argmax", "reduce_argmin"]:
    case(name, X, place(name))
    case(f"{name}.uint16", X, place(name, axis=1, keep_dims=True, output_dtype="uint16"))
case("cumsum", X, op("cumsum", axis=1, exclusive=True, reverse=True))
case("cumsum.default", X, op("cumsum"))
case("batch_norm", THREE, lambda x: mb.batch_norm(x=x, mean=array(3), variance=np.abs(array(3)), gamma=array(3), beta=array(3)))
case("batch_norm.plain", THREE, lambda x: mb.batch_norm(x=x, mean=array(3), variance=np.abs(array(3)), epsilon=h(1e-3)))
case("instance_norm", THREE, lambda x: mb.instance_norm(x=x, gamma=array(3), beta=array(3), epsilon=h(1e-3)))
case("instance_norm.plain", THREE, op("instance_norm"))
case(
    "einsum",
    [tensor(1, 2, 3, 4), tensor(1, 4, 3, 5)],
    lambda x, y: mb.einsum(values=[x, y], equation="nchw,nwhu->nchu"),
)
case("einsum.rank_3", [tensor(2, 3, 4), tensor(4, 3, 5)], lambda x, y: mb.einsum(values=[x, y], equation="chw,whu->chu"))

case("pad", X, op("pad", pad=[1, 2, 0, 3], mode="constant", constant_val=h(1.5)))
case("pad.default", X, op("pad", pad=[0, 0, 1, 2]))
case("pad.reflect", X, op("pad", pad=[1, 2], mode="reflect"))
case("pad.replicate", X, op("pad", pad=[1, 2], mode="replicate"))
case("reverse", X, op("reverse", axes=[1, -1]))
case("reverse.all", X, op("reverse"))
case("sliding_windows", X, op("sliding_windows", axis=1, size=2, stride=1))
case("band_part", X, op("band_part", lower=1, upper=0))
case("band_part.default", X, op("band_part"))
case("fill", X, lambda x: mb.add(x=x, y=mb.fill(shape=[2, 3, 4], value=h(2))))
case("range_1d", [tensor(3, dtype=I32)], lambda x: mb.add(x=x, y=mb.range_1d(start=np.int32(1), end=np.int32(7), step=np.int32(2))))
case(
    "gather_nd",
    [tensor(2, 3, 4), tensor(5, 2, dtype=I32)],
    lambda x, i: mb.gather_nd(x=x, indices=i),
)
case(
    "gather_nd.batch",
    [tensor(2, 3, 4), tensor(2, 5, 1, dtype=I32)],
    lambda x, i: mb.gather_nd(x=x, indices=i, batch_dims=1),
)


def x_of_sizes(x):
    """A reshape to sizes that are asked for: those of x in the opposite order."""
    sizes = mb.shape(x=x)
    at = [mb.gather(x=sizes, indices=np.int32(i), axis=0) for i in (2, 1, 0)]
    return mb.reshape(x=x, shape=mb.concat(values=at, axis=0))


case("shape", X, x_of_sizes)
