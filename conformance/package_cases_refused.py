"""Packages that our reader must refuse: beyond our op table, or no ML Programs."""

import coremltools as ct
import numpy as np
from coremltools.converters.mil import Builder as mb
from package_case import F32, I32, REFUSED, X, convert, h, refused, saved_by, tensor

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
