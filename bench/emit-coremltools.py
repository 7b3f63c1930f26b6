"""One Phi-4-mini layer's weights from a bf16 checkpoint to a package by coremltools' MIL builder: python emit-coremltools.py SAFETENSORS OUT."""
import json
import resource
import sys

import coremltools as ct
import numpy
from coremltools.converters.mil import Builder as mb
from coremltools.converters.mil.mil import types

source, out = sys.argv[1:]
data = numpy.memmap(source, dtype=numpy.uint8, mode="r")
length = int(data[:8].view(numpy.uint64)[0])
header = json.loads(bytes(data[8 : 8 + length]))


def fp16(name):
    """The tensor, rounded to fp16."""
    begin, end = header[name]["data_offsets"]
    bits = data[8 + length + begin : 8 + length + end].view(numpy.uint16).astype(numpy.uint32) << 16
    return bits.view(numpy.float32).astype(numpy.float16).reshape(header[name]["shape"])


def linear(x, part):
    matrix = fp16(f"model.layers.0.{part}.weight")
    return mb.conv(x=x, weight=matrix.reshape(*matrix.shape, 1, 1))


@mb.program(
    input_specs=[mb.TensorSpec(shape=(1, 3072, 1, 1), dtype=types.fp16)], opset_version=ct.target.iOS18
)
def layer(x):
    """The linear parts alone: what the builder takes for the other ops does not count in the comparison."""
    y = mb.mul(x=x, y=fp16("model.layers.0.input_layernorm.weight").reshape(1, 3072, 1, 1))
    heads = mb.slice_by_size(x=linear(y, "self_attn.qkv_proj"), begin=[0, 0, 0, 0], size=[1, 3072, 1, 1])
    y = mb.add(x=x, y=linear(heads, "self_attn.o_proj"))
    z = mb.mul(x=y, y=fp16("model.layers.0.post_attention_layernorm.weight").reshape(1, 3072, 1, 1))
    gate, up = mb.split(x=linear(z, "mlp.gate_up_proj"), num_splits=2, axis=1)
    return mb.add(x=y, y=linear(mb.mul(x=mb.silu(x=gate), y=up), "mlp.down_proj"))


model = ct.convert(
    layer,
    convert_to="mlprogram",
    minimum_deployment_target=ct.target.iOS18,
    compute_precision=ct.precision.FLOAT16,
    skip_model_load=True,
)
model.save(out)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
