"""Packages with states, flexible sizes, several functions or older opsets."""

import tempfile

import coremltools as ct
import numpy as np
from coremltools.converters.mil import Builder as mb
from coremltools.converters.mil.mil import get_new_symbol
from package_case import CASES, F16, F32, X, array, case, convert, h, saved_by, state, tensor, unwritable

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
unwritable("input_is_output", "names two of the inputs, states and outputs")
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
