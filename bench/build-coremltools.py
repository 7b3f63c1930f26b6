"""Generated weights of one Phi-4-mini layer, quantised to int8 and saved by coremltools: python build-coremltools.py OUT. Prints the
seconds of quantising and saving, without those of building the model."""
import sys
import time

import coremltools as ct
import coremltools.optimize as cto
import numpy
from coremltools.converters.mil import Builder as mb
from coremltools.converters.mil.mil import types

random = numpy.random.default_rng(1)


def linear(x, rows, width):
    matrix = (random.uniform(-1, 1, (rows, width, 1, 1)) * (3 / width) ** 0.5).astype(numpy.float16)
    return mb.conv(x=x, weight=matrix)


@mb.program(input_specs=[mb.TensorSpec(shape=(1, 3072, 1, 1), dtype=types.fp16)], opset_version=ct.target.iOS18)
def layer(x):
    """The linear parts alone: they hold all that is quantised."""
    heads = mb.slice_by_size(x=linear(x, 5120, 3072), begin=[0, 0, 0, 0], size=[1, 3072, 1, 1])
    y = mb.add(x=x, y=linear(heads, 3072, 3072))
    gate, up = mb.split(x=linear(y, 16384, 3072), num_splits=2, axis=1)
    return mb.add(x=y, y=linear(mb.mul(x=mb.silu(x=gate), y=up), 3072, 8192))


model = ct.convert(
    layer,
    convert_to="mlprogram",
    minimum_deployment_target=ct.target.iOS18,
    compute_precision=ct.precision.FLOAT16,
    skip_model_load=True,
)
begin = time.perf_counter()
config = cto.coreml.OptimizationConfig(global_config=cto.coreml.OpLinearQuantizerConfig(mode="linear_symmetric"))
cto.coreml.linear_quantize_weights(model, config=config).save(sys.argv[1])
print(time.perf_counter() - begin)
