"""Packages with compressed weights."""

import coremltools as ct
import numpy as np
from coremltools.converters.mil import Builder as mb
from coremltools.converters.mil.mil import types
from package_case import F32, RNG, array, case, convert, saved_by, tensor

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


def widened():
    return mb.constexpr_cast(source_val=array(8, 16), output_dtype="fp32")


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
case("constexpr_cast", [tensor(3, 8, dtype=F32)], compressed(widened, 8, 16))
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
