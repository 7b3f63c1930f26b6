"""What the cases of make_packages.py are made with."""

import coremltools as ct
import numpy as np
from coremltools.converters.mil import Builder as mb
from coremltools.converters.mil.mil import types

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
# What our reader must refuse, with a part of what it must say.
REFUSED = {}
# What our emitter will not write again, with a part of what it says.
UNWRITABLE = {}


def case(name, specs, build, **options):
    CASES[name] = lambda path: convert(specs, build, **options).save(path)


def saved_by(name):
    """Decorates a function that saves the case of this name at a path."""
    return lambda save: CASES.setdefault(name, save)


def refused(name, says, specs, build, **options):
    case(name, specs, build, **options)
    REFUSED[name] = says


def unwritable(name, says):
    UNWRITABLE[name] = says


X = [tensor(2, 3, 4)]
XY = [tensor(2, 3, 4), tensor(3, 1)]
IMAGE = [tensor(1, 6, 5, 7)]


def op(name, **args):
    """mb.<name> on the program's only input."""
    return lambda x: getattr(mb, name)(x=x, **args)


def binary(name):
    return lambda x, y: getattr(mb, name)(x=x, y=y)


def logical(name):
    """A connective of truth values, whose result comes out as a number."""
    return lambda x, y: mb.cast(x=binary(name)(mb.greater(x=x, y=h(0)), mb.less(x=y, y=h(1))), dtype="int32")
