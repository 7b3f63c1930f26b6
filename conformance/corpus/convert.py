"""From a pair to its packages by coremltools, with every call's arrays in the types that the packages take."""

import coremltools as ct
import numpy as np
import torch

TARGETS = {name: getattr(ct.target, name) for name in ("iOS15", "iOS16", "iOS17", "iOS18")}


def real(pair):
    """The type of inputs and outputs: fp16 where the target has such."""
    return np.float32 if pair.target == "iOS15" else np.float16


def stored(pair, array):
    """An input as a package takes it."""
    array = np.ascontiguousarray(array)
    return array.astype(np.int32 if array.dtype.kind in "iu" else real(pair))


CONVERTED = {}


def packaged(pair, tokens, plant=None):
    """The package of a block (with its mistake) or of the step, before it is saved. Pairs of one module share their conversions."""
    key = pair.module, tokens, plant
    CONVERTED[key] = CONVERTED.get(key) or convert(pair, tokens, plant)
    return pair.afterwards(CONVERTED[key]) if pair.afterwards else CONVERTED[key]


def joined(packages, path):
    """One package whose functions are those of several, `{function: package}`."""
    wanted = ct.utils.MultiFunctionDescriptor()
    for name, package in packages.items():
        wanted.add_function(str(package), src_function_name="main", target_function_name=name)
    wanted.default_function_name = next(iter(packages))
    ct.utils.save_multifunction(wanted, str(path))


def convert(pair, tokens, plant=None):
    """What coremltools makes of the trace of a call."""
    module = pair.module(tokens, plant).eval()
    call = pair.call(np.random.default_rng(0))
    whole = inputs_of(pair, call)
    inputs = whole if tokens > 1 else inputs_of(pair, call.token(0))
    values = tuple(torch.from_numpy(x if x.dtype == np.int32 else x.astype(np.float32)) for x in inputs.values())
    with torch.no_grad():
        traced = torch.jit.trace(module, values, check_trace=False)
        made = traced(*values)
    made = made if isinstance(made, tuple) else (made,)
    floats = [real(pair) if x.is_floating_point() else np.int32 for x in made]
    states = [ct.StateType(wrapped_type=ct.TensorType(shape=shape, dtype=np.float16), name=name) for name, shape in pair.states.items()]
    return ct.convert(
        traced,
        inputs=[ct.TensorType(name=name, shape=x, dtype=inputs[name].dtype) for name, x in shapes(pair, inputs, call).items()],
        outputs=[ct.TensorType(name=name, dtype=dtype) for name, dtype in zip(pair.outputs, floats, strict=True)],
        states=states or None,
        minimum_deployment_target=TARGETS[pair.target],
        compute_precision=ct.precision.FLOAT16,
        skip_model_load=True,
    )


def inputs_of(pair, call):
    """A call's inputs as the package takes them, with empty caches."""
    carried = {name: np.zeros(of.shape) for name, of in pair.carried.items()}
    return {name: stored(pair, x) for name, x in pair.inputs(call, carried).items()}


def shapes(pair, inputs, call):
    """The shape of each input: fixed, or with the axis that tells the tokens from 1 to those of the block."""
    if not pair.is_one_graph:
        return {name: x.shape for name, x in inputs.items()}
    one = inputs_of(pair, call.token(0))
    pairs = {name: list(zip(one[name].shape, x.shape, strict=True)) for name, x in inputs.items()}
    if pair.form == "enumerated":
        return {name: ct.EnumeratedShapes(shapes=[[a for a, _ in sizes], [b for _, b in sizes]]) for name, sizes in pairs.items()}
    tokens = ct.RangeDim(1, pair.tokens, default=pair.tokens)
    return {name: ct.Shape([a if a == b else tokens for a, b in sizes]) for name, sizes in pairs.items()}
